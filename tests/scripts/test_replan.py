"""`replan` and `diff` as a user meets them; the engine is a stand-in."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from inference.outputs import kept_document
from inference.plan import Result
from inference.record import Maker, Settings
from tests.scripts.conftest import Run
from tests.scripts.stand_in import make_record, replace_engine
from tickets.documents import Document
from tickets.formats import FORMATS, STAGED, Format
from tickets.render import render_plan
from tickets.staged_plan import settle_outline

OUTLINE = """# Saved searches
1 Save a search | Search | Search Team | High
1.1 Save a search under a name | 5 | High
2 Show the list of searches | Page | Page Team | Low | after 1
2.1 Show the newest search first in the list | 3 | Low
"""
PLAN = STAGED.filled(
    settle_outline(OUTLINE).plan,
    [
        "1 Why.\n",
        "1.1 How.\n- It is kept\n- It has a name\n",
        "2 So.\n",
        "2.1 It.\n- It is new\n- Old last\n",
    ],
)
DOCUMENT = """# Saved searches

## Requirements

- A user must be able to save a search under a name
- The list of searches must show the newest search first
"""


class Fakes:
    """Writes the second epic anew, whatever it is asked."""

    def __init__(self) -> None:
        self.hash = FORMATS["staged"].hash
        self.whole = True
        self.form: Format | None = None
        self.settings = Settings()
        self.opened = False

    def open_engine(self, model: str, **options: Any) -> tuple[str, Maker]:
        self.opened = True
        return "engine", Maker(model="m", model_hash="1", format_hash=self.hash)

    def plan_documents(
        self,
        engine: object,
        maker: Maker,
        documents: Sequence[Document],
        settings: Settings,
        *,
        form: Format,
    ) -> Iterator[Result]:
        self.form, self.settings = form, settings
        outline = OUTLINE.replace("Show the newest search first in the list | 3", "Sort it | 8")
        story = "2.1 Sorted.\n- The list is sorted\n- Sorting takes a second\n"
        made = form.assemble([outline, "2 Other.\n", story])
        (document,) = documents
        record = make_record(
            document,
            maker,
            settings,
            made.markdown,
            whole=self.whole,
            cut=() if self.whole else ("epic 2",),
            repairs=made.repairs,
        )
        yield Result(document, record, made.markdown)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes()
    replace_engine(monkeypatch, fakes)
    return fakes


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan as `plan -o` leaves it, the text of its document beside it."""
    path = tmp_path / "plan.md"
    path.write_text(render_plan(PLAN), "utf-8")
    kept_document(path).parent.mkdir()
    kept_document(path).write_text(DOCUMENT, "utf-8")
    return path


def test_one_epic_is_written_anew(run: Run, fakes: Fakes, plan: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.md"
    ran = run("replan", plan, "--epic", 2, "--note", "Sort it", "-o", new)
    assert ran.status == 0
    assert "The total effort: points 8 became 13" in ran.err
    assert "Show the newest" not in new.read_text("utf-8")
    assert fakes.settings.temperature == 0.8
    ran = run("diff", plan, new)
    assert ran.status == 1
    assert "Epic 1" not in ran.out
    assert "+ Story 2.1: Sort it" in ran.out or "~ Story 2.1: Sort it" in ran.out
    rows = [json.loads(line) for line in run("diff", plan, new, "--json").out.splitlines()]
    assert {row["kind"] for row in rows if row["new"] in ("Epic 1", "Story 1.1")} == {"same"}
    assert run("diff", new, new).status == 0


def test_a_changed_document_touches_only_its_epics(
    run: Run, fakes: Fakes, plan: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "v2.md"
    changed.write_text(DOCUMENT.replace("newest search first", "newest search first, sorted"))
    ran = run("replan", plan, "--document", changed)
    assert ran.status == 0
    assert "changed: The list of searches" in ran.err
    assert "Epic 2 Show the list of searches: 1 requirement of it changed" in ran.err
    assert "Sort it" in ran.out
    assert fakes.form is not None
    assert "changed: The list" in fakes.form.begin(DOCUMENT).messages[1]["content"]


def test_an_unchanged_document_starts_no_model(
    run: Run, fakes: Fakes, plan: Path, tmp_path: Path
) -> None:
    same = tmp_path / "same.md"
    same.write_text(DOCUMENT)
    ran = run("replan", plan, "--document", same)
    assert (ran.status, ran.out) == (0, plan.read_text("utf-8"))
    assert "the plan stays as it is" in ran.err
    assert not fakes.opened


def test_what_is_missing_is_said(run: Run, fakes: Fakes, plan: Path, tmp_path: Path) -> None:
    assert "add --document FILE or --epic N" in run("replan", plan).err
    assert "has 2 epics" in run("replan", plan, "--epic", 3).err
    kept_document(plan).unlink()
    assert "is not known; name it with --document" in run("replan", plan, "--epic", 1).err
    document = tmp_path / "d.md"
    document.write_text(DOCUMENT)
    assert "add --old FILE" in run("replan", plan, "--document", document).err
    fakes.hash = FORMATS["whole"].hash
    ran = run("replan", plan, "--epic", 1, "--document", document)
    assert (ran.status, "one of the format staged" in ran.err) == (2, True)


def test_a_cut_epic_changes_nothing(run: Run, fakes: Fakes, plan: Path, tmp_path: Path) -> None:
    fakes.whole = False
    ran = run("replan", plan, "--epic", 2, "-o", tmp_path / "new.md")
    assert (ran.status, "epic 2: was cut" in ran.err) == (2, True)
    assert not (tmp_path / "new.md").exists()
