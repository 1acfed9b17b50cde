"""`./planloom replan`: some epics of a plan written anew, the others left as they are."""

import sys
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.plans import count, read_plan, read_vocabulary, write_output
from tickets.files import InputError, write_atomic

if TYPE_CHECKING:
    from tickets.changes import Changes
    from tickets.documents import Document
    from tickets.schema import Plan
    from tickets.vocabulary import Vocabulary

_SHOWN = 90
"""Letters of a requirement that are shown."""


def replan(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's file.")],
    epic: Annotated[
        list[int] | None, typer.Option(metavar="N", help="An epic that is written anew.")
    ] = None,
    note: Annotated[str, typer.Option(help="What is to be different, in words.")] = "",
    document: Annotated[
        str | None,
        typer.Option(
            help="The feature document as it is now; else the one that the plan was made from."
        ),
    ] = None,
    old: Annotated[
        str | None,
        typer.Option(help="The document that the plan was made from, if no longer known."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the plan goes; else printed.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="As for plan.")] = None,
    adapter: Annotated[str, typer.Option(help="As for plan; of the format staged.")] = "staged",
    seed: Annotated[int, typer.Option(min=0, help="Another one writes other tickets.")] = 0,
    max_tokens: Annotated[int, typer.Option(min=256, help="As for plan.")] = 3072,
    vocabulary: Annotated[Path | None, typer.Option(help="As for plan.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show vLLM's log.")] = False,
) -> None:
    """Write some epics of a plan anew, and leave every other epic as it is.

    With [bold]--epic[/] those; otherwise those that the changes between the old and the new
    document concern. Sums, phases and dependencies follow, and are told.

    [bold]Examples[/]

    [cyan]./planloom replan plan.md --epic 2 --note "Split the migration by tenant" -o new.md[/]

    [cyan]./planloom replan plan.md --document feature.v2.md -o new.md[/]

    [cyan]./planloom diff plan.md new.md[/]   what came of it
    """
    from tickets.repair import repair_plan

    names = read_vocabulary(vocabulary)
    given = repair_plan(read_plan(plan), vocabulary=names).plan
    before = _read(old) or _kept(plan)
    now = _read(document) or before
    if now is None:
        raise InputError(
            f"{plan}: the document that it was made from is not known; name it with --document"
        )
    if epic:
        places = _places(plan, given, epic)
    else:
        if document is None or before is None:
            lacks = "--document FILE or --epic N" if document is None else "--old FILE"
            raise InputError(f"{plan}: what has changed is not known; add {lacks}")
        places, changes = _changes(given, before.text, now.text)
        note = "\n".join([*([note] if note else []), *changes])
    if not places:
        from tickets.render import render_plan

        _say("no requirement came, went or changed; the plan stays as it is")
        write_output(render_plan(given), output)
        return
    made = _written(
        given, places, note, now,
        model=model, adapter=adapter, seed=seed, max_tokens=max_tokens, vocabulary=names,
        verbose=verbose, drawn=bool(epic),
    )  # fmt: skip
    write_output(made, output)
    if output is not None:
        from inference.outputs import kept_document

        write_atomic(kept_document(output), now.text)


def _written(
    plan: "Plan", places: list[int], note: str, document: "Document", *,
    model: str | None, adapter: str, seed: int, max_tokens: int,
    vocabulary: "Vocabulary | None", verbose: bool, drawn: bool,
) -> str:  # fmt: skip
    """The plan with new epics, as markdown.

    Raises:
        InputError: the adapter writes another format, or an epic was cut.
    """
    from inference.plan import open_engine, plan_documents
    from inference.record import Settings
    from tickets.models import DEFAULT_MODEL
    from tickets.revision import Revision

    engine, maker = open_engine(model or DEFAULT_MODEL, adapter=adapter, verbose=verbose, say=_say)
    revision = Revision(plan, places, note)
    if maker.format_hash != revision.hash:
        raise InputError(
            f"adapter {maker.adapter or 'none'}: writes whole plans; epics are written anew with "
            "one of the format staged (--adapter staged, or a folder)"
        )
    settings = Settings(
        temperature=0.8 if drawn else 0.0, seed=seed, max_tokens=max_tokens, vocabulary=vocabulary
    )
    (result,) = plan_documents(engine, maker, [document], settings, form=revision)
    if not result.record.whole:
        cut = ", ".join(result.record.cut)
        raise InputError(f"{cut}: was cut; raise --max-tokens, and nothing is written until then")
    for repair in result.record.repairs:
        _say(f"followed: {repair.message}")
    return result.markdown


def _places(name: str, plan: "Plan", epics: list[int]) -> list[int]:
    for number in epics:
        if not 1 <= number <= len(plan.epics):
            has = f"has {count(len(plan.epics), 'epic')}"
            raise InputError(f"--epic {number}: {name} {has}; name one of these")
    return sorted({number - 1 for number in epics})


def _changes(plan: "Plan", old: str, new: str) -> tuple[list[int], list[str]]:
    """The places of the epics that changes concern, and the changes in lines; both are told."""
    from tickets.changes import compare_documents, touched_epics

    changes = compare_documents(old, new)
    lines = _lines(changes)
    for line in lines:
        _say(line)
    touched = touched_epics(plan, old, new, changes)
    for place, requirements in touched.items():
        epic = plan.epics[place]
        _say(f"{epic.ref} {epic.title}: {count(len(requirements), 'requirement')} of it changed")
    return list(touched), lines


def _lines(changes: "Changes") -> list[str]:
    return [
        *(f"new: {_short(each.text)}" for each in changes.came),
        *(f"gone: {_short(each.text)}" for each in changes.went),
        *(
            f"changed: {_short(pair.old.text)} -> {_short(pair.new.text)}"
            for pair in changes.changed
        ),
    ]


def _short(text: str) -> str:
    return shorten(text, _SHOWN, placeholder=" …")


def _kept(plan: str) -> "Document | None":
    """The document that a plan was made from, where `plan -o` has kept its text."""
    from inference.outputs import kept_document

    path = kept_document(Path(plan))
    return _read(str(path)) if path.is_file() else None


def _read(path: str | None) -> "Document | None":
    from tickets.documents import read_document

    return None if path is None else read_document(Path(path))


def _say(text: str) -> None:
    print(f"planloom: {text}", file=sys.stderr, flush=True)
