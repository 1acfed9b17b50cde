"""Content hashes of large files, and folders that are built once and checked at each use."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import filelock

from tickets.files import InputError, write_atomic
from tickets.models import cache_folder

MANIFEST: Final = "checksums.json"
"""In a built folder: the SHA-256 of each of its files, written last."""

Say = Callable[[str], None]


def text_hash(*parts: str) -> str:
    """SHA-256 in hex of `parts`, each kept apart from the next."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part.encode())}:".encode())
        digest.update(part.encode())
    return digest.hexdigest()


def file_hashes(files: Iterable[Path]) -> dict[str, str]:
    """SHA-256 in hex of each file, by its name.

    Reading gigabytes at each start would take longer than loading them, so the cache remembers
    what a file had when its size and its time of change were the same.

    Raises:
        InputError: a file cannot be read.
    """
    memory_file = cache_folder() / "hashes.json"
    memory: dict[str, list[int | str]] = {}
    with contextlib.suppress(OSError, ValueError):
        memory = dict(json.loads(memory_file.read_text("utf-8")))
    hashes, is_new = {}, False
    for path in files:
        try:
            stat = path.stat()
            key, seen = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
            known = memory.get(key)
            if not isinstance(known, list) or known[:2] != seen or len(known) != 3:
                with path.open("rb") as file:
                    memory[key] = [*seen, hashlib.file_digest(file, "sha256").hexdigest()]
                is_new = True
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
        hashes[path.name] = str(memory[key][2])
    if is_new:
        with contextlib.suppress(InputError):  # the memory only saves time
            write_atomic(memory_file, json.dumps(memory))
    return hashes


def is_whole(folder: Path) -> bool:
    """Whether `folder` holds exactly the files that its manifest lists, unchanged."""
    try:
        manifest = dict(json.loads((folder / MANIFEST).read_text("utf-8")))
        return bool(manifest) and file_hashes(folder / name for name in manifest) == manifest
    except (OSError, ValueError, InputError):
        return False


def built_folder(folder: Path, build: Callable[[Path], None], say: Say, what: str) -> Path:
    """`folder`, built by `build(empty folder)` unless it is there and whole.

    It is built beside its place and renamed, under a lock: whoever finds it finds all of it, and
    of several processes one builds. What a killed process left behind is removed.

    Args:
        folder: its place, below `cache_folder()`.
        build: writes the files.
        say: told what is going on.
        what: what is built, for the messages, like `the model smollm2-135m`.

    Raises:
        InputError: the cache cannot be written, or the disk is full.
    """
    if is_whole(folder):
        return folder
    with _locked(folder, say, what):
        if is_whole(folder):
            return folder
        for left_over in folder.parent.glob(f".{folder.name}.*.tmp"):
            shutil.rmtree(left_over, ignore_errors=True)
        if folder.exists():
            say(f"{what} in {folder} is damaged; making it anew")
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
        try:
            with _disk_errors(folder):
                build(new)
                files = sorted(path for path in new.iterdir() if path.is_file())
                manifest = json.dumps(file_hashes(files), indent=1)
                write_atomic(new / MANIFEST, manifest)
                for path in files:
                    path.chmod(0o644)  # safetensors makes its files for the owner alone
                new.chmod(0o755)
                if folder.exists():
                    # The old one moves into the new one's temporary name space, so that a
                    # process killed right here leaves nothing that looks like a model.
                    folder.rename(folder.parent / f".{folder.name}.{os.getpid()}.tmp")
                new.rename(folder)
        finally:
            for left_over in folder.parent.glob(f".{folder.name}.*.tmp"):
                shutil.rmtree(left_over, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _locked(folder: Path, say: Say, what: str) -> Iterator[None]:
    with _disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder.parent / f"{folder.name}.lock")
        try:
            lock.acquire(timeout=0.2)
        except filelock.Timeout:
            say(f"waiting for another process that is making {what}")
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Errors of the disk as `InputError`: safetensors wraps them in its own type."""
    try:
        yield
    except OSError as error:
        raise _no_room(folder, error.strerror or str(error)) from error
    except Exception as error:
        if type(error).__name__ == "SafetensorError" and "I/O error" in str(error):
            raise _no_room(folder, str(error)) from error
        raise


def _no_room(folder: Path, reason: str) -> InputError:
    return InputError(
        f"{folder}: cannot be written ({reason}); free space there, or name another place with "
        "the environment variable PLANLOOM_CACHE"
    )
