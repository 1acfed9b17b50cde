"""`./planloom plan`: feature documents in, plans out."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Decoding(StrEnum):
    """Whether the grammar binds what the model writes."""

    constrained = "constrained"
    free = "free"


def plan(
    documents: Annotated[
        list[str],
        typer.Argument(metavar="DOC...", help="Files, folders or globs; [bold]-[/] is standard input."),
    ],
) -> None:
    """Plan documents."""
