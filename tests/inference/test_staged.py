"""Staged plans by a writer that has its answers ready: outline first, then all tickets at once."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from inference.engine import Done, Engine, Finish, Sampling
from inference.outputs import Output
from inference.plan import Result, plan_documents
from inference.record import Maker, Settings
from tests.inference.stand_in import Answer, StandIn
from tickets.documents import Document, read_document
from tickets.formats import FORMATS
from tickets.parse import parse_plan
from tickets.revision import Revision

STAGED = FORMATS["staged"]
MAKER = Maker(model="m", model_hash="1", format_hash=STAGED.hash)
OUTLINE = """# Saved searches
1 Keep searches | Search | Search Team | High
1.1 Save a search | 5 | High
1.2 Name a search | 3 | Medium | after 1.1
2 Show searches | Page | Page Team | Medium | after 1
2.1 List the searches | 3 | Medium
"""
DETAILS = {
    "epic 1": "1 Users keep their searches.",
    "story 1.1": """1.1 A user saves the search.
- A saved search is in the list
- A search without words is refused
""",
    "story 1.2": """1.2 A name tells searches apart.
- A name has 80 letters at most
- A second search of the same name is refused
""",
    "epic 2": "2 Users find what they kept.\n",
    "story 2.1": """2.1 All searches of a user, the newest first.
- The newest search is the first one
- A user without searches sees how to make one
""",
}


class Writer(StandIn):
    """Answers outlines and details; `ends` says how a step ends, by its name."""

    def __init__(self, context: int = 8192, **ends: list[Finish]) -> None:
        super().__init__(batch=4, context=context)
        steps = {step.replace(" ", "_").replace(".", "_"): step for step in ("outline", *DETAILS)}
        self.ends = {steps[name]: list(reasons) for name, reasons in ends.items()}
        self.prompts: dict[str, list[str]] = {}
        self.outlines = [OUTLINE] * 4
        self.details: dict[str, str] = {}
        self._last: list[str] = []

    @property
    def started(self) -> list[str]:
        return [key for key, _ in self.requests]

    def encode(self, messages: list[dict[str, str]]) -> list[int]:
        self._last = [message["content"] for message in messages]
        return super().encode(messages)

    def add(self, key: str, prompt: Sequence[int], sampling: Sampling) -> None:
        self.prompts[key] = self._last
        super().add(key, prompt, sampling)

    def answer(self, key: str) -> Answer:
        step = key.partition(" ")[2]
        reasons = self.ends.get(step)
        end: Finish = reasons.pop(0) if reasons else "stop"
        samples = next(asked.samples for name, asked in self.requests if name == key)
        texts = (
            [{**DETAILS, **self.details}.get(step, "")]
            if step != "outline"
            else self.outlines[:samples]
        )
        return [(text if end == "stop" else text[: len(text) // 2], end) for text in texts]


@pytest.fixture
def documents(tmp_path: Path) -> list[Document]:
    found = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.md"
        path.write_text(f"# Searches {name}\n\nA user must be able to save a search.\n")
        found.append(read_document(path))
    return found


def run(
    writer: Writer,
    documents: Sequence[Document],
    settings: Settings | None = None,
    out: Path | None = None,
) -> list[Result]:
    place = None if out is None else Output(f"{out}/", documents)
    engine = cast(Engine, writer)
    return list(plan_documents(engine, MAKER, documents, settings or Settings(), place))


def test_a_plan_is_put_together_of_its_steps(documents: list[Document]) -> None:
    writer = Writer()
    (result,) = run(writer, documents[:1])
    plan = parse_plan(result.markdown, strict=True).plan
    assert [epic.points for epic in plan.epics] == [8, 3]
    assert plan.total is not None
    assert plan.total.points == 11
    assert plan.epics[0].stories[1].acceptance_criteria[0] == "A name has 80 letters at most"
    assert "Users find what they kept." in result.markdown
    record = result.record
    assert (record.whole, record.cut, record.repairs) == (True, (), ())
    assert not [each for each in record.diagnostics if each.severity == "error"]
    assert record.completion_tokens == writer.written
    assert record.seconds == 3.0  # the details of both epics beside each other


def test_no_document_waits_for_another_and_prompts_begin_alike(documents: list[Document]) -> None:
    writer = Writer()
    run(writer, documents)
    outlines = [f"{place} outline" for place in (0, 1)]
    details = [[f"{place} {step}" for step in DETAILS] for place in (0, 1)]
    assert writer.started == [*outlines, *details[0], *details[1]]
    first, *others = (writer.prompts[key] for key in details[0])
    assert all(first[:-1] == other[:-1] for other in others)
    assert first[:2] == writer.prompts["0 outline"]
    assert first[2] == OUTLINE
    asked = [writer.prompts[key][-1] for key in details[0]]
    assert asked[0] == "Write the details of 1: Keep searches"
    assert asked[4] == "Write the details of 2.1: List the searches"


def test_a_cut_step_is_tried_again_and_named_if_it_stays_cut(documents: list[Document]) -> None:
    (result,) = run(Writer(story_2_1=["length", "stop"]), documents[:1])
    assert result.record.whole
    assert result.record.tightened
    (result,) = run(Writer(story_2_1=["length", "length"]), documents[:1])
    assert (result.record.whole, result.record.cut) == (False, ("story 2.1",))
    assert result.record.finish == "length"
    assert "Users find what they kept." in result.markdown
    assert "Story 2.1: List the searches" in result.markdown


def test_after_a_kill_only_the_steps_that_lack_are_written(
    documents: list[Document], tmp_path: Path
) -> None:
    class Killed(Exception):
        pass

    class Dies(Writer):
        def step(self) -> list[Done]:
            if len(self.started) - self.pending == 10:
                raise Killed
            return super().step()

    out = tmp_path / "out"
    first = Dies()
    with pytest.raises(Killed):
        run(first, documents, out=out)
    second = Writer()
    results = run(second, documents, out=out)
    assert len(results) == 2
    assert len(second.started) == 2
    assert not list((out / ".planloom").glob("*.steps.json"))
    assert results[0].markdown == run(Writer(), documents)[0].markdown
    assert run(Writer(), documents, out=out)[0].skipped


def test_only_the_best_of_several_outlines_has_details(documents: list[Document]) -> None:
    empty = "# Nothing\n1 Other things | Depot | Depot Team | Low\n1.1 Do other things | 5 | Low\n"
    writer = Writer()
    writer.outlines = [empty, OUTLINE, empty, empty]
    (result,) = run(writer, documents[:1])
    assert writer.started == ["0 outline", *(f"0 {step}" for step in DETAILS)]
    asked = [(sampling.samples, sampling.temperature) for _, sampling in writer.requests]
    assert asked == [(4, 0.4), *[(1, 0.0)] * 5]
    assert result.record.chosen == 1
    scores = [sample.score for sample in result.record.samples]
    assert scores[1] == max(scores) > scores[0] == scores[2]
    assert "Users keep their searches." in result.markdown


def test_only_the_chosen_outline_counts_as_closed_early(documents: list[Document]) -> None:
    long = "".join(f"1.{n} Count to {n} {'and on ' * 70}| 5 | Low\n" for n in range(1, 9))
    writer = Writer()
    settings = Settings(max_tokens=1024, samples=4)
    writer.outlines = [OUTLINE, f"# Counting\n1 Count | Depot | Depot Team | Low\n{long}"] * 2
    (result,) = run(writer, documents[:1], settings)
    assert (result.record.chosen, result.record.closed_early) == (0, False)
    writer.outlines = writer.outlines[1::2] * 4
    (result,) = run(writer, documents[:1], settings)
    assert result.record.closed_early


def test_kept_samples_are_outlines_and_seeds_share_none(
    documents: list[Document], tmp_path: Path
) -> None:
    writer = Writer()
    settings = Settings(samples=2, seed=3, keep_samples=True)
    (result,) = run(writer, documents[:1], settings, tmp_path / "out")
    assert result.samples == (OUTLINE, OUTLINE)
    assert (tmp_path / "out" / "one.sample-2.md").read_text() == OUTLINE
    assert [sampling.seed for _, sampling in writer.requests] == [192] * 6


def test_the_best_outline_gets_what_it_lacks_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "feature.md"
    path.write_text(
        "# Searches\n\n## Requirements\n\n- A user saves a search\n- A user gives a search a name\n"
        "- The list shows all searches\n- A nightly job deletes expired bookmarks\n"
    )
    other = OUTLINE.replace(
        "2.1 List the searches", "2.1 Delete expired bookmarks in a nightly job"
    )
    twice = f"{other}2.2 Delete expired bookmarks by a job | 3 | Low | after 2.1\n"

    def plan(**settings: Any) -> Result:
        writer = Writer()
        best = OUTLINE.replace("after 1.1", "after 9.9")
        writer.outlines = [best, other.replace("1 Keep", "3 Keep"), twice, best]
        writer.details = {"story 2.2": "2.2 Old bookmarks go.\n- They are gone\n- Others stay\n"}
        (result,) = run(writer, [read_document(path)], Settings(**settings))
        return result

    result = plan()
    record = result.record
    assert "Story 2.2: Delete expired bookmarks" in result.markdown
    assert "Old bookmarks go." in result.markdown
    assert [sample.given for sample in record.samples] == [0, 1, 0, 0]
    assert record.coverage > record.samples[record.chosen].coverage
    assert [repair.code for repair in record.repairs] == ["D301"]
    outline = plan(outline_only=True).markdown
    assert "2.2 Delete expired bookmarks in a nightly job | 3 | Medium" in outline
    assert "bookmarks" not in plan(samples=1).markdown


def test_an_outline_that_was_cut_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "feature.md"
    path.write_text("# Searches\n\n## Requirements\n\n- A nightly job deletes bookmarks\n")

    class Cut(Writer):
        def answer(self, key: str) -> Answer:
            answers = super().answer(key)
            return [answers[0], *((text, "length") for text, _ in answers[1:])]

    writer = Cut()
    other = OUTLINE.replace("List the searches", "Delete bookmarks in a nightly job")
    writer.outlines = [OUTLINE, other, other, other]
    (result,) = run(writer, [read_document(path)])
    assert "nightly" not in result.markdown
    assert [sample.given for sample in result.record.samples] == [0] * 4


def test_at_temperature_zero_there_is_one_sample(documents: list[Document]) -> None:
    writer = Writer()
    (result,) = run(writer, documents[:1], Settings(samples=4, temperature=0.0))
    assert len(result.record.samples) == 1


def test_excerpts_are_reported_for_the_epics_that_are_written_anew(tmp_path: Path) -> None:
    path = _long(tmp_path)
    settings = Settings(max_tokens=512)
    (whole,) = run(Writer(context=1400), [read_document(path)], settings)
    plan = parse_plan(whole.markdown).plan
    engine = cast(Engine, Writer(context=1400))
    (result,) = plan_documents(
        engine, MAKER, [read_document(path)], settings, form=Revision(plan, [1])
    )
    read_by = {part.read_by for part in result.record.left_out}
    assert read_by == {(), ("epic 2",)}
    assert "2.1 All searches" not in whole.markdown


def _long(folder: Path) -> Path:
    parts = [f"## Part {n}\n\n{'Nothing of interest here. ' * 40}\n" for n in range(12)]
    parts.insert(8, f"## Storage\n\n{'Keep searches and name a search. ' * 30}\n")
    parts.insert(4, f"## Pages\n\n{'Show searches; list the searches on a page. ' * 20}\n")
    path = folder / "long.md"
    path.write_text("# Saved searches\n\nThey are kept.\n\n" + "\n".join(parts))
    return path


def test_details_of_a_long_document_are_written_from_what_concerns_them(tmp_path: Path) -> None:
    writer = Writer(context=1400)
    settings = Settings(max_tokens=512)
    (result,) = run(writer, [read_document(_long(tmp_path))], settings)
    left = {part.heading: part.read_by for part in result.record.left_out}
    assert "epic 1" in left["Storage"]
    assert "epic 2" in left["Pages"]
    assert () in left.values()
    first, second = (writer.prompts[f"0 epic {n}"][1] for n in (1, 2))
    assert "## Storage" in first
    assert "## Pages" in second
    assert "# Saved searches" in first
    assert first.count("Nothing of interest") < 12 * 40


def test_without_room_for_details_the_plan_says_so(documents: list[Document]) -> None:
    class Endless(Writer):
        def encode(self, messages: list[dict[str, str]]) -> list[int]:
            tokens = super().encode(messages)
            return tokens if len(messages) == 2 else [0] * (self.context - 10)

    (result,) = run(Endless(), documents[:1])
    assert result.record.cut == tuple(DETAILS)
    assert "Story 2.1: List the searches" in result.markdown


def test_excerpts_leave_numba_out() -> None:
    program = (
        "import sys\n"
        "from tickets.excerpts import excerpt\n"
        "from tickets.schema import Epic, Ref\n"
        "epic = Epic(ref=Ref.of(1), title='Search')\n"
        "text = '# A\\n\\nIt is.\\n\\n## B\\n\\nSearch here.\\n\\n## C\\n\\nNothing at all.\\n'\n"
        "print(excerpt(text, epic, 9, lambda part: len(part.split())).text)\n"
        "assert 'bm25s' in sys.modules\n"
        "assert not {'numba', 'llvmlite'} & set(sys.modules)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Search here." in done.stdout
    assert "Nothing at all" not in done.stdout
