"""The task for Inspect, run by Inspect itself where it is installed."""

from pathlib import Path
from typing import Any

import pytest

from tests.plans import put, sound_plan
from tickets.files import InputError
from tickets.prompt import build_messages
from tickets.render import render_plan

inspect_ai = pytest.importorskip(
    "inspect_ai",
    reason="inspect-ai is not installed; the head of eval/inspect_task.py has the command",
)

# What Inspect does with its own libraries is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore")

PLAN = render_plan(sound_plan())
DOCUMENT = "# Shop\n\n## Requirements\n\n- Title 1.1 of the page\n- Title 2.1 of the page\n"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Three documents with a reference, and one without."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("a", "b", "c", "d"):
        (folder / f"{name}.document.md").write_text(f"{DOCUMENT}\nOf {name}.\n", "utf-8")
        if name != "d":
            (folder / f"{name}.plan.md").write_text(PLAN, "utf-8")
    return folder


def evaluated(task: Any, folder: Path, says: Any) -> Any:
    """The log of the task with a model that answers `says(text of the last message)`."""
    from inspect_ai.model import ModelUsage, get_model

    def output(messages: Any, *_: Any) -> Any:
        said = says(messages)
        # Without counts Inspect would count itself, and load its tokens from the network.
        said.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return said

    model = get_model("mockllm/model", custom_outputs=output, memoize=False)
    (log,) = inspect_ai.eval(task, model=model, log_dir=str(folder), display="none")
    assert log.status == "success", log.error
    return log


def metrics(log: Any) -> dict[str, Any]:
    """By measure: its mean, and how many samples are scored and unscored."""
    return {
        score.name: (score.metrics["mean"].value, score.scored_samples, score.unscored_samples)
        for score in log.results.scores
    }


def answer(text: str, stop: str = "stop", error: str | None = None) -> Any:
    from inspect_ai.model import ModelOutput

    return ModelOutput.from_content("m", text, stop_reason=stop, error=error)


def test_plans_are_scored_and_failures_are_not(documents: Path, tmp_path: Path) -> None:
    from eval.inspect_task import planloom

    def says(messages: Any) -> Any:
        text = messages[-1].text
        if "Of b." in text:
            return answer("I cannot do that.")
        return answer("", error="the server fell over") if "Of c." in text else answer(PLAN)

    log = evaluated(planloom(str(documents)), tmp_path / "logs", says)
    found = metrics(log)
    # a is the reference, b no plan, c unscored, and d has no reference.
    assert found["fidelity"] == (pytest.approx(0.5), 2, 2)
    assert found["rubric"][1:] == (3, 1)
    assert found["rubric"][0] == pytest.approx(2 / 3, abs=0.1)
    assert "items" not in found
    assert all("stderr" in score.metrics for score in log.results.scores)
    by_id = {sample.id: sample.scores["plan_scores"] for sample in log.samples}
    assert by_id["b"].reason == "invalid_response_format"
    assert "every score is 0" in by_id["b"].explanation
    assert by_id["c"].explanation == "the server fell over"
    assert by_id["a"].metadata["fidelity.stories.recall"] == 1.0


def test_the_prompt_is_ours(documents: Path, tmp_path: Path) -> None:
    from eval.inspect_task import planloom

    asked: list[Any] = []

    def says(messages: Any) -> Any:
        asked.append(messages)
        return answer(PLAN)

    evaluated(planloom(str(documents), prompt="short"), tmp_path / "logs", says)
    sent = [[(m.role, m.text) for m in messages] for messages in asked]
    text = (documents / "a.document.md").read_text("utf-8")
    assert [(m["role"], m["content"]) for m in build_messages(text)] in sent


def test_repair_helps_a_whole_plan_and_not_a_cut_one(documents: Path, tmp_path: Path) -> None:
    from eval.inspect_task import planloom

    spoilt = render_plan(put(sound_plan(), ("epics", 0, "points"), 99))

    def rubric(repaired: bool, stop: str) -> float:
        task = planloom(str(documents), repaired=repaired)
        log = evaluated(task, tmp_path / "logs", lambda _: answer(spoilt, stop))
        return float(metrics(log)["rubric"][0])

    raw = rubric(False, "stop")
    assert rubric(True, "stop") > raw
    assert rubric(True, "max_tokens") == raw


def test_the_held_out_documents_are_there_without_a_folder() -> None:
    from eval.inspect_task import planloom

    task = planloom()
    assert len(task.dataset) > 10
    assert all(sample.target for sample in task.dataset)


def test_bad_folders_are_named(documents: Path) -> None:
    from eval.inspect_task import planloom

    with pytest.raises(InputError, match="give the whole path"):
        planloom("documents")
    (documents / "a.plan.md").write_text("No plan.\n", "utf-8")
    with pytest.raises(InputError, match=r"a\.plan\.md: the reference has no epic"):
        planloom(str(documents))
