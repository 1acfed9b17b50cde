"""Checkpoints: which are whole, and whose they are.

A process can be killed while it writes one, so a checkpoint counts only when a file that lists its
files, written last, agrees with what is there.
"""

import errno
import json
import re
from pathlib import Path
from typing import Any, Final

from tickets.files import InputError, write_atomic

_WHOLE: Final = "whole.json"
RUN: Final = "run.json"
"""In a run's folder: what decides its result."""

_DISK: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES}
_NAME: Final = re.compile(r"checkpoint-(\d+)")


def mark_whole(folder: Path) -> None:
    """Say that all files of a checkpoint are written."""
    sizes = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _WHOLE
    }
    write_atomic(folder / _WHOLE, json.dumps(sizes, indent=1) + "\n")


def is_whole(folder: Path) -> bool:
    """Whether a checkpoint was written to its end and still has all its files."""
    try:
        sizes = dict(json.loads((folder / _WHOLE).read_text("utf-8")))
        return bool(sizes) and all(
            (folder / name).stat().st_size == size for name, size in sizes.items()
        )
    except (OSError, ValueError, TypeError):
        return False


def newest_whole(output: Path) -> Path | None:
    """The checkpoint of the most steps that is whole; None if there is none."""
    found = [
        (int(match[1]), path)
        for path in output.glob("checkpoint-*")
        if (match := _NAME.fullmatch(path.name)) and is_whole(path)
    ]
    return max(found)[1] if found else None


def is_disk_error(error: BaseException) -> bool:
    """Whether a file could not be written: torch and safetensors have types of their own for it."""
    if isinstance(error, InputError) and error.__cause__ is not None:
        return is_disk_error(error.__cause__)
    if isinstance(error, OSError):
        return error.errno in _DISK
    words = ("I/O error", "No space left", "file write failed", "unexpected pos", "File too large")
    return any(word in str(error) for word in words)


def claim(output: Path, identity: dict[str, Any]) -> None:
    """Make `output` the folder of a run, or find that it is already the folder of this one.

    Args:
        output: where checkpoints go.
        identity: all that decides the result, as JSON can hold it.

    Raises:
        InputError: it belongs to a run with another model, data or settings; or cannot be written.
    """
    file = output / RUN
    try:
        known = json.loads(file.read_text("utf-8")) if file.is_file() else None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({error}); name another output") from error
    if known is None:
        if output.is_dir() and any(output.glob("checkpoint-*")):
            raise InputError(
                f"{output}: holds checkpoints without {RUN}, so nobody knows whose they are; "
                "name another output"
            )
        write_atomic(file, json.dumps(identity, indent=1, sort_keys=True) + "\n")
        return
    theirs, ours = _flat(known), _flat(json.loads(json.dumps(identity)))
    other = [
        f"{key} {theirs.get(key)!r} -> {ours.get(key)!r}"
        for key in sorted(theirs | ours)
        if theirs.get(key) != ours.get(key)
    ]
    if other:
        raise InputError(
            f"{output}: holds a run that differs in {'; '.join(other)}; name another output, or "
            "remove this one to begin anew"
        )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found |= _flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return found
