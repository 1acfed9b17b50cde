"""The build: sources in, a dataset out.

Batches are prepared in processes of their own, and kept in a work folder under a name that stands
for all that they depend on: a build that was killed goes on where it ended, and a later one does
anew only what has changed. Then it is decided over all rows what becomes an example, and the
examples are written. The same input and configuration give the same bytes, with any number of
processes.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
import yaml
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from data.card import write_card
from data.config import BuildConfig
from data.leaks import EVALUATION, Shared, find_shared, judge, write_held_out
from data.log import Log
from data.manifest import NAME, code_hash, file_hash, versions
from data.pictures import write_pictures
from data.prepare import Job, Prepared, prepare
from data.select import (
    Drop,
    Evaluation,
    Rows,
    assign_splits,
    drop_duplicates,
    drop_long,
    drop_unwanted,
    load_rows,
    repetitions,
)
from data.sources import Batch, find_batches, source_facts
from data.split import TEST, TRAIN, VALIDATION
from data.statistics import charts
from data.tokens import tokenizer_hash
from data.workers import Run, workers
from data.write import Writer
from tickets.documents import find_documents, read_document
from tickets.files import InputError
from tickets.formats import FORMATS

Say = Callable[[str, int, int | None], None]
"""Shows progress: the step, how much of it is done, and of how much (None: not known yet)."""


class Built(NamedTuple):
    """The finished dataset: its folder, its manifest, and how many batches were made anew."""

    path: Path
    manifest: dict[str, Any]
    batches: int
    new: int


def build(config: BuildConfig, model: Path, *, work: Path, processes: int, say: Say) -> Built:
    """Build the dataset that `config` describes.

    Args:
        config: what to build from, and into which folder.
        model: the folder of the base model, for its tokenizer and chat template.
        work: where prepared batches are kept from one build to the next.
        processes: how many prepare batches at a time.
        say: shows progress.

    Raises:
        InputError: a source, the model or the output folder cannot be used, or the disk is full;
            then the dataset that was there is as it was.
    """
    output = config.output
    if output.exists() and not (output / NAME).is_file():
        raise InputError(f"{output}: is there already and no dataset; name another output")
    fresh = output.with_name(f".{output.name}.building")
    try:
        work.mkdir(parents=True, exist_ok=True)
        output.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(work / "lock", timeout=0):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            try:
                built = _build(config, model, fresh, work, processes, say)
                _replace(fresh, output)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    except Timeout as error:
        raise InputError(
            f"{work}: another build is at work there; wait, or name another"
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{output}: cannot be built ({reason}); what is prepared stays in {work}, so the same "
            "command goes on from there"
        ) from error
    return built._replace(path=output)


def _build(
    config: BuildConfig, model: Path, folder: Path, work: Path, processes: int, say: Say
) -> Built:
    evaluation = list(_evaluation(config.leaks.evaluation))
    job = Job(
        work=work, model=model, tokenizer=tokenizer_hash(model), code=code_hash(),
        likeness=config.near.likeness, words=config.near.words,
    )  # fmt: skip
    with Log(folder, [source.name for source in config.sources]) as log, workers(processes) as run:
        batches = []
        with (folder / "sources.sha256").open("w", encoding="utf-8") as hashes:
            for number, batch, done in _prepared(config, job, run):
                hashes.writelines(f"{digest}  {name}\n" for name, digest in batch.files)
                log.prepared(number, done)
                batches.append((number, done))
                say("read and checked", sum(done.rows for _, done in batches), None)
        rows = load_rows([(done.path, number) for number, done in batches])
        ranks = assign_splits(rows, config)
        kept = np.ones(len(rows), np.bool_)
        log.drop(rows, kept, drop_unwanted(rows, ranks, config))
        log.drop(rows, kept, drop_duplicates(rows, ranks, kept, config, evaluation))
        say("compared", len(rows), len(rows))
        phrases = _drop_leaks(rows, ranks, kept, config, evaluation, work, run, log, say)
        log.drop(rows, kept, drop_long(rows, kept, config.limits))
        times, drops = repetitions(rows, ranks, kept, config)
        log.drop(rows, kept, drops)
        log.close()

    writer = Writer(folder, [source.name for source in config.sources])
    writer.splits(rows, ranks, times, lambda done: say("written", done, len(rows.files)))
    say("chosen for CPU", 0, None)
    writer.cpu(rows, ranks, times, config.cpu, [source.weight for source in config.sources])
    statistics = writer.statistics()
    if "train" not in statistics:
        raise InputError(
            f"{config.output}: no training example is left; rejected were {log.counts()}"
        )
    (folder / "config.yaml").write_text(
        yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True), "utf-8"
    )
    manifest = {
        "formats": {name: form.hash for name, form in FORMATS.items()},
        "model": config.model,
        "tokenizer_hash": job.tokenizer,
        "code_hash": job.code,
        "versions": versions(),
        "sources": [
            {"name": source.name, "kind": source.kind, "weight": source.weight,
             **source_facts(source), **log.source(number),
             "kept": int(((rows.source == number) & (times > 0)).sum())}
            for number, source in enumerate(config.sources)
        ],
        "evaluation_documents": len(evaluation),
        "set_phrases": phrases,
        "rejected": log.counts(),
        "statistics": statistics,
        "staged": writer.steps,
    }  # fmt: skip
    pictures = charts(statistics, log.counts())
    write_pictures(folder, pictures)
    write_card(folder, config, manifest, pictures)
    made = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest["files"] = {path.relative_to(folder).as_posix(): file_hash(path) for path in made}
    (folder / NAME).write_text(
        json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    _prune(work, {done.path for _, done in batches})
    return Built(folder, manifest, len(batches), sum(done.new for _, done in batches))


def _prepared(
    config: BuildConfig, job: Job, run: Run[Prepared]
) -> Iterator[tuple[int, Batch, Prepared]]:
    """Each batch with the number of its source, and what became of it."""
    batches = chain.from_iterable(
        ((number, batch) for batch in find_batches(source))
        for number, source in enumerate(config.sources)
    )
    given: list[tuple[int, Batch]] = []

    def calls() -> Iterator[tuple[Batch, Job]]:
        for number, batch in batches:
            given.append((number, batch))
            yield batch, job

    for done in run(prepare, calls()):
        number, batch = given.pop(0)
        yield number, batch, done


def _drop_leaks(
    rows: Rows, ranks: NDArray[np.int8], kept: NDArray[np.bool_], config: BuildConfig,
    evaluation: Sequence[Evaluation], work: Path, run: Run[list[Shared]], log: Log, say: Say,
) -> int:  # fmt: skip
    """Leave out what shares runs of words with held-out text; how many set phrases there are."""
    length = config.leaks.words

    def held_out() -> Iterator[tuple[int, str]]:
        for each in evaluation:
            yield EVALUATION, each.text
        for batch in np.unique(rows.batch[kept & (ranks < TRAIN)]):
            table = pq.read_table(rows.files[batch], columns=["document", "content"])
            start = int(rows.starts[batch])
            for place, columns in enumerate(table.to_pylist()):
                if kept[start + place] and ranks[start + place] in (TEST, VALIDATION):
                    text = columns["document"] + "\n\n" + columns["content"]
                    yield int(ranks[start + place]), text

    write_held_out(work, held_out(), length)
    checked = np.where(kept, ranks, EVALUATION).astype(np.int8)
    ends = np.append(rows.starts, len(rows))
    calls = (
        (path, checked[ends[number] : ends[number + 1]], work, length)
        for number, path in enumerate(rows.files)
    )
    shared: list[Shared] = []
    for number, found in enumerate(run(find_shared, calls)):
        start = int(rows.starts[number])
        shared += [each._replace(row=start + each.row) for each in found]
        say("searched for leaks", number + 1, len(rows.files))
    leaks, phrases = judge(shared, work, config.leaks.common)
    log.drop(
        rows,
        kept,
        (
            Drop(leak.row, "leak", f"{leak.runs} runs of {length} words are held out: {leak.words}")
            for leak in leaks
        ),
    )
    return phrases


def _evaluation(places: Sequence[Path]) -> Iterator[Evaluation]:
    """The documents that are only evaluated on.

    Raises:
        InputError: one of them cannot be read: a proof that leaves it out would be none.
    """
    for path in find_documents(places) if places else ():
        yield Evaluation(path.as_posix(), read_document(path).text)


def _replace(fresh: Path, output: Path) -> None:
    """Put the new dataset in the place of the old one."""
    old = output.with_name(f".{output.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    fresh.rename(output)
    shutil.rmtree(old, ignore_errors=True)


def _prune(work: Path, used: set[Path]) -> None:
    """Take out batches that the finished build had no use for."""
    for path in work.glob("??/*.parquet"):
        if path not in used:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
