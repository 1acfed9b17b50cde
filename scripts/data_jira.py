"""`./planloom data import-jira`: Jira's own exports and the documents to them, as pairs."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tickets.files import InputError, write_atomic

if TYPE_CHECKING:
    from data.jira.issue import Issue, Notes
    from data.jira.match import Match
    from tickets.rows import Pair


def import_jira(
    exports: Annotated[
        list[Path],
        typer.Argument(
            metavar="EXPORT...",
            help="CSV exports ([bold].csv[/]), or pages of the REST search ([bold].json[/]).",
        ),
    ],
    documents: Annotated[
        list[str],
        typer.Option("--documents", "-d", help="Files, folders or globs of feature documents."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the pairs go.")
    ],
    mapping: Annotated[
        Path | None,
        typer.Option(help="YAML or CSV: which keys a document stands for."),
    ] = None,
    domain: Annotated[str, typer.Option(help="Of all these pairs.")] = "unknown",
    style: Annotated[str, typer.Option(help="Of all these documents.")] = "unknown",
    licence: Annotated[str, typer.Option(help="Of all these texts.")] = "unknown",
) -> None:
    """Turn Jira history into pairs: a folder to look through, and a source for `data build`.

    Documents find their plan by the mapping, by links, or by a key in the file name. What Jira
    does not tell (allocation, keys, missing points) is filled in as `check --fix` does; people are
    left out. Everything that is not taken stands in left-out.jsonl beside the pairs.

    [bold]Examples[/]

    [cyan]./planloom data import-jira export.csv -d docs/ -o out/history[/]

    [cyan]./planloom data import-jira page-*.json -d docs/ --mapping epics.yaml -o out/history[/]
    """
    from data.headers import write_pair
    from data.jira.issue import Notes
    from data.jira.match import match_documents, read_mapping
    from data.jira.to_plan import plans_from_issues
    from tickets.documents import find_documents

    notes = Notes()
    mapped = read_mapping(mapping) if mapping else {}
    plans = list(plans_from_issues(_issues(exports, notes), sets=mapped.values(), notes=notes))
    found = match_documents(plans, find_documents(documents), mapped)
    for match in found.matches:
        try:
            pair = _pair(match, notes, domain, style, licence)
        except InputError as error:
            notes.leave_out(str(match.document), match.plan.key, "unreadable", str(error))
            continue
        write_pair(output, pair)
        notes.counts[f"matched by {match.how}"] += 1
    for document, reason in found.documents:
        notes.leave_out(str(document), "", "document without a plan", reason)
    for key in found.plans:
        notes.leave_out("", key, "plan without a document", "no document was matched to it")
    lines = "".join(f"{each.model_dump_json()}\n" for each in notes.left_out)
    write_atomic(output / "left-out.jsonl", lines)
    for name, count in sorted(notes.counts.items()):
        print(f"{count:>7}  {name}")
    if not found.matches:
        raise InputError(f"{output}: no pair came of it; left-out.jsonl there says why")
    print(f"{output}: {len(found.matches)} plans have a document", file=sys.stderr)


def _issues(exports: Sequence[Path], notes: "Notes") -> "Iterator[Issue]":
    from data.jira.csv_export import read_jira_csv
    from data.jira.rest import read_jira_json

    pages = [path for path in exports if path.suffix.lower() == ".json"]
    other = [path for path in exports if path.suffix.lower() not in (".json", ".csv")]
    if other:
        raise InputError(f"{other[0]}: name .csv exports or .json pages")
    for path in exports:
        if path not in pages:
            yield from read_jira_csv(path, notes)
    if pages:
        yield from read_jira_json(pages, notes)


def _pair(match: "Match", notes: "Notes", domain: str, style: str, licence: str) -> "Pair":
    from data.redact import redact
    from tickets.documents import read_document
    from tickets.render import render_plan
    from tickets.repair import repair_plan
    from tickets.rows import Pair

    document = redact(read_document(match.document).text, notes.people)
    repaired = repair_plan(match.plan.plan)
    notes.counts["repairs"] += len(repaired.repairs)
    for kind, count in document.counts.items():
        notes.counts[f"person: {kind} in a document"] += count
    return Pair(
        id=match.plan.key,
        document=document.text,
        plan=render_plan(repaired.plan),
        source="jira",
        domain=domain,
        style=style,
        author="human",
        licence=licence,
        group=match.plan.key,
    )
