"""`./planloom check`: what is wrong with a plan, and what can be put right without a model."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scripts.plans import PlanText, count, read_plan_text, read_vocabulary
from tickets.files import InputError, write_atomic

if TYPE_CHECKING:
    from tickets.diagnostics import Diagnostic, ParseResult
    from tickets.rubric import Rubric
    from tickets.schema import Plan
    from tickets.trace import Trace
    from tickets.vocabulary import Vocabulary


class Format(StrEnum):
    """How `check` prints its findings."""

    text = "text"
    json = "json"
    github = "github"


def check(
    plans: Annotated[
        list[str],
        typer.Argument(metavar="PLAN...", help="Plan files; [bold]-[/] is standard input."),
    ],
    document: Annotated[
        str | None,
        typer.Option(
            help="The feature document: adds coverage, grounding and the traceability matrix."
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format,
        typer.Option(help="[bold]json[/]: an object per plan, each on a line of its own."),
    ] = Format.text,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Put right what needs no model; repairs go to standard error."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Treat leniencies of the reader as errors.")
    ] = False,
    vocabulary: Annotated[
        Path | None,
        typer.Option(help="YAML file with the allowed components, teams and key prefix."),
    ] = None,
) -> None:
    """Check plans: structure, numbers, dependencies, phases, quality.

    Ends with 0 without errors, 1 with errors, 2 if something cannot be read.

    [bold]Examples[/]

    [cyan]./planloom check plan.md[/]   findings by line, and the rubric's score

    [cyan]./planloom check plan.md --document feature.md[/]   with the traceability matrix

    [cyan]./planloom check plan.md --fix[/]   mend sums, numbers, references, in place

    [cyan]./planloom check plans/*.md --format github[/]   annotations for a pull request
    """
    allowed = read_vocabulary(vocabulary)
    text = _document(document)
    errors = 0
    for source in plans:
        plan = read_plan_text(source)
        out = sys.stdout
        if fix:
            plan = _fixed(plan, source, allowed)
            if source == "-":  # standard output has the mended plan
                out = sys.stderr
        report = Report(plan, text, strict, allowed)
        print(report.print(format), file=out)
        errors += report.errors
    raise typer.Exit(1 if errors else 0)


class Report:
    """A plan with its findings, its score and, with the document at hand, its matrix."""

    def __init__(
        self, text: PlanText, document: str | None, strict: bool, vocabulary: "Vocabulary | None"
    ) -> None:
        from tickets.parse import parse_plan
        from tickets.rubric import score_plan
        from tickets.rules import check_plan

        self.name = text.name
        parsed: ParseResult = parse_plan(text.body, strict=strict)
        found = check_plan(
            parsed.plan, lines=parsed.lines, document=document, vocabulary=vocabulary
        )
        self.diagnostics: list[Diagnostic] = sorted(
            (*parsed.diagnostics, *found), key=lambda finding: finding.line or 0
        )
        self.rubric: Rubric = score_plan(parsed.plan, document=document, findings=found)
        self.trace = _trace(parsed.plan, document)
        self.errors = sum(finding.severity == "error" for finding in self.diagnostics)
        self.warnings = len(self.diagnostics) - self.errors

    def print(self, format: Format) -> str:  # noqa: A002
        """The report in one of the formats, without a newline at its end."""
        return {Format.text: self._text, Format.json: self._json, Format.github: self._github}[
            format
        ]()

    def _text(self) -> str:
        lines = [finding.render(self.name) for finding in self.diagnostics]
        if self.trace is not None:
            lines += ["", self.trace.table()]
        for section in self.rubric.sections:
            lost: dict[str, list[float]] = {}
            for loss in section.losses:
                lost.setdefault(loss.code, []).append(loss.points)
            if lost:
                points = f"{section.score * section.weight:.1f} of {section.weight}"
                causes = (f"{code} x {len(each)} -{sum(each):.1f}" for code, each in lost.items())
                lines.append(f"rubric: {section.name} {points} points: {', '.join(causes)}")
        lines.append(self._summary())
        return "\n".join(lines)

    def _summary(self) -> str:
        verdict = "passed" if self.rubric.passed else "not passed"
        parts = [count(self.errors, "error"), count(self.warnings, "warning")]
        parts.append(f"rubric {self.rubric.score:.2f} ({verdict}, from 0.80 on)")
        if self.trace is not None:
            parts.append(f"coverage {self.trace.coverage:.0%}")
            parts.append(f"grounding {self.trace.grounding:.0%}")
        return f"{self.name}: " + ", ".join(parts)

    def _json(self) -> str:
        value: dict[str, Any] = {
            "plan": self.name,
            "errors": self.errors,
            "warnings": self.warnings,
            "diagnostics": [
                finding.model_dump(include={"code", "severity", "line", "message", "fix"})
                for finding in self.diagnostics
            ],
            "rubric": self.rubric.model_dump(),
        }
        if self.trace is not None:
            value["trace"] = self.trace.model_dump()
        return json.dumps(value, ensure_ascii=False)

    def _github(self) -> str:
        lines = []
        for finding in self.diagnostics:
            remedy = f"; {finding.fix}" if finding.fix else ""
            place = [f"file={_escape(self.name, ':,')}", f"title={finding.code}"]
            if finding.line is not None:
                place.insert(1, f"line={finding.line}")
            message = _escape(f"{finding.message}{remedy}")
            lines.append(f"::{finding.severity} {','.join(place)}::{message}")
        return "\n".join([*lines, self._summary()])


def _fixed(text: PlanText, source: str, vocabulary: "Vocabulary | None") -> PlanText:
    """The plan after repair, written back to its file (or to standard output for `-`)."""
    from tickets.parse import parse_plan
    from tickets.render import render_plan
    from tickets.repair import repair_plan

    parsed = parse_plan(text.body)
    repaired = repair_plan(parsed.plan, vocabulary=vocabulary)
    repairs = (*parsed.diagnostics, *repaired.repairs)
    if not repairs:
        if source == "-":
            sys.stdout.write(text.header + text.body[text.header.count("\n") :])
        return text
    for repair in repairs:
        line = repair.line or parsed.line_of(repair.loc)
        print(
            "mended: " + repair.model_copy(update={"line": line}).render(text.name), file=sys.stderr
        )
    body = render_plan(repaired.plan)
    if parse_plan(body).plan != repaired.plan:
        raise InputError(
            f"{text.name}: the mended plan would not read as the same plan, so it was not written; "
            "please report this file"
        )
    header = text.header + ("\n" if text.header else "")
    if source == "-":
        sys.stdout.write(header + body)
    else:
        write_atomic(Path(source), header + body)
    return text._replace(header=header, body="\n" * header.count("\n") + body)


def _document(source: str | None) -> str | None:
    if source is None:
        return None
    from tickets.documents import read_document

    return read_document(Path(source)).text


def _trace(plan: "Plan", document: str | None) -> "Trace | None":
    if document is None:
        return None
    from tickets.trace import trace_plan

    return trace_plan(plan, document)


def _escape(text: str, further: str = "") -> str:
    """`text` as GitHub's workflow commands want it: percent-encoded where it has a meaning."""
    for char in "%\r\n" + further:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
