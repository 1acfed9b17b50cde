"""Predictions as they lie in a run's folder: written the moment they come, found again by content.

RUN/config.yaml            the resolved configuration
RUN/cases.jsonl            the documents with what they are judged by
RUN/predictions/NAME.jsonl a line for each plan of a system
RUN/plans/NAME/ID.0.md     the same plans to read, by document and seed
RUN/times.jsonl            how long each batch of a system took
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from eval.config import EvalConfig
from eval.pairs import Case, read_folder
from eval.score import read_reference
from eval.work_plans import read_work_plan
from tickets.config import load_config
from tickets.files import InputError, write_atomic
from tickets.schema import Model

Row = TypeVar("Row", bound=BaseModel)
Outcome = Literal["whole", "cut", "empty", "failed"]
"""A plan that ended by itself; one that was cut; no word at all; no answer (the harness's or the
endpoint's fault, so unscored)."""

CAUSES: Final = {"length": "cut at the token limit", "repetition": "went round in circles"}


class Job(NamedTuple):
    """A plan to be made: of a case, with a seed."""

    case: Case
    seed: int


class Prediction(Model):
    """A system's plan for a document, as the model wrote it.

    Attributes:
        key: hash of all that it depends on; equal keys need no second request.
        system, case, seed: whose it is.
        outcome: see `Outcome`; `cause` says why, unless it is whole.
        text: the plan; what there is of it if it was cut.
        prompt_tokens, completion_tokens: None where an endpoint does not count.
        seconds: from the request to the last token.
        detail: in words, for one that failed.
    """

    key: str
    system: str
    case: str
    seed: int
    outcome: Outcome
    cause: str = ""
    text: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0
    detail: str = ""


class Time(Model):
    """A batch: how many plans a system made in how many seconds."""

    system: str
    plans: int
    seconds: float


class Run:
    """A run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing here, so that two do not ask for the same plan.

        The system takes the lock back when this process ends, however it ends.

        Raises:
            InputError: another one is writing here, or nobody can.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY)
        except OSError as error:
            raise InputError(f"{self.folder}: cannot be written ({error.strerror})") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"{self.folder}: another command is at work here; wait for its end, or name "
                    "another place with output=DIR"
                ) from error
            yield
        finally:
            os.close(descriptor)

    def begin(self, config: EvalConfig) -> None:
        """Write configuration and cases; what is there of predictions stays.

        Raises:
            InputError: a folder of documents cannot be read, or two documents have one id.
        """
        cases = read_cases(config)
        text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_atomic(self.folder / "config.yaml", text)
        lines = (case.model_dump_json() + "\n" for case in cases)
        write_atomic(self.folder / "cases.jsonl", "".join(lines))

    def config(self) -> EvalConfig:
        """The configuration.

        Raises:
            InputError: this is no run's folder, or of a version whose configuration was another.
        """
        path = self.folder / "config.yaml"
        if not path.is_file():
            raise InputError(
                f"{self.folder}: is no folder of a run (it has no config.yaml); make one with "
                "`./planloom eval CONFIG`"
            )
        return load_config(EvalConfig, path)

    def cases(self) -> list[Case]:
        """The documents."""
        return list(read_lines(self.folder / "cases.jsonl", Case))

    def predictions(self) -> list[Prediction]:
        """The last prediction for each system, case and seed of the configuration.

        Raises:
            InputError: a line in the middle of a file cannot be read.
        """
        config = self.config()
        wanted = {
            (system.name, case.id, seed)
            for system in config.systems
            for case in self.cases()
            for seed in config.seeds_of(system)
        }
        last = {(each.system, each.case, each.seed): each for each in self._all()}
        return [prediction for place, prediction in last.items() if place in wanted]

    def by_key(self) -> dict[str, Prediction]:
        """What has been predicted, by whatever system's name; failures are to be tried again."""
        return {each.key: each for each in self._all() if each.outcome != "failed"}

    def add(self, prediction: Prediction) -> None:
        """Write a prediction: its line, and its plan to read."""
        append_line(self.folder / "predictions" / f"{prediction.system}.jsonl", prediction)
        name = f"{prediction.case}.{prediction.seed}.md"
        write_atomic(self.folder / "plans" / prediction.system / name, prediction.text)

    def add_time(self, time: Time) -> None:
        """Write how long a batch took."""
        append_line(self.folder / "times.jsonl", time)

    def times(self) -> list[Time]:
        """The batches."""
        return list(read_lines(self.folder / "times.jsonl", Time))

    def _all(self) -> Iterator[Prediction]:
        for path in sorted((self.folder / "predictions").glob("*.jsonl")):
            yield from read_lines(path, Prediction)


def read_cases(config: EvalConfig) -> list[Case]:
    """The documents of a configuration.

    Raises:
        InputError: a folder cannot be read, none of its documents is wanted, or an id stands twice.
    """
    cases: dict[str, Case] = {}
    for source in config.documents:
        found = [
            case
            for case in read_folder(source.path)
            if not source.domains or case.domain in source.domains
        ][: source.most]
        if not found:
            raise InputError(f"{source.path}: no document is of {', '.join(source.domains)}")
        for case in found:
            if case.id in cases:
                raise InputError(
                    f"{source.path}: the id {case.id} stands in another folder too; rename the "
                    "file, or give this folder a run of its own"
                )
            check_case(case, source.path)
            cases[case.id] = case
    return list(cases.values())


def check_case(case: Case, folder: Path) -> None:
    """Raise `InputError` where a case has a reference or work plan that nothing can be like."""
    try:
        if case.reference is not None:
            read_reference(case.reference)
    except ValueError as error:
        raise InputError(f"{folder / case.id}.plan.md: {error}") from error
    if case.work_plan is not None and not read_work_plan(case.work_plan):
        raise InputError(
            f"{folder / case.id}.work-plan.md: holds no work item: no list, table or ticket heading"
        )


def append_line(path: Path, row: BaseModel) -> None:
    """Add a row to a JSONL file, in one piece, on the disk when this returns.

    Half a line that a kill left at the end is closed first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = (row.model_dump_json() + "\n").encode()
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                data = b"\n" + data
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path, model: type[Row]) -> Iterator[Row]:
    """The rows of a JSONL file; none if it is not there. What a kill cut off is left out.

    Raises:
        InputError: a line is whole JSON, and no such row.
    """
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield model.model_validate_json(line)
        except ValidationError as error:
            if _is_json(line):
                fault = error.errors()[0]
                place = ".".join(map(str, fault["loc"]))
                raise InputError(
                    f"{path}:{number}: {place}: {fault['msg']}; remove this line"
                ) from error


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def missing(jobs: Iterable[Job], done: Iterable[Prediction], system: str) -> list[Job]:
    """The jobs of a system that have no prediction yet."""
    have = {(p.case, p.seed) for p in done if p.system == system and p.outcome != "failed"}
    return [job for job in jobs if (job.case.id, job.seed) not in have]
