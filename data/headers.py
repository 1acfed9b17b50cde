"""The two files of a pair, with the YAML header that they carry in our folders."""

import re
from pathlib import Path
from typing import Any

import yaml

from tickets.files import write_atomic
from tickets.rows import Pair


def write_header(pair: Pair, *, reviewed: bool = False) -> str:
    """The header of a pair's two files, with an empty line behind it."""
    content: dict[str, Any] = {
        "id": pair.id,
        "domain": pair.domain,
        "style": pair.style,
        "author": pair.author,
        "licence": pair.licence,
        "reviewed": reviewed,
    }
    if pair.group != pair.id:
        content["group"] = pair.group
    return f"---\n{yaml.safe_dump(content, sort_keys=False, allow_unicode=True)}---\n\n"


def write_pair(folder: Path, pair: Pair, *, reviewed: bool = False) -> Path:
    """Write a pair's two files, named by its id, into `folder`; the document's path.

    Raises:
        InputError: they cannot be written.
    """
    name = re.sub(r"[^\w.-]+", "-", pair.id).strip(".-")
    header = write_header(pair, reviewed=reviewed)
    path = folder / f"{name}.document.md"
    write_atomic(path, header + pair.document)
    write_atomic(folder / f"{name}.plan.md", header + pair.plan)
    return path
