"""What the reader forgives: golden pairs in tests/golden/parse, and a few rules of its own.

Each `NAME.before.md` is read as people or models wrote it; `NAME.after.md` is the same plan in the
canonical form, and `NAME.said.txt` what the reader said, a diagnostic a line.
"""

from pathlib import Path

import pytest

from tickets.parse import CODES, parse_plan
from tickets.render import render_plan

GOLDEN = Path(__file__).parents[1] / "golden" / "parse"
NAMES = sorted(path.name.removesuffix(".before.md") for path in GOLDEN.glob("*.before.md"))


def _read(name: str) -> str:
    return (GOLDEN / name).read_bytes().decode()


@pytest.mark.parametrize("name", NAMES)
def test_golden_pairs(name: str) -> None:
    result = parse_plan(_read(f"{name}.before.md"))
    said = "".join(f"{d.render(name)}\n" for d in result.diagnostics)
    assert render_plan(result.plan) == _read(f"{name}.after.md")
    assert said == _read(f"{name}.said.txt")


@pytest.mark.parametrize("name", NAMES)
def test_the_canonical_form_needs_no_leniency(name: str) -> None:
    said = {d.code for d in parse_plan(_read(f"{name}.after.md"), strict=True).diagnostics}
    assert said <= {"T109"}  # a further section is kept, and stays one that the template lacks


def test_strict_mode_makes_errors_of_the_same_findings() -> None:
    text = _read("loose-fields.before.md")
    lenient = parse_plan(text).diagnostics
    strict = parse_plan(text, strict=True).diagnostics
    assert {d.severity for d in lenient} == {"warning"}
    assert {d.severity for d in strict} == {"error"}
    assert [(d.code, d.line) for d in lenient] == [(d.code, d.line) for d in strict]


def test_every_code_is_explained_and_shown_by_a_golden_pair() -> None:
    said = "".join(_read(f"{name}.said.txt") for name in NAMES)
    assert [code for code in CODES if code not in said] == []


def test_lines_point_at_the_values() -> None:
    text = _read("canonical.before.md")
    lines = text.split("\n")
    result = parse_plan(text)
    story = ("epics", 0, "stories", 0)
    assert lines[result.lines[story] - 1].startswith("##### Story 1.1")
    assert lines[result.lines[(*story, "points")] - 1] == "**Story Points**: 8"
    assert result.line_of((*story, "acceptance_criteria", 1)) == (
        result.lines[(*story, "acceptance_criteria")] + 2
    )
    assert result.line_of((*story, "nowhere")) == result.lines[story]
    assert result.line_of(("nowhere",)) is None
