"""What a build was made with and what it made: hashes, versions, counts."""

import ast
import hashlib
import json
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tickets.files import InputError

NAME: Final = "manifest.json"
_PACKAGES: Final = ("datasketch", "numpy", "pyarrow", "pydantic", "tokenizers")
_ROOT: Final = Path(__file__).resolve().parent.parent
_MAKES_ROWS: Final = _ROOT / "data" / "prepare.py"
_VOCABULARY: Final = "data/generator/lexicon/*.yaml"


@cache
def code_hash() -> str:
    """A hash of the program that makes rows: rows made by another one are not used again."""
    digest = hashlib.sha256()
    for file in sorted({*code_files(), *_ROOT.glob(_VOCABULARY)}):
        digest.update(file.relative_to(_ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def code_files() -> set[Path]:
    """`data/prepare.py` and what it imports of ours, directly or not, within functions too."""
    found: set[Path] = set()
    waiting = [_MAKES_ROWS]
    while waiting:
        file = waiting.pop()
        if file not in found and file.is_file():
            found.add(file)
            waiting += map(_file_of, _imported(file))
    return found


def _imported(file: Path) -> Iterator[str]:
    """The modules that a file may import: `from a import b` may mean a.b as well."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file_of(module: str) -> Path:
    return _ROOT.joinpath(*module.split(".")).with_suffix(".py")


def versions() -> dict[str, str]:
    """Python's version, and that of each library that has a say in the bytes."""
    return {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(dataset: Path) -> dict[str, Any]:
    """The manifest of a built dataset.

    Raises:
        InputError: the folder holds none, or one that cannot be read.
    """
    path = dataset / NAME
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"{dataset}: holds no {NAME}; name the folder that `./planloom data build` wrote"
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); build the dataset again") from error
    if not isinstance(content, dict) or "statistics" not in content:
        raise InputError(f"{path}: is no manifest of a dataset; build the dataset again")
    return content
