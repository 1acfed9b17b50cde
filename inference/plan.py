"""Documents in, plans out: prompt, completion, repair, verdict, and the best of several.

engine, maker = open_engine("smollm2-135m", adapter="auto", batch=8)
for result in plan_documents(engine, maker, documents, Settings(), Output("plans/", documents)):
    ...
"""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from inference.checksums import Say
from inference.drafts import best_of, make_draft
from inference.engine import Done, Engine, Sampling
from inference.lora import read_adapter, shipped_adapter
from inference.models import find_model, offline_unless_needed
from inference.outputs import Output
from inference.record import LeftOutPart, Maker, Record, Sample, Settings, run_key
from inference.start import prepare
from tickets.bounds import Bounds
from tickets.documents import Document
from tickets.files import InputError
from tickets.grammar import build_grammar
from tickets.prompt import build_messages, format_hash, neutral
from tickets.sections import fit_document

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
    output: Output | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Generator[Result, None, None]:
    """Plan all documents in one continuous batch; yields each result once it is done.

    With an `output` each plan is written the moment it is done, and what an earlier run has done
    with the same document, model, adapter, format and settings is skipped. Results come in the
    order in which they are finished, the skipped ones first.

    Raises:
        InputError: the output cannot be written any more, or the context is too small; at the end,
            if nothing of some document fits into the context.
    """
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
    if not waiting:
        return
    room = _document_room(engine, settings)
    grammar = _grammar(settings)
    tight = _tight(settings) if grammar else None
    jobs: dict[str, _Job] = {}
    first_tries: dict[str, Done] = {}
    unusable: list[str] = []
    waiting.reverse()
    try:
        while waiting or engine.pending:
            while waiting and engine.pending < _WAITING * engine.batch:
                job = _prepare(engine, *waiting.pop(), room, settings)
                if job.prompt:
                    jobs[str(job.place)] = job
                    engine.add(str(job.place), job.prompt, _sampling(settings, grammar))
                else:
                    unusable.append(job.document.source)
            if not engine.pending:
                break
            for finished in engine.step():
                job = jobs[finished.key]
                if _is_cut(finished) and tight and finished.key not in first_tries:
                    first_tries[finished.key] = finished
                    engine.add(finished.key, job.prompt, _sampling(settings, tight))
                    continue
                del jobs[finished.key]
                first = first_tries.pop(finished.key, None)
                result = _result(job, maker, settings, finished, first)
                if output is not None:
                    path = output.write(job.place, result.markdown, result.record, result.samples)
                    result = result._replace(path=path)
                done += 1
                on_progress(Progress(done, len(documents), engine.written))
                yield result
            on_progress(Progress(done, len(documents), engine.written))
    finally:
        engine.drop()
    if unusable:
        raise InputError(
            f"{', '.join(unusable)}: no sentence of it fits into the {room} tokens that a document "
            "may have; break its text into sentences and sections"
        )


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
            f"plan up to {settings.max_tokens}, and a document needs {LEAST_DOCUMENT}; give a "
            "larger --context if the model has it, or a smaller --max-tokens"
        )
    return room


def _prepare(
    engine: Engine, index: int, document: Document, key: str, room: int, settings: Settings
) -> _Job:
    """The prompt for a document, cut by sections to `room` tokens where it must be.

    It is empty where not even one sentence fits.
    """

    def count(text: str) -> int:
        return engine.count_tokens(neutral(text))

    limit = engine.context - settings.max_tokens
    while True:
        fitted = fit_document(document.text, room, count)
        if not fitted.text.strip():
            return _Job(index, document, key, [], ())
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


def _result(job: _Job, maker: Maker, settings: Settings, done: Done, first: Done | None) -> Result:
    """The best of the completions as a plan, with its record; `first` is a try that was cut."""
    drafts = [make_draft(each, job.document.text, settings) for each in done.completions]
    chosen = best_of(drafts)
    best = drafts[chosen]
    attempts = [done] if first is None else [first, done]
    is_bound = settings.decoding == "constrained"
    record = Record(
        key=job.key,
        document=job.document.name,
        source=job.document.source,
        document_sha256=job.document.sha256,
        maker=maker,
        settings=settings,
        whole=best.whole,
        finish=best.completion.finish,
        closed_early=is_bound and best.completion.tokens > _close_at(settings),
        tightened=first is not None,
        prompt_tokens=done.prompt_tokens,
        completion_tokens=sum(c.tokens for attempt in attempts for c in attempt.completions),
        first_token_seconds=round(attempts[0].first_token_seconds, 3),
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
