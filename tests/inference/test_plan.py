"""Planning with a writer that has its answers ready; the real one is in test_engine."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from inference.engine import Engine
from inference.outputs import Output
from inference.plan import Progress, Result, plan_documents
from inference.record import Maker, Record, Settings, run_key
from tests.inference.stand_in import Answer, StandIn
from tickets.documents import Document, read_document
from tickets.files import InputError
from tickets.formats import FORMATS
from tickets.parse import parse_plan
from tickets.prompt import format_hash

MAKER = Maker(model="m", model_hash="1", format_hash=format_hash())
PLAN = """# Jira Tickets Structure - Saved searches

## Epic Structure

### Epic 1: Search
**Epic Title**: Search
**Epic Key**: [Generated as SRCH-001]
**Description**: Users keep their searches.
**Component**: Search
**Epic Owner**: Search Team
**Story Points**: 99
**Priority**: High

#### Child Stories:

##### Story 1.1: Save a search
**Title**: Save a search
**Type**: Story
**Parent**: Epic 1
**Description**: A user saves the search under a name.

**Acceptance Criteria:**
- A saved search is listed under its name
- A second search of the same name is refused

**Components**: Search
**Story Points**: 5
**Priority**: High
**Dependencies**: None

## Cross-Epic Dependencies

None

## Implementation Phases

### Phase 1 (Sprint 1): Begin
- Story 1.1: Save a search

## Resource Allocation

### Search Team (Epic 1):
- 2 engineers
- Duration: 2 weeks
- Story Points: 99

**Total Effort**: 99 story points across 1 team
"""
WORSE = PLAN.replace("- A second search of the same name is refused\n", "- It works well\n")


class Writer(StandIn):
    """Answers each request with the next of its completions."""

    def __init__(self, *answers: Answer, batch: int = 2) -> None:
        super().__init__(batch)
        self.answers = list(answers)

    def answer(self, key: str) -> Answer:
        return self.answers.pop(0) if self.answers else [(PLAN, "stop")]


@pytest.fixture
def documents(tmp_path: Path) -> list[Document]:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("one", "two", "three"):
        text = f"# Saved searches {name}\n\nA user must be able to save a search.\n"
        (folder / f"{name}.md").write_text(text)
    return [read_document(folder / f"{name}.md") for name in ("one", "two", "three")]


def run(
    writer: Writer,
    documents: Sequence[Document],
    settings: Settings | None = None,
    out: Path | None = None,
    maker: Maker = MAKER,
) -> list[Result]:
    engine = cast(Engine, writer)
    place = None if out is None else Output(f"{out}/", documents)
    return list(plan_documents(engine, maker, documents, settings or Settings(), place))


def test_a_plan_is_repaired_and_the_repairs_are_reported(documents: list[Document]) -> None:
    (result,) = run(Writer(), documents[:1])
    assert "**Total Effort**: 5 story points across 1 team" in result.markdown
    assert result.record.whole
    assert {d.severity for d in result.record.diagnostics} <= {"warning"}
    assert any("99" in repair.message for repair in result.record.repairs)
    assert result.path is None
    assert parse_plan(result.markdown, strict=True).diagnostics == ()


def test_without_repair_the_text_is_the_models_own(documents: list[Document]) -> None:
    (result,) = run(Writer(), documents[:1], Settings(repair=False))
    assert result.markdown == PLAN
    assert result.record.repairs == ()
    assert any(d.severity == "error" and d.line for d in result.record.diagnostics)


def test_results_are_written_when_they_are_done(documents: list[Document], tmp_path: Path) -> None:
    writer = Writer()
    output = Output(f"{tmp_path}/out/", documents)
    results = plan_documents(cast(Engine, writer), MAKER, documents, Settings(), output)
    first = next(results)
    assert first.path == tmp_path / "out" / "one.md"
    assert first.path.read_text() == first.markdown
    assert not (tmp_path / "out" / "two.md").exists()
    record = Record.model_validate_json((tmp_path / "out" / ".planloom" / "one.json").read_text())
    assert record == first.record
    results.close()
    assert writer.pending == 0


def test_what_is_done_is_skipped(documents: list[Document], tmp_path: Path) -> None:
    first = run(Writer(), documents[:2], out=tmp_path / "out")
    writer = Writer()
    again = run(writer, documents, out=tmp_path / "out")
    assert [key for key, _ in writer.requests] == ["2 plan"]
    assert [result.skipped for result in again] == [True, True, False]
    assert [result.markdown for result in again[:2]] == [result.markdown for result in first]
    assert [result.record for result in again[:2]] == [result.record for result in first]


def test_another_document_model_or_setting_is_done_anew(
    documents: list[Document], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(Writer(), documents, out=out)

    def done_anew(
        settings: Settings | None = None,
        maker: Maker = MAKER,
        changed: Sequence[Document] = documents,
    ) -> int:
        writer = Writer()
        run(writer, changed, settings, out, maker)
        return len(writer.requests)

    assert done_anew() == 0
    other = documents[0].model_copy(update={"sha256": "0" * 64})
    assert done_anew(changed=[other, *documents[1:]]) == 1
    assert done_anew() == 1  # the first one's record is now the other document's
    assert done_anew(settings=Settings(seed=1)) == 3
    for field in ("model_hash", "adapter_hash"):
        assert done_anew(maker=MAKER.model_copy(update={field: "other"})) == 3
    staged = FORMATS["staged"].hash
    assert done_anew(maker=MAKER.model_copy(update={"format_hash": staged})) >= 3
    assert done_anew(maker=MAKER.model_copy(update={"format_hash": staged, "model": "n"})) == 0


@pytest.mark.parametrize("loss", ["record", "half a record", "plan"])
def test_after_a_kill_what_is_not_whole_is_done_anew(
    documents: list[Document], tmp_path: Path, loss: str
) -> None:
    out = tmp_path / "out"
    run(Writer(), documents, out=out)
    record, plan = out / ".planloom" / "two.json", out / "two.md"
    match loss:
        case "record":
            record.unlink()
        case "half a record":
            record.write_text(record.read_text()[:100])
        case _:
            plan.unlink()
    writer = Writer()
    run(writer, documents, out=out)
    assert [key for key, _ in writer.requests] == ["1 plan"]
    assert plan.is_file()


def test_a_cut_plan_is_tried_again_under_narrow_bounds(documents: list[Document]) -> None:
    writer = Writer([(PLAN[:400], "length")], [(PLAN, "stop")])
    (result,) = run(writer, documents[:1])
    (_, first), (_, second) = writer.requests
    assert first.grammar is not None
    assert second.grammar is not None
    assert len(second.grammar) < len(first.grammar)
    assert first.line_tokens == second.line_tokens == 64
    record = result.record
    assert (record.whole, record.tightened, record.finish) == (True, True, "stop")
    assert (record.first_token_seconds, record.seconds) == (0.5, 3.0)
    assert record.completion_tokens == len(PLAN[:400].split()) + len(PLAN.split())


def test_a_plan_that_had_to_be_closed_is_marked(documents: list[Document]) -> None:
    long = PLAN.replace("Users keep", "users " * 400 + "keep")
    (result,) = run(Writer([(long, "stop")]), documents[:1], Settings(max_tokens=1024))
    assert result.record.whole
    assert result.record.closed_early
    (result,) = run(Writer([(long, "stop")]), documents[:1])
    assert not result.record.closed_early
    (result,) = run(Writer([(PLAN, "stop")]), documents[:1], Settings(max_tokens=1024))
    assert not result.record.closed_early


@pytest.mark.parametrize("decoding", ["constrained", "free"])
def test_a_plan_that_stays_cut_is_never_passed_off_as_whole(
    documents: list[Document], tmp_path: Path, decoding: str
) -> None:
    half = PLAN[:700]
    out = tmp_path / "out"
    settings = Settings.model_validate({"decoding": decoding})
    writer = Writer([(half, "length")], [(half, "repetition")])
    tries = 2 if decoding == "constrained" else 1
    (result,) = run(writer, documents[:1], settings, out)
    assert len(writer.requests) == tries
    assert not result.record.whole
    assert result.path == out / "one.partial.md"
    assert result.markdown == half.strip() + "\n"
    assert result.record.repairs == ()
    assert not (out / "one.md").exists()
    (again,) = run(Writer(), documents[:1], settings, out)
    assert again.path == out / "one.md"
    assert not (out / "one.partial.md").exists()


def test_free_decoding_has_no_grammar(documents: list[Document]) -> None:
    writer = Writer()
    run(writer, documents[:1], Settings(decoding="free"))
    ((_, sampling),) = writer.requests
    assert (sampling.grammar, sampling.line_tokens, sampling.temperature) == (None, None, 0.0)


def test_the_best_of_several_wins(documents: list[Document], tmp_path: Path) -> None:
    answer: Answer = [(WORSE, "stop"), (PLAN, "stop"), (PLAN[:300], "length")]
    writer = Writer(answer)
    settings = Settings(samples=3, keep_samples=True)
    (result,) = run(writer, documents[:1], settings, tmp_path / "out")
    ((_, sampling),) = writer.requests
    assert (sampling.samples, sampling.temperature) == (3, 0.4)
    record = result.record
    assert record.chosen == 1
    assert [sample.finish for sample in record.samples] == ["stop", "stop", "length"]
    assert record.samples[1].score == record.rubric.score > record.samples[0].score
    assert len(result.samples) == 3
    for number, sample in enumerate(result.samples, start=1):
        assert (tmp_path / "out" / f"one.sample-{number}.md").read_text() == sample


def test_a_whole_plan_wins_over_a_better_one_that_was_cut(documents: list[Document]) -> None:
    writer = Writer([(PLAN, "length"), (WORSE, "stop")])
    (result,) = run(writer, documents[:1], Settings(samples=2))
    assert (result.record.chosen, result.record.whole) == (1, True)


def test_the_queue_is_kept_short(documents: list[Document]) -> None:
    writer = Writer(batch=1)
    assert len(run(writer, documents * 3)) == 9
    assert writer.most_open == 2


def test_progress_counts_to_the_end(documents: list[Document], tmp_path: Path) -> None:
    seen: list[Progress] = []
    engine = cast(Engine, Writer())
    list(plan_documents(engine, MAKER, documents, Settings(), None, seen.append))
    assert seen[-1] == Progress(done=3, total=3, tokens=3 * len(PLAN.split()))
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)


def test_a_document_that_is_too_long_is_cut_and_said(documents: list[Document]) -> None:
    words = "word " * 30
    text = documents[0].text + "".join(f"\n## Background {i}\n\n{words}.\n" for i in range(400))
    long = documents[0].model_copy(update={"text": text})
    writer = Writer()
    (result,) = run(writer, [long])
    assert result.record.left_out
    assert result.record.prompt_tokens <= writer.context - 3072
    assert result.record.prompt_tokens > 4000


def test_a_document_of_which_nothing_fits_does_not_stop_the_others(
    documents: list[Document],
) -> None:
    endless = documents[0].model_copy(update={"text": "word " * 9000, "source": "endless.md"})
    results: list[Result] = []
    engine = cast(Engine, Writer())
    with pytest.raises(InputError, match=r"^endless\.md: no sentence of it fits"):
        results.extend(plan_documents(engine, MAKER, [endless, *documents], Settings()))
    assert [result.document for result in results] == documents


def test_a_context_that_is_too_small_is_said(documents: list[Document]) -> None:
    writer = Writer()
    writer.context = 3200
    with pytest.raises(InputError, match=r"a context of 3200 tokens is too small.*--max-tokens"):
        run(writer, documents)
    assert writer.requests == []


def test_the_key_is_of_content_not_of_names() -> None:
    key = run_key("0" * 64, MAKER, Settings())
    assert run_key("0" * 64, MAKER.model_copy(update={"model": "other"}), Settings()) == key
    assert run_key("0" * 64, MAKER, Settings(max_tokens=1024)) != key


def test_the_record_is_json(documents: list[Document]) -> None:
    (result,) = run(Writer(), documents[:1])
    content = json.loads(result.record.model_dump_json())
    assert Record.model_validate(content) == result.record
    assert {"maker", "settings", "finish", "prompt_tokens", "diagnostics"} <= set(content)


def test_where_all_is_done_no_model_is_started(documents: list[Document], tmp_path: Path) -> None:
    run(Writer(), documents, out=tmp_path / "out")
    nothing = cast(Engine, object())
    output = Output(f"{tmp_path}/out/", documents)
    again = list(plan_documents(nothing, MAKER, documents, Settings(), output))
    assert [result.skipped for result in again] == [True, True, True]
