"""The module for `evaluate`, loaded by its path from somewhere else."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.plans import put, sound_plan
from tickets.render import render_plan

PLAN = render_plan(sound_plan())
OTHER = render_plan(put(sound_plan(), ("epics", 0, "points"), 99))

PROGRAM = """
import json, sys
import evaluate
metric = evaluate.load(sys.argv[1])
plan, other, document = json.load(sys.stdin)
results = {}
results["all"] = metric.compute(
    predictions=[plan, other, "no plan"], references=[plan] * 3, documents=[document] * 3
)
results["alone"] = metric.compute(predictions=[other])
results["some"] = metric.compute(predictions=[plan, plan], references=[None, plan])
metric.add_batch(predictions=[plan], references=[plan])
metric.add(prediction="no plan", reference=plan)
results["added"] = metric.compute()
results["refused"] = []
for references in ([plan], ["no plan", plan]):
    try:
        metric.compute(predictions=[plan, plan], references=references)
    except ValueError as error:
        results["refused"].append(str(error))
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def results(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the module says, in a process of its own with nothing of ours on its path."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "HF_EVALUATE_OFFLINE": "1",
        "HF_HOME": str(folder / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root / "eval" / "metric")],
        input=json.dumps([PLAN, OTHER, "# Shop\n\n- Title 1.1 of the page\n"]),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_means_and_lists_are_those_of_the_pure_functions(results: dict[str, Any]) -> None:
    from eval.score import score

    plans = results["all"]["plans"]
    assert plans["fidelity"] == [1.0, pytest.approx(1.0, abs=0.2), 0.0]
    second = score(OTHER, reference=PLAN, document="# Shop\n\n- Title 1.1 of the page\n")
    assert second.fidelity is not None
    assert plans["fidelity"][1] == pytest.approx(second.fidelity.score)
    assert plans["rubric"][1] == pytest.approx(second.rubric.score)
    assert plans["coverage"][1] == pytest.approx(second.coverage)
    for name, values in plans.items():
        assert results["all"][name] == pytest.approx(sum(values) / 3)


def test_references_and_documents_may_be_left_out(results: dict[str, Any]) -> None:
    assert results["alone"]["fidelity"] is None
    assert results["alone"]["plans"]["grounding"] == [None]
    assert results["some"]["plans"]["fidelity"] == [None, 1.0]
    assert results["some"]["fidelity"] == 1.0
    assert results["added"]["plans"]["fidelity"] == [1.0, 0.0]


def test_what_does_not_fit_is_named(results: dict[str, Any]) -> None:
    lengths, reference = results["refused"]
    assert lengths.startswith("references: 1 for 2 predictions")
    assert reference.startswith("references[0]: the reference has no epic")
