"""Documents in, plans out: prompt, completion, repair, verdict, and the best of several.

engine, maker = open_engine("smollm2-135m", adapter="auto", batch=8)
for result in plan_documents(engine, maker, documents, Settings(), out="plans/"):
    ...
"""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from inference.checksums import Say
from inference.engine import Completion, Done, Engine, Sampling, prepare
from inference.lora import read_adapter, shipped_adapter
from inference.models import find_model, offline_unless_needed
from inference.outputs import Output
from inference.record import LeftOutPart, Maker, Record, Sample, Settings, run_key
from tickets.bounds import Bounds
from tickets.diagnostics import Diagnostic
from tickets.documents import Document
from tickets.files import InputError
from tickets.grammar import build_grammar
from tickets.parse import parse_plan
from tickets.prompt import build_messages, format_hash, neutral
from tickets.render import render_plan
from tickets.repair import repair_plan
from tickets.rubric import Rubric, score_plan
from tickets.rules import check_plan
from tickets.sections import fit_document
from tickets.trace import trace_plan

LEAST_DOCUMENT: Final = 128
"""Tokens of a document that must fit beside prompt and completion; less is no document."""

CLOSING_TOKENS: Final = 640
"""Completion tokens kept for closing a plan (see `inference.decoding`): what is left of a story,
one phase and one team came to 400 at most where it was tried."""

_WAITING: Final = 2
"""Requests in the engine for each that it can run: enough that it is never idle, few enough that
a thousand documents need not be prepared before the first is written."""


class Progress(NamedTuple):
    """Documents done and in all, and the completion tokens written so far."""

    done: int
    total: int
    tokens: int


class Result(NamedTuple):
    """What became of a document.

    Attributes:
        document: it.
        record: how the plan was made and how good it is.
        markdown: the plan; of a skipped one, as it lies in its file.
        path: its file, None without an output place.
        skipped: it was done in an earlier run.
        samples: with `keep_samples`, every plan that was drawn, as markdown.
    """

    document: Document
    record: Record
    markdown: str
    path: Path | None = None
    skipped: bool = False
    samples: tuple[str, ...] = ()


class _Draft(NamedTuple):
    """A completion made into a plan, with its verdict."""

    markdown: str
    completion: Completion
    diagnostics: tuple[Diagnostic, ...]
    repairs: tuple[Diagnostic, ...]
    rubric: Rubric
    coverage: float
    grounding: float


class _Job(NamedTuple):
    place: int
    document: Document
    key: str
    prompt: list[int]
    left_out: tuple[LeftOutPart, ...]


def open_engine(
    model: str,
    *,
    adapter: str = "auto",
    batch: int = 1,
    context: int | None = None,
    verbose: bool = False,
    say: Say = lambda _: None,
) -> tuple[Engine, Maker]:
    """The engine for a model and adapter by name, ready to write, and who it is.

    Args:
        model: see `inference.models.find_model`.
        adapter: a folder; `auto` for the one that comes with the model, if one does; `none`.
        batch: completions wanted at once.
        context: fewer tokens than the model's own.
        verbose: show vLLM's log on standard error.
        say: told what is going on.

    Raises:
        InputError: the model or adapter cannot be used.
    """
    prepare(verbose=verbose)
    offline_unless_needed(model)
    base = find_model(model, say)
    folder = shipped_adapter(base) if adapter == "auto" else Path(adapter).expanduser()
    lora = None
    if folder is not None and adapter != "none":
        lora = read_adapter(folder, base, format_hash())
    maker = Maker(
        model=base.name,
        model_hash=base.hash,
        adapter=lora.name if lora else None,
        adapter_hash=lora.hash if lora else None,
        format_hash=format_hash(),
    )
    engine = Engine(base, lora, batch=batch, context=context, verbose=verbose, say=say)
    return engine, maker


def plan_documents(
    engine: Engine,
    maker: Maker,
    documents: Sequence[Document],
    settings: Settings,
    out: str | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Generator[Result, None, None]:
    """Plan all documents in one continuous batch; yields each result once it is done.

    With `out` each plan is written the moment it is done, and what an earlier run has done with
    the same document, model, adapter, format and settings is skipped. Results come in the order
    in which they are finished, the skipped ones first.

    Raises:
        InputError: the output place cannot be written, or the context is too small.
    """
    output = Output(out, documents) if out is not None else None
    room = _document_room(engine, settings)
    waiting: list[tuple[int, Document, str]] = []
    done = 0
    for index, document in enumerate(documents):
        key = run_key(document.sha256, maker, settings)
        record = output.find(index, key) if output else None
        if record is None or output is None:
            waiting.append((index, document, key))
        else:
            done += 1
            path = output.paths[index]
            yield Result(document, record, path.read_text("utf-8"), path, skipped=True)
    grammar = _grammar(settings)
    tight = _tight(settings) if grammar else None
    jobs: dict[str, _Job] = {}
    first_tries: dict[str, Done] = {}
    waiting.reverse()
    try:
        while waiting or engine.pending:
            while waiting and engine.pending < _WAITING * engine.batch:
                job = _prepare(engine, *waiting.pop(), room, settings)
                jobs[str(job.place)] = job
                engine.add(str(job.place), job.prompt, _sampling(settings, grammar))
            for finished in engine.step():
                job = jobs[finished.key]
                if _is_cut(finished) and tight and finished.key not in first_tries:
                    first_tries[finished.key] = finished
                    engine.add(finished.key, job.prompt, _sampling(settings, tight))
                    continue
                del jobs[finished.key]
                first = first_tries.pop(finished.key, None)
                result = _judge(job, maker, settings, finished, first)
                if output is not None:
                    path = output.write(job.place, result.markdown, result.record, result.samples)
                    result = result._replace(path=path)
                done += 1
                on_progress(Progress(done, len(documents), engine.written))
                yield result
            on_progress(Progress(done, len(documents), engine.written))
    finally:
        engine.drop()


def _document_room(engine: Engine, settings: Settings) -> int:
    """Tokens that a document may have.

    Raises:
        InputError: fewer than `LEAST_DOCUMENT`.
    """
    frame = len(engine.encode(build_messages("")))
    room = engine.context - frame - settings.max_tokens
    if room < LEAST_DOCUMENT:
        raise InputError(
            f"a context of {engine.context} tokens is too small: the prompt takes {frame}, the "
            f"plan up to {settings.max_tokens}, and a document needs {LEAST_DOCUMENT}; use a "
            "model with a longer context, or a smaller --max-tokens"
        )
    return room


def _prepare(
    engine: Engine, index: int, document: Document, key: str, room: int, settings: Settings
) -> _Job:
    """The prompt for a document, cut by sections to `room` tokens where it must be."""

    def count(text: str) -> int:
        return engine.count_tokens(neutral(text))

    limit = engine.context - settings.max_tokens
    while True:
        fitted = fit_document(document.text, room, count)
        prompt = engine.encode(build_messages(fitted.text))
        if len(prompt) <= limit:
            break
        room -= len(prompt) - limit  # where frame and document meet, tokens may differ by a few
    left_out = tuple(LeftOutPart(heading=h, tokens=t) for h, t in fitted.left_out)
    return _Job(index, document, key, prompt, left_out)


def _grammar(settings: Settings) -> str | None:
    if settings.decoding == "free":
        return None
    return build_grammar(vocabulary=settings.vocabulary)


def _tight(settings: Settings) -> str | None:
    """A grammar whose longest plan fits into the completion, with all lines at their budget.

    None where even the smallest plan might not fit.
    """
    bounds = Bounds.within(settings.max_tokens, settings.line_tokens)
    return build_grammar(bounds, settings.vocabulary) if bounds else None


def _sampling(settings: Settings, grammar: str | None) -> Sampling:
    temperature = settings.temperature
    if temperature is None:
        temperature = 0.0 if settings.samples == 1 else 0.8
    return Sampling(
        max_tokens=settings.max_tokens,
        grammar=grammar,
        line_tokens=settings.line_tokens if grammar else None,
        close_at=_close_at(settings) if grammar else None,
        samples=settings.samples,
        temperature=temperature,
        seed=settings.seed,
    )


def _close_at(settings: Settings) -> int:
    """After how many of its tokens a plan is brought to its end, under constrained decoding."""
    return max(1, settings.max_tokens - CLOSING_TOKENS)


def _is_cut(done: Done) -> bool:
    return all(completion.finish != "stop" for completion in done.completions)


def _judge(job: _Job, maker: Maker, settings: Settings, done: Done, first: Done | None) -> Result:
    """The best of the completions as a plan, with its record."""
    drafts = [_draft(c, job.document.text, settings) for c in done.completions]
    chosen = max(range(len(drafts)), key=lambda i: (_rank(drafts[i]), -i))
    best = drafts[chosen]
    attempts = [done] if first is None else [first, done]
    record = Record(
        key=job.key,
        document=job.document.name,
        source=job.document.source,
        document_sha256=job.document.sha256,
        maker=maker,
        settings=settings,
        whole=best.completion.finish == "stop",
        finish=best.completion.finish,
        closed_early=(
            settings.decoding == "constrained" and best.completion.tokens > _close_at(settings)
        ),
        tightened=first is not None,
        prompt_tokens=done.prompt_tokens,
        completion_tokens=sum(c.tokens for attempt in attempts for c in attempt.completions),
        seconds=round(sum(attempt.seconds for attempt in attempts), 3),
        left_out=job.left_out,
        diagnostics=best.diagnostics,
        repairs=best.repairs,
        rubric=best.rubric,
        coverage=best.coverage,
        grounding=best.grounding,
        samples=tuple(
            Sample(
                finish=draft.completion.finish,
                tokens=draft.completion.tokens,
                score=draft.rubric.score,
                coverage=draft.coverage,
                grounding=draft.grounding,
            )
            for draft in drafts
        ),
        chosen=chosen,
    )
    samples = tuple(draft.markdown for draft in drafts) if settings.keep_samples else ()
    return Result(job.document, record, best.markdown, samples=samples)


def _draft(completion: Completion, document: str, settings: Settings) -> _Draft:
    """A completion as a plan: repaired if that is wanted and it is whole, and judged as written.

    One that was cut stays as it is: repair would make it look like a whole one.
    """
    markdown = completion.text.strip() + "\n"
    repairs: tuple[Diagnostic, ...] = ()
    if settings.repair and completion.finish == "stop":
        repaired = repair_plan(parse_plan(markdown).plan, vocabulary=settings.vocabulary)
        markdown, repairs = render_plan(repaired.plan), repaired.repairs
    parsed = parse_plan(markdown)
    found = check_plan(
        parsed.plan, lines=parsed.lines, document=document, vocabulary=settings.vocabulary
    )
    trace = trace_plan(parsed.plan, document)
    return _Draft(
        markdown=markdown,
        completion=completion,
        diagnostics=(*parsed.diagnostics, *found),
        repairs=repairs,
        rubric=score_plan(parsed.plan, document=document),
        coverage=trace.coverage,
        grounding=trace.grounding,
    )


def _rank(draft: _Draft) -> tuple[bool, float, float, float]:
    """By what the best of several samples is chosen: whole, rubric, grounding, coverage."""
    whole = draft.completion.finish == "stop"
    return whole, draft.rubric.score, draft.grounding, draft.coverage
