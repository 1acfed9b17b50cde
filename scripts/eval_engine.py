"""Our own engine as a system of a benchmark, in a process of its own.

    python -m scripts.eval_engine RUN SYSTEM...

The systems have one model, adapter and context, so the engine is started once for all. What a
crash leaves behind is whole: each plan is written as it comes.
"""

import hashlib
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from eval.config import EngineSystem
from eval.predictions import CAUSES, Job, Prediction, Run, Time, missing
from eval.progress import Progress
from inference.checksums import text_hash
from inference.engine import Engine
from inference.plan import Result, open_engine, plan_documents
from inference.record import Maker, Settings, run_key
from tickets.documents import Document
from tickets.files import InputError


def main() -> None:
    """Plan what the named systems of the run have not planned yet."""
    run = Run(Path(sys.argv[1]))
    config = run.config()
    systems = [s for s in config.systems if s.name in sys.argv[2:] and isinstance(s, EngineSystem)]
    cases, done = run.cases(), run.predictions()
    todo = [
        (system, missing([Job(c, seed) for c in cases for seed in config.seeds_of(system)], done,
                         system.name))
        for system in systems
    ]  # fmt: skip
    first = systems[0]
    try:
        engine, maker = open_engine(
            first.model,
            adapter=first.adapter,
            documents=max(1, max(len(jobs) for _, jobs in todo)),
            samples=max((s.samples for s in systems if s.samples), default=None),
            context=first.context,
            say=_say,
        )
        for system, jobs in todo:
            plan_jobs(engine, maker, system, jobs, run)
    except InputError as error:
        _say(str(error))
        sys.exit(2)


def plan_jobs(
    engine: Engine, maker: Maker, system: EngineSystem, jobs: Sequence[Job], run: Run
) -> None:
    """Plan the jobs of one system, seed by seed, in batches.

    What the run has by the same model, settings and document is taken over.
    """
    known = run.by_key()
    for seed, group in groupby(sorted(jobs, key=lambda job: job.seed), lambda job: job.seed):
        settings = Settings(
            decoding=system.decoding,
            repair=False,
            samples=system.samples,
            temperature=system.temperature,
            seed=seed,
            max_tokens=system.max_tokens,
        ).of(maker.form)
        waiting: dict[str, Document] = {}
        keys: dict[str, str] = {}
        for job in group:
            document = _document(job)
            key = text_hash(run_key(document.sha256, maker, settings), str(engine.context))
            keys[document.name] = key
            if key in known:
                fields = {"system": system.name, "case": job.case.id, "seed": seed}
                run.add(known[key].model_copy(update=fields))
            else:
                waiting[document.name] = document
        if waiting:
            _plan_batch(engine, maker, system, settings, waiting, keys, run)


def _plan_batch(
    engine: Engine,
    maker: Maker,
    system: EngineSystem,
    settings: Settings,
    waiting: dict[str, Document],
    keys: dict[str, str],
    run: Run,
) -> None:
    """Plan the documents that are waiting, by their names; `keys` has what plans are kept by."""
    engine.count_tokens("")  # starts vLLM, which is no part of the time that a plan takes
    progress = Progress(
        system.name, len(waiting), system.max_tokens * (settings.samples or 1), _say
    )
    started, made, before = time.monotonic(), 0, engine.written
    try:
        for result in plan_documents(
            engine,
            maker,
            list(waiting.values()),
            settings,
            on_progress=lambda at: progress.tell(at.done, at.tokens - before),
        ):
            run.add(_prediction(result, system.name, settings.seed, keys[result.document.name]))
            del waiting[result.document.name]
            made += 1
    except InputError as error:
        for name in waiting:
            failed = {"outcome": "failed", "cause": "engine", "detail": str(error)}
            place = {"key": keys[name], "system": system.name, "case": name, "seed": settings.seed}
            run.add(Prediction.model_validate(place | failed))
        _say(f"{system.name}: {error}")
    if made:
        seconds = round(time.monotonic() - started, 3)
        run.add_time(Time(system=system.name, plans=made, seconds=seconds))


def _document(job: Job) -> Document:
    text = job.case.document
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Document(name=job.case.id, text=text, source=job.case.id, sha256=digest)


def _prediction(result: Result, system: str, seed: int, key: str) -> Prediction:
    record = result.record
    is_empty = not result.markdown.strip()
    return Prediction(
        key=key,
        system=system,
        case=result.document.name,
        seed=seed,
        outcome="empty" if is_empty else "whole" if record.whole else "cut",
        cause="no word" if is_empty else CAUSES.get(record.finish, ""),
        text=result.markdown,
        prompt_tokens=record.prompt_tokens,
        completion_tokens=record.completion_tokens,
        seconds=record.seconds,
    )


def _say(text: str) -> None:
    print(f"planloom: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
