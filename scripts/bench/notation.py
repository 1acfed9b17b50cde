"""How many tokens a plan takes in each notation that the staged format could have had.

    .venv/bin/python -m scripts.bench.notation

Every curated plan is written in each of them and counted with the tokenizer of the embedded model:
first what an outline says (titles, components, owners, points, priorities, dependencies), then what
the details say (descriptions and criteria). Means over all plans; `ours` is what is used.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from tokenizers import Tokenizer

from inference.models import find_model
from scripts.setup import ROOT
from tickets.headers import read_header
from tickets.models import DEFAULT_MODEL
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.schema import Epic, Plan, Story, Ticket
from tickets.staged_detail import asked_for, write_detail
from tickets.staged_outline import number_of, outline_of, write_outline

Notation = Callable[[Plan], str]


def _tickets(plan: Plan) -> Iterator[Ticket]:
    yield from (ticket for _, ticket in plan.tickets())


def _fields(ticket: Any) -> dict[str, Any]:
    """What an outline says of a ticket, under short names."""
    fields: dict[str, Any] = {"id": number_of(ticket.ref), "title": ticket.title}
    if isinstance(ticket, Epic):
        fields |= {"component": ", ".join(ticket.components), "owner": ticket.owner}
    elif ticket.type in ("Bug", "Task") and isinstance(ticket, Story):
        fields["type"] = str(ticket.type)
    after = [number_of(each.ref) for each in ticket.dependencies]
    fields |= {"points": ticket.points, "priority": getattr(ticket, "priority", None)}
    fields["after"] = ", ".join(after)
    return {name: value for name, value in fields.items() if value}


def _rows(plan: Plan) -> list[dict[str, Any]]:
    return [_fields(ticket) for ticket in _tickets(outline_of(plan))]


def _by_title(plan: Plan) -> str:
    """Levels by indentation, no numbers; what a ticket waits for is named by its title."""
    titles = {ticket.ref: ticket.title for ticket in _tickets(plan)}
    lines = [f"# {plan.title}"]
    for ticket in _tickets(outline_of(plan)):
        fields = _fields(ticket)
        after = "; ".join(titles.get(each.ref, "") for each in ticket.dependencies)
        values = [str(v) for k, v in fields.items() if k not in ("id", "after")]
        indent = "  " * (len(ticket.ref.number) - 1)
        lines.append(indent + " | ".join([*values, *([f"after {after}"] if after else [])]))
    return "\n".join(lines) + "\n"


def _labelled(plan: Plan) -> str:
    """As markdown lists with labels, which is what a model writes unasked."""
    lines = [f"# {plan.title}"]
    for ticket in _tickets(outline_of(plan)):
        fields = _fields(ticket)
        indent = "  " * (len(ticket.ref.number) - 1)
        lines.append(f"{indent}- **{fields.pop('id')} {fields.pop('title')}**")
        lines += [f"{indent}  - {name.capitalize()}: {value}" for name, value in fields.items()]
    return "\n".join(lines) + "\n"


def _details(plan: Plan) -> list[dict[str, Any]]:
    rows = []
    for ticket in _tickets(plan):
        row: dict[str, Any] = {"id": number_of(ticket.ref), "description": ticket.description}
        if isinstance(ticket, Story):
            row["criteria"] = list(ticket.acceptance_criteria)
        rows.append(row)
    return rows


OUTLINES: Final[dict[str, Notation]] = {
    "ours": write_outline,
    "tabs instead of bars": lambda plan: write_outline(plan).replace(" | ", "\t"),
    "indented, after titles": _by_title,
    "labelled lists": _labelled,
    "YAML": lambda plan: yaml.safe_dump(_rows(plan), sort_keys=False, allow_unicode=True),
    "JSON": lambda plan: json.dumps(_rows(plan), ensure_ascii=False),
}
DETAILS: Final[dict[str, Notation]] = {
    "ours": lambda plan: "".join(
        write_detail(asked) for epic in plan.epics for asked in asked_for(epic)
    ),
    "YAML": lambda plan: yaml.safe_dump(_details(plan), sort_keys=False, allow_unicode=True),
    "JSON": lambda plan: json.dumps(_details(plan), ensure_ascii=False),
}


def main() -> None:
    """Count and print."""
    folder = find_model(DEFAULT_MODEL, lambda _: None).path
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    paths = sorted((ROOT / "data" / "curated").glob("*.plan.md"))
    plans = [_plan(path) for path in paths]

    def mean(notation: Notation) -> float:
        texts = [notation(plan) for plan in plans]
        return sum(len(each.ids) for each in tokenizer.encode_batch(texts)) / len(texts)

    print(f"{len(plans)} curated plans, tokens of {DEFAULT_MODEL}\n")
    print("| part | notation | mean tokens | times ours |\n| --- | --- | --: | --: |")
    for part, notations in (("outline", OUTLINES), ("details", DETAILS)):
        ours = mean(notations["ours"])
        for name, notation in notations.items():
            tokens = mean(notation)
            print(f"| {part} | {name} | {tokens:.0f} | {tokens / ours:.2f} |")
    both = mean(OUTLINES["ours"]) + mean(DETAILS["ours"])
    whole = mean(render_plan)
    print(f"| whole plan | markdown | {whole:.0f} | {whole / both:.2f} |")


def _plan(path: Path) -> Plan:
    return parse_plan(read_header(path.read_text("utf-8"))[1]).plan


if __name__ == "__main__":
    main()
