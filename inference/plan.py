"""Documents in, plans out: prompt, completion, repair, verdict, and the best of several.

engine, maker = open_engine("smollm2-135m", adapter="auto", documents=8)
for result in plan_documents(engine, maker, documents, Settings(), Output("plans/", documents)):
    ...
"""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from inference.checksums import Say
from inference.drafts import make_draft
from inference.engine import Engine
from inference.lora import find_adapter, read_adapter
from inference.models import find_model, offline_unless_needed
from inference.outputs import Output
from inference.record import Maker, Record, Sample, Settings, run_key
from inference.start import prepare
from inference.writing import Writer, Writing
from tickets.documents import Document
from tickets.files import InputError
from tickets.formats import FORMATS, Format

LEAST_DOCUMENT: Final = 128
"""Tokens of a document that must fit beside prompt and completion; less is no document."""

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
        samples: with `keep_samples`, every plan or outline that was drawn.
    """

    document: Document
    record: Record
    markdown: str
    path: Path | None = None
    skipped: bool = False
    samples: tuple[str, ...] = ()


def open_engine(
    model: str,
    *,
    adapter: str = "auto",
    documents: int = 1,
    samples: int | None = None,
    context: int | None = None,
    verbose: bool = False,
    say: Say = lambda _: None,
) -> tuple[Engine, Maker]:
    """The engine for a model and adapter by name, ready to write, and who it is.

    Args:
        model: see `inference.models.find_model`.
        adapter: see `inference.lora.find_adapter`.
        documents: how many are wanted at once.
        samples: of each; see `inference.record.Settings`.
        context: fewer tokens than the model's own.
        verbose: show vLLM's log on standard error.
        say: told what is going on.

    Raises:
        InputError: the model or adapter cannot be used.
    """
    prepare(verbose=verbose)
    offline_unless_needed(model)
    base = find_model(model, say)
    folder = find_adapter(adapter, base)
    lora = read_adapter(folder, base) if folder else None
    form = lora.form if lora else FORMATS["whole"]
    maker = Maker(
        model=base.name,
        model_hash=base.hash,
        adapter=lora.name if lora else None,
        adapter_hash=lora.hash if lora else None,
        format_hash=form.hash,
    )
    batch = documents * max(form.parallel, samples or form.samples)
    engine = Engine(base, lora, batch=batch, context=context, verbose=verbose, say=say)
    return engine, maker


def plan_documents(
    engine: Engine,
    maker: Maker,
    documents: Sequence[Document],
    settings: Settings,
    output: Output | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    form: Format | None = None,
) -> Generator[Result, None, None]:
    """Plan all documents in one continuous batch; yields each result once it is done.

    With an `output` each plan is written the moment it is done, and what an earlier run has done
    with the same document, model, adapter, format and settings is skipped. Results come in the
    order in which they are finished, the skipped ones first. `form` is another than the maker's
    own, such as a revision of a plan; it goes without an `output`.

    Raises:
        InputError: the output cannot be written any more, or the context is too small; at the end,
            if nothing of some document fits into the context.
    """
    form = form or maker.form
    settings = settings.of(form)
    waiting: list[tuple[int, Document]] = []
    keys = [run_key(document.sha256, maker, settings) for document in documents]
    done = 0
    for index, document in enumerate(documents):
        record = output.find(index, keys[index]) if output else None
        if record is None or output is None:
            waiting.append((index, document))
        else:
            done += 1
            path = output.paths[index]
            yield Result(document, record, path.read_text("utf-8"), path, skipped=True)
    if not waiting:
        return
    writer = _writer(engine, form, settings)
    open_: dict[int, Writing] = {}
    unusable: list[str] = []
    waiting.reverse()
    try:
        while waiting or open_:
            finished: list[Writing] = []
            while waiting and engine.pending < _WAITING * engine.batch:
                index, document = waiting.pop()
                kept = output.steps(index, keys[index]) if output else {}
                writing = Writing(writer, index, document, kept)
                if not writing.fits:
                    unusable.append(document.source)
                elif writing.start():
                    finished.append(writing)
                else:
                    open_[index] = writing
            for request in engine.step() if open_ else ():
                writing = open_[int(request.key.partition(" ")[0])]
                if writing.take(request):
                    finished.append(open_.pop(writing.place))
                elif output is not None:
                    output.keep_steps(writing.place, keys[writing.place], writing.steps)
            for writing in finished:
                result = _result(writing, writer.form, maker, settings, keys[writing.place])
                if output is not None:
                    path = output.write(
                        writing.place,
                        result.markdown,
                        result.record,
                        writing.document.text,
                        result.samples,
                    )
                    result = result._replace(path=path)
                done += 1
                on_progress(Progress(done, len(documents), engine.written))
                yield result
            on_progress(Progress(done, len(documents), engine.written))
    finally:
        engine.drop()
    if unusable:
        raise InputError(
            f"{', '.join(unusable)}: no sentence of it fits into the {writer.room} tokens that a "
            "document may have; break its text into sentences and sections"
        )


def _writer(engine: Engine, form: Format, settings: Settings) -> Writer:
    """What writes plans in a format.

    Raises:
        InputError: a document may have fewer than `LEAST_DOCUMENT` tokens, or an outline is wanted
            of a format that has none.
    """
    if form.name != "staged" and (settings.outline is not None or settings.outline_only):
        raise InputError(
            "an outline is a step of the format staged, and this adapter writes whole plans; name "
            "one of that format (--adapter staged, or a folder)"
        )
    writer = Writer(engine, form, settings)
    if writer.room < LEAST_DOCUMENT:
        raise InputError(
            f"a context of {engine.context} tokens is too small: the prompt takes {writer.frame}, "
            f"the plan up to {settings.max_tokens}, and a document needs {LEAST_DOCUMENT}; give a "
            "larger --context if the model has it, or a smaller --max-tokens"
        )
    return writer


def _result(writing: Writing, form: Format, maker: Maker, settings: Settings, key: str) -> Result:
    """The plan with its record."""
    document = writing.document
    plan = make_draft(
        writing.written(), form, document.text, settings, outline=settings.outline_only
    )
    # What was put right in the best sample is so already where others have complemented it.
    before = writing.samples[writing.chosen].repairs if any(writing.given) else ()
    record = Record(
        key=key,
        document=document.name,
        source=document.source,
        document_sha256=document.sha256,
        maker=maker,
        settings=settings,
        whole=plan.whole,
        finish=plan.finish,
        cut=plan.cut,
        closed_early=writing.closed_early,
        tightened=writing.tightened,
        prompt_tokens=writing.prompt_tokens,
        cached_tokens=writing.cached_tokens,
        completion_tokens=writing.tokens,
        first_token_seconds=_rounded(writing.first_token_seconds),
        seconds=round(writing.seconds, 3),
        left_out=writing.left_out(),
        diagnostics=plan.diagnostics,
        repairs=(*before, *plan.repairs),
        rubric=plan.rubric,
        coverage=plan.coverage,
        grounding=plan.grounding,
        samples=tuple(
            Sample(
                finish=draft.finish,
                tokens=draft.tokens,
                score=draft.rubric.score,
                coverage=draft.coverage,
                grounding=draft.grounding,
                given=given,
            )
            for draft, given in zip(writing.samples, writing.given, strict=True)
        ),
        chosen=writing.chosen,
    )
    samples = tuple(draft.markdown for draft in writing.samples) if settings.keep_samples else ()
    return Result(document, record, plan.markdown, samples=samples)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
