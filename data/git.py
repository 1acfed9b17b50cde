"""What a build asks a git checkout: its files, its commit, its name. Nothing is written there."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tickets.files import InputError


def tracked_files(checkout: Path, pattern: str) -> Iterator[Path]:
    """The tracked files that match a glob (`**` for any depth), by name.

    Raises:
        InputError: this is no checkout, or git is not installed.
    """
    names = _git(checkout, "ls-files", "-z", "--", f":(glob){pattern}")
    return (checkout / name for name in sorted(names.split("\0")) if name)


def commit_of(checkout: Path) -> str:
    """The commit's full hash; `-dirty` behind it says that files differ from it.

    Raises:
        InputError: this is no checkout, or has no commit.
    """
    return _git(checkout, "describe", "--always", "--exclude=*", "--abbrev=40", "--dirty").strip()


def repository_of(checkout: Path) -> str:
    """The repository's name: that of its origin, or the folder's."""
    url = _git(checkout, "config", "--default", "", "--get", "remote.origin.url").strip()
    name = re.sub(r"\.git$", "", url.rstrip("/")).rpartition("/")[2]
    return name or checkout.resolve().name


def _git(checkout: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(checkout), *arguments], capture_output=True, check=True
        )
    except FileNotFoundError as error:
        raise InputError(
            f"{checkout}: git is not installed, and the source is a checkout"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        raise InputError(f"{checkout}: git cannot read this checkout ({said})") from error
    return done.stdout.decode("utf-8", "surrogateescape")
