"""Files and the one error type for bad input, shared by every part."""

import contextlib
import difflib
import os
import tempfile
from pathlib import Path


class InputError(Exception):
    """Input that cannot be used: the message names the value, the place and the remedy.

    The command line prints it without a traceback and exits with status 2.
    """


def nearest(path: Path) -> str:
    """What to do about a missing path, as the end of a message: the nearest name beside it, if one
    is near enough to be meant.
    """
    try:
        names = [other.name for other in path.parent.iterdir()]
    except OSError:
        return f"; there is no directory {path.parent}"
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.75)
    return f"; did you mean {path.with_name(close[0])}?" if close else "; check the path"


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` (text as UTF-8, newlines as they are) to `path`, wholly or not at all.

    It goes to a temporary name in the same folder first and is renamed when it is on the disk.

    Raises:
        InputError: the folder cannot be made or written, or the disk is full.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        reason = error.strerror or str(error)
        raise InputError(
            f"{path}: cannot be written ({reason}); free space there or name another place with -o"
        ) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
