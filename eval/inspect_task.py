r"""Planloom's benchmark as a task of Inspect (inspect-ai): its models, its logs, our scores.

In an environment of its own, since inspect-ai pins packages that Planloom has newer:

    python3 -m venv out/inspect
    out/inspect/bin/pip install inspect-ai openai charset-normalizer markdown-it-py \
        networkx numpy pydantic pyyaml rapidfuzz scipy snowballstemmer
    out/inspect/bin/inspect eval eval/inspect_task.py --model openai/gpt-4o-mini \
        --temperature 0 --log-dir out/inspect-logs

`--model` takes whatever Inspect knows; `openai-api/NAME/MODEL` is any OpenAI-compatible endpoint.
`-T documents=/whole/path` plans the documents of a folder (see `eval.pairs`) instead of the
held-out curated ones, `-T prompt=short` asks with the prompt that our models are tuned to,
`-T repaired=true` scores plans after repair, `--solver` brings a planner of another kind.
"""

import math
import sys
from pathlib import Path
from typing import Any, Final

# Inspect loads this file by its path, from wherever it is called.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from eval.config import EvalConfig, LikenessName
from eval.pairs import Case, read_folder
from eval.predictions import check_case
from eval.prompts import prompt_messages, read_prompt
from eval.rows import HEADLINE, score_text, variant_text
from eval.score import Verdict
from tickets.config import load_config
from tickets.files import InputError

ROOT: Final = Path(__file__).resolve().parent.parent
HELD_OUT: Final = ROOT / "configs" / "eval" / "smollm2-135m.yaml"
"""The benchmark whose documents are planned where no folder is named."""
MOST_FINDINGS: Final = 50
"""Findings that a score's explanation lists."""


@task  # type: ignore[untyped-decorator]
def planloom(
    documents: str | None = None,
    prompt: str = "full",
    repaired: bool = False,
    likeness: LikenessName = "lexical",
) -> Task:
    """Plan each document, and score the plans by rules and against their references.

    Args:
        documents: a folder, as a whole path; None for the held-out curated pairs.
        prompt: `short`, `full`, or the whole path of a file with `{{document}}` in it.
        repaired: score the plans after repair by rules; those that were cut stay as they are.
        likeness: how fidelity compares texts, `lexical` or `embeddings`.

    Raises:
        InputError: the folder or the prompt cannot be used.
    """
    cases = _cases(documents)
    return Task(
        dataset=MemoryDataset([_sample(case) for case in cases], name="planloom"),
        solver=planner(prompt),
        scorer=plan_scores(_measures(cases), repaired, likeness),
        config=GenerateConfig(max_tokens=8192),
    )


@solver  # type: ignore[untyped-decorator]
def planner(prompt: str = "full", document_words: int | None = None) -> Solver:
    """Ask for the plan of the sample's input; a longer document is cut to so many words."""
    text = read_prompt(prompt)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        kinds = {"system": ChatMessageSystem, "user": ChatMessageUser}
        state.messages = [
            kinds[message["role"]](content=message["content"])
            for message in prompt_messages(text, state.input_text, document_words)
        ]
        return await generate(state)

    return solve


@scorer(metrics={"*": [mean(), stderr()]})  # type: ignore[untyped-decorator]
def plan_scores(
    measures: list[str], repaired: bool = False, likeness: LikenessName = "lexical"
) -> Scorer:
    """Our scores as one value each; all others are in the metadata.

    What is no plan scores 0. A sample without an answer is unscored, as is one measure of a sample
    that has nothing to compare with, and neither counts in a mean.
    """

    async def score_state(state: TaskState, target: Target) -> Score:
        if state.output.error or not state.output.choices:
            return Score.unscored(reason="no_answer", explanation=state.output.error)
        case = Case(
            id=str(state.sample_id),
            document=state.input_text,
            reference=target.text or None,
            work_plan=state.metadata.get("work_plan"),
        )
        is_whole = state.output.stop_reason == "stop"
        answer = state.output.completion
        text = variant_text(answer, "repaired" if repaired else "raw", whole=is_whole)
        verdict, values = score_text(text, case, likeness)
        return Score(
            value={measure: _number(values[measure]) for measure in measures},
            answer=answer,
            explanation=_explanation(verdict, state.output.stop_reason),
            reason=None if verdict.parsed else "invalid_response_format",
            metadata={name: value for name, value in values.items() if value is not None},
        )

    return score_state


def _cases(documents: str | None) -> list[Case]:
    if documents is None:
        source = load_config(EvalConfig, HELD_OUT).documents[0]
        folder, domains = ROOT / source.path, source.domains
    else:
        folder, domains = Path(documents), ()
        if not folder.is_absolute():
            raise InputError(
                f"documents {documents}: Inspect runs tasks in a folder of its own; give the "
                "whole path"
            )
    cases = [case for case in read_folder(folder) if not domains or case.domain in domains]
    for case in cases:
        check_case(case, folder)
    return cases


def _sample(case: Case) -> Sample:
    metadata: dict[str, Any] = {"domain": case.domain, "style": case.style}
    if case.work_plan is not None:
        metadata["work_plan"] = case.work_plan
    return Sample(id=case.id, input=case.document, target=case.reference or "", metadata=metadata)


def _measures(cases: list[Case]) -> list[str]:
    """The headline measures that some case has."""
    lacking = {"judge"}
    if not any(case.reference for case in cases):
        lacking.add("fidelity")
    if not any(case.work_plan for case in cases):
        lacking.add("items")
    return [measure for measure in HEADLINE if measure not in lacking]


def _number(value: float | None) -> float:
    """A score; Inspect leaves NaN out of its means."""
    return math.nan if value is None else float(value)


def _explanation(verdict: Verdict, stop_reason: str) -> str:
    lines = [] if stop_reason == "stop" else [f"The plan did not end by itself: {stop_reason}."]
    if not verdict.parsed:
        lines.append("There is no epic with a story, so every score is 0.")
    findings = verdict.diagnostics[:MOST_FINDINGS]
    lines += (f"{each.line or '-'}: {each.code} {each.message}" for each in findings)
    if len(verdict.diagnostics) > MOST_FINDINGS:
        lines.append(f"and {len(verdict.diagnostics) - MOST_FINDINGS} more findings")
    return "\n".join(lines) or "No finding."
