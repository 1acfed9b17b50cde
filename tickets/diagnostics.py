"""Findings: what is wrong, how bad, where, and what to do about it."""

from collections.abc import Mapping
from typing import Literal

from tickets.schema import Loc, Model, Plan

Severity = Literal["error", "warning"]


class Diagnostic(Model):
    """One finding of a rule (or of the parser), or one repair.

    `line` counts from 1 in the markdown that was read; None when the plan came from elsewhere.
    `fix` says what would put it right: the nearest valid value, or what repair does.
    `repairable` tells whether `tickets.repair` can put it right without a model.
    """

    code: str
    severity: Severity
    message: str
    line: int | None = None
    fix: str | None = None
    repairable: bool = False
    loc: Loc = ()

    def render(self, source: str = "plan") -> str:
        """The finding as a linter prints it: `plan.md:41: D301 …; fix [error]`."""
        place = source if self.line is None else f"{source}:{self.line}"
        remedy = f"; {self.fix}" if self.fix else ""
        return f"{place}: {self.code} {self.message}{remedy} [{self.severity}]"


class ParseResult(Model):
    """A plan as read from markdown, what the reader had to forgive, and where things stood.

    `lines` maps a loc to its line (from 1); `line_of` falls back to the nearest enclosing loc.
    """

    plan: Plan
    diagnostics: tuple[Diagnostic, ...] = ()
    lines: Mapping[Loc, int] = {}

    def line_of(self, loc: Loc) -> int | None:
        """The line of `loc`, or of the closest thing around it that has one."""
        return line_of(self.lines, loc)


def line_of(lines: Mapping[Loc, int], loc: Loc) -> int | None:
    """The line of `loc` in `lines`, or of the closest enclosing loc; None if there is none."""
    for end in range(len(loc), -1, -1):
        if loc[:end] in lines:
            return lines[loc[:end]]
    return None
