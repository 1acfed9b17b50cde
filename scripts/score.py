"""`./planloom score`: how good a plan is, and how like a reference."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from scripts.plans import read_plan_text
from tickets.files import InputError

if TYPE_CHECKING:
    from eval.judge import Opinion
    from eval.score import Verdict


def score(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="A plan file; [bold]-[/] is standard input.")
    ],
    reference: Annotated[
        str | None, typer.Option(help="The plan that it is compared with: adds fidelity.")
    ] = None,
    document: Annotated[
        str | None, typer.Option(help="The feature document: adds coverage and grounding.")
    ] = None,
    likeness: Annotated[
        Literal["lexical", "embeddings"],
        typer.Option(help="How fidelity compares texts: by words, or by a model of sentences."),
    ] = "lexical",
    judge: Annotated[
        Path | None,
        typer.Option(
            metavar="YAML", help="Ask a model as well; a file as configs/judge.example.yaml."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print an object; the composite is its `fidelity`.")
    ] = False,
) -> None:
    """Score a plan: conformance, rubric, and fidelity to a reference.

    [bold]Examples[/]

    [cyan]./planloom score plan.md --document feature.md[/]   without a reference

    [cyan]./planloom score plan.md --reference expert.md --document feature.md --json[/]

    [cyan]./planloom score plan.md --document feature.md --judge judge.yaml[/]
    """
    from eval.embeddings import comparer
    from eval.score import score as score_text
    from tickets.documents import read_document

    text = read_plan_text(plan)
    expected = read_plan_text(reference) if reference is not None else None
    feature = None if document is None else read_document(Path(document)).text
    try:
        verdict = score_text(
            text.body,
            document=feature,
            reference=None if expected is None else expected.body,
            comparer=comparer(likeness),
        )
    except ValueError as error:
        raise InputError(f"{reference}: {error}") from error
    opinion = None if judge is None else _opinion(judge, feature, text.body, verdict)
    if as_json:
        content = {"plan": text.name, **as_object(verdict)}
        if opinion is not None:
            content["judge"] = opinion.model_dump(mode="json")
        print(json.dumps(content, ensure_ascii=False))
    else:
        print(_text(text.name, verdict))
        if opinion is not None:
            print(_line("judge", opinion.score))
            for name, mark in opinion.sections.items():
                print(f"    {name:<22} {mark.score:.3f} {mark.why}".rstrip())


def _opinion(config: Path, document: str | None, plan: str, verdict: "Verdict") -> "Opinion":
    """What a judge thinks of a plan; its answer is kept, and not bought twice."""
    from eval.config import Judge
    from eval.judge import ask_judge, question, read_answers, read_opinion
    from tickets.config import load_config
    from tickets.models import cache_folder

    if document is None:
        raise InputError("--judge: a judge needs the feature document; add --document FILE")
    if not verdict.parsed:
        raise InputError("--judge: the plan has no epic with a story, so there is nothing to judge")
    settings = load_config(Judge, config)
    asked = question(settings, document, plan)
    cache = cache_folder() / "judge.jsonl"
    said: list[str] = []
    if ask_judge(settings, [asked], cache, said.append):
        raise InputError("; ".join(said))
    opinion = read_opinion(read_answers(cache)[asked.key].text)
    if opinion is None:
        raise InputError(
            f"judge {settings.endpoint.model}: its answer cannot be read; {cache} has it. "
            "Name another model, or raise max_tokens if it was cut"
        )
    return opinion


def as_object(verdict: "Verdict") -> dict[str, Any]:
    """A verdict as JSON has it: the composite is `fidelity`, its measures are `measures`."""
    content = verdict.model_dump(mode="json")
    measures = content.pop("fidelity")
    return {
        "fidelity": None if measures is None else measures.pop("score"),
        "measures": measures,
        **content,
    }


def _text(name: str, verdict: "Verdict") -> str:
    lines = [name]
    if not verdict.parsed:
        lines.append("  has no epic with a story, so every score is 0")
    if verdict.cut:
        lines.append("  is so long that its end was not read")
    if verdict.fidelity is not None:
        lines.append(_line("fidelity", verdict.fidelity.score))
        for measure, value in verdict.fidelity.model_dump(exclude={"score"}).items():
            if isinstance(value, dict):
                parts = ", ".join(f"{each} {number:.3f}" for each, number in value.items())
                lines.append(f"    {measure:<14} {parts}")
            elif value is not None:
                lines.append(f"    {measure:<14} {value:.3f}")
    lines.append(_line("rubric", verdict.rubric.score))
    lines += (f"    {part.name:<22} {part.score:.3f}" for part in verdict.rubric.sections)
    lines.append(_line("conformance", verdict.conformance["all"]))
    lines += (f"    {key:<14} {v:.3f}" for key, v in verdict.conformance.items() if key != "all")
    if verdict.coverage is not None and verdict.grounding is not None:
        lines += [_line("coverage", verdict.coverage), _line("grounding", verdict.grounding)]
    counts = (f"{name} {value:g}" for name, value in verdict.shape.model_dump().items())
    lines.append(f"  {verdict.errors} errors, {verdict.warnings} warnings; {', '.join(counts)}")
    return "\n".join(lines)


def _line(name: str, value: float) -> str:
    return f"  {name:<16} {value:.3f}"
