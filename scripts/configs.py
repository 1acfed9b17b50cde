"""What the commands share that run a configuration: `./planloom train CONFIG`, `eval CONFIG`."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="A YAML file, like those in configs/.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="KEY=VALUE...", help="Values to set in it: key.sub=value"),
]


class ConfigGroup(TyperGroup):
    """What is none of the commands is a configuration to run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before it."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)
