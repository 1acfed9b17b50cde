"""`plan` with an engine that only pretends: what it prints, where, and how it ends."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import inference.plan
from inference.outputs import Output
from inference.plan import Progress, Result
from inference.record import LeftOutPart, Maker, Settings
from tests.scripts.conftest import Run
from tests.scripts.stand_in import make_record, replace_engine
from tests.scripts.test_check import PLAN, UNKNOWN
from tickets.documents import Document
from tickets.files import InputError

MAKER = Maker(model="fake", model_hash="1", format_hash="2")


class Fakes:
    """What the pretended engine was asked for, and what it is to answer."""

    def __init__(self) -> None:
        self.markdown = PLAN
        self.whole = True
        self.left_out: tuple[LeftOutPart, ...] = ()
        self.stop_after: int | None = None
        self.skipped = False
        self.opened: dict[str, Any] = {}
        self.settings = Settings()

    def open_engine(self, model: str, **options: Any) -> tuple[str, Maker]:
        self.opened = {"model": model, **options}
        options["say"]("starting")
        return "engine", MAKER

    def plan_documents(
        self,
        engine: object,
        maker: Maker,
        documents: Sequence[Document],
        settings: Settings,
        output: Output | None,
        on_progress: Any,
    ) -> Iterator[Result]:
        self.settings = settings
        for index, document in enumerate(documents):
            if index == self.stop_after:
                raise KeyboardInterrupt
            on_progress(Progress(index, len(documents), 100))
            path = output.paths[index] if output else None
            record = make_record(
                document, MAKER, settings, self.markdown, whole=self.whole, left_out=self.left_out
            )
            yield Result(document, record, self.markdown, path, self.skipped)


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    fakes = Fakes()
    replace_engine(monkeypatch, fakes)
    return fakes


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(f"# Feature {name}\n\nIt must work.\n", "utf-8")
    return folder


def test_the_markdown_alone_is_on_standard_output(run: Run, fakes: Fakes, documents: Path) -> None:
    ran = run("plan", documents / "a.md")
    assert (ran.status, ran.out) == (0, PLAN)
    assert "planloom: starting" in ran.err
    assert f"{documents / 'a.md'}: 0 errors" in ran.err
    assert fakes.opened["documents"] == 1


def test_a_place_that_cannot_be_written_is_said_before_the_model_starts(
    run: Run, fakes: Fakes, documents: Path
) -> None:
    ran = run("plan", documents / "a.md", "-o", documents / "b.md" / "plans/")
    assert ran.status == 2
    assert "b.md/plans: cannot be written" in ran.err
    assert "-o" in ran.err
    assert not fakes.opened


def test_standard_input(run: Run, fakes: Fakes) -> None:
    ran = run("plan", "-", stdin=b"# Feature\n\nIt must work.\n")
    assert (ran.status, ran.out) == (0, PLAN)


def test_options_reach_the_engine(run: Run, fakes: Fakes, documents: Path) -> None:
    options = ("--samples", 4, "--seed", 7, "--decoding", "free", "--no-repair")
    run("plan", documents, "-o", documents / "out", *options, "--model", "m", "--adapter", "none")
    assert fakes.opened["model"] == "m"
    assert fakes.opened["adapter"] == "none"
    assert (fakes.opened["documents"], fakes.opened["samples"]) == (3, 4)
    assert fakes.settings == Settings(samples=4, seed=7, decoding="free", repair=False)


def test_json_is_a_line_per_plan(run: Run, fakes: Fakes, documents: Path) -> None:
    ran = run("plan", documents, "-o", documents / "out", "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["document"] for line in lines] == ["a", "b", "c"]
    assert lines[0]["markdown"] == PLAN
    assert lines[0]["path"] == str(documents / "out" / "a.md")
    assert lines[0]["maker"]["model"] == "fake"


def test_a_plan_that_was_cut_is_not_passed_off_as_whole(
    run: Run, fakes: Fakes, documents: Path
) -> None:
    fakes.whole = False
    ran = run("plan", documents / "a.md")
    assert (ran.status, ran.out) == (1, "")
    assert "CUT (length)" in ran.err
    as_json = run("plan", documents / "a.md", "--json")
    assert as_json.status == 1
    assert json.loads(as_json.out)["whole"] is False


def test_errors_end_with_1(run: Run, fakes: Fakes, documents: Path) -> None:
    fakes.markdown = UNKNOWN
    ran = run("plan", documents / "a.md", "--no-repair")
    assert (ran.status, ran.out) == (1, UNKNOWN)


def test_what_was_left_out_is_said(run: Run, fakes: Fakes, documents: Path) -> None:
    fakes.left_out = (LeftOutPart(heading="Changelog", tokens=900),)
    assert "left out: 'Changelog'\n" in run("plan", documents / "a.md").err
    fakes.left_out = tuple(LeftOutPart(heading=f"Part {n}", tokens=9) for n in range(200))
    assert "'Part 4' and 195 more parts\n" in run("plan", documents / "a.md").err
    late = LeftOutPart(heading="Storage", tokens=9, read_by=("epic 2",))
    fakes.left_out = (*fakes.left_out[:1], late)
    told = run("plan", documents / "a.md").err
    assert "left out: 'Part 0'\n  read for details only, not for the outline: 'Storage'\n" in told


def test_an_interruption_says_what_is_kept(run: Run, fakes: Fakes, documents: Path) -> None:
    fakes.stop_after = 2
    ran = run("plan", documents, "-o", documents / "out")
    assert ran.status == 130
    assert "interrupted; 2 of 3 plans are kept" in ran.err


def test_what_was_done_before_is_said(run: Run, fakes: Fakes, documents: Path) -> None:
    fakes.skipped = True
    ran = run("plan", documents / "a.md", "-o", documents / "out")
    assert "a.md: done before" in ran.err
    assert ran.out == ""


def test_bad_documents_do_not_stop_the_others(run: Run, fakes: Fakes, documents: Path) -> None:
    (documents / "b.md").write_bytes(b"")
    ran = run("plan", documents, "-o", documents / "out", "--json")
    assert ran.status == 2
    assert f"planloom: {documents / 'b.md'}: is empty" in ran.err
    assert [json.loads(line)["document"] for line in ran.out.splitlines()] == ["a", "c"]


def test_unusable_input_ends_with_2(
    run: Run, fakes: Fakes, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = run("plan", documents)
    assert (several.status, several.err) == (
        2,
        "planloom: 3 documents: name a folder for the plans with -o\n",
    )
    assert "-o" in run("plan", documents / "a.md", "--keep-samples").err
    assert run("plan", documents / "none.md").status == 2
    assert run("plan", documents / "a.md", "--samples", "0").status == 2

    def refuse(model: str, **_: object) -> None:
        raise InputError(f"model {model}: unknown")

    monkeypatch.setattr(inference.plan, "open_engine", refuse)
    ran = run("plan", documents / "a.md", "--model", "x")
    assert (ran.status, ran.out, ran.err) == (2, "", "planloom: model x: unknown\n")


OUTLINE = "# Feature\n1 Build | Web | Web Team | High\n1.1 Build it | 5 | High | after 3\n"


def test_an_outline_that_breaks_a_rule_is_refused_before_the_model_starts(
    run: Run, fakes: Fakes, documents: Path, tmp_path: Path
) -> None:
    outline = tmp_path / "outline.txt"
    outline.write_text(OUTLINE, "utf-8")
    ran = run("plan", documents / "a.md", "--from-outline", outline)
    assert ran.status == 2
    assert f"{outline}:3: D301" in ran.err
    assert not fakes.opened
    outline.write_text(OUTLINE.replace(" | after 3", ""), "utf-8")
    ran = run("plan", documents / "a.md", "--from-outline", outline)
    assert ran.status == 0
    assert fakes.settings.outline == outline.read_text("utf-8")
    ran = run("plan", documents, "-o", tmp_path / "plans", "--from-outline", outline)
    assert (ran.status, "is for one document, and there are 3" in ran.err) == (2, True)
    ran = run("plan", documents / "a.md", "--from-outline", outline, "--samples", 2)
    assert (ran.status, "--samples: nothing is drawn" in ran.err) == (2, True)


def test_the_outline_alone_is_asked_for(run: Run, fakes: Fakes, documents: Path) -> None:
    run("plan", documents / "a.md", "--outline-only")
    assert fakes.settings.outline_only
