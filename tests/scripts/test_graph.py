from pathlib import Path

from tests.scripts.conftest import Run
from tests.scripts.test_check import PLAN


def test_text_shows_waves_and_the_longest_chain(run: Run) -> None:
    ran = run("graph", "-", stdin=PLAN.encode())
    assert ran.status == 0
    assert ran.out == (
        "Wave 1\n  Story 1.1: Door Command (5)\n\n"
        "Wave 2\n  Story 1.2: Door State (3)\n\n"
        "Critical path: 8 points\n  Story 1.1: Door Command (5)\n  Story 1.2: Door State (3)\n"
    )


def test_a_circle_is_named(run: Run) -> None:
    text = PLAN.replace("**Dependencies**: None", "**Dependencies**: Story 1.2")
    ran = run("graph", "-", stdin=text.encode())
    assert "In a circle: Story 1.1 needs Story 1.2 needs Story 1.1" in ran.out


def test_drawings(run: Run, tmp_path: Path) -> None:
    mermaid = run("graph", "-", "--format", "mermaid", stdin=PLAN.encode())
    assert mermaid.out.startswith("flowchart")
    file = tmp_path / "new folder" / "plan.dot"
    dot = run("graph", "-", "--format", "dot", "-o", file, stdin=PLAN.encode())
    assert (dot.status, dot.out) == (0, "")
    assert file.read_text("utf-8").startswith("digraph")
