"""A teacher labels documents: a model behind an endpoint writes the plans, rules let them pass.

What a folder of labels holds:

    ID.document.md, ID.plan.md     pairs that passed; the build reads these
    review/                        what did not pass, with its findings; the build reads none of it
    records/ID.json                how each label came about
    .planloom/replies/             every reply that was ever paid for, by its request's content

Each reply is kept before it is looked at, so a run that is killed at any point goes on where it
was, and a change of rules judges anew without asking anew.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import filelock
from pydantic import Field, ValidationError

from data.headers import Header, HeaderError, read_header, write_header
from data.redact import redact
from data.teacher_gate import Gate, Verdict, judge
from data.teacher_prompt import ask, ask_again, prompt_hash
from tickets.documents import read_document
from tickets.endpoint import Endpoint, Reply, Usage, read_key, request_hash
from tickets.endpoint_client import Client, EndpointError
from tickets.files import InputError, write_atomic
from tickets.rows import Pair
from tickets.schema import Model

Outcome = Literal["accepted", "review", "failed", "kept", "duplicate"]
"""`kept`: a person has reviewed the pair, so it stays as it is. `duplicate`: of a document of the
same run. `failed`: there was no answer, or the document cannot be read."""

STATE: Final = ".planloom"
_MOST_FAILURES: Final = 5
"""So many documents without an answer in a row end the run: the next would get none either."""
_DOCUMENT_END: Final = ".document"


class TeacherConfig(Model):
    """Who labels, and what passes.

    Attributes:
        endpoint: the teacher.
        max_tokens: of one answer, thoughts included.
        temperature: None leaves it to the endpoint; some models allow nothing else.
        corrections: how often a label may go back with its findings.
        gate: what a label needs beside being free of errors.
        redact: take personal data out of a document before it is sent.
        domain: what the pairs are about; likewise `style` and `licence`, all for documents that
            do not say so in a header of ours.
    """

    endpoint: Endpoint
    max_tokens: Annotated[int, Field(ge=16)] = 8192
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0
    corrections: Annotated[int, Field(ge=0, le=10)] = 2
    gate: Gate = Gate()
    redact: bool = True
    domain: str = "unknown"
    style: str = "unknown"
    licence: str = "unknown"


class Attempt(Model):
    """An answer of the teacher; `bought` tells whether this run paid for it."""

    request_sha256: str
    reply: Reply
    bought: bool
    verdict: Verdict


class Result(Model):
    """What became of a document; `reason` says why there is no pair."""

    source: str
    outcome: Outcome
    id: str = ""
    reason: str = ""
    attempts: tuple[Attempt, ...] = ()


class Report(Model):
    """A run in figures; `stopped` says what ended it early, empty if nothing did."""

    outcomes: dict[Outcome, int]
    repaired: int
    corrected: int
    bought: Usage
    cached: Usage
    bought_cost: float | None
    cached_cost: float | None
    currency: str
    stopped: str

    def text(self) -> str:
        """The report in three lines."""
        count = self.outcomes.get
        others = [f"{n} {name}" for name in ("kept", "duplicate") if (n := count(name))]
        return "\n".join(
            (
                f"{sum(self.outcomes.values())} documents: {count('accepted', 0)} accepted "
                f"({self.repaired} repaired, {self.corrected} corrected by the teacher), "
                f"{count('review', 0)} to review, {count('failed', 0)} failed"
                + "".join(f", {other}" for other in others),
                "bought:     " + self._line(self.bought, self.bought_cost),
                "from cache: " + self._line(self.cached, self.cached_cost),
            )
        )

    def _line(self, usage: Usage, cost: float | None) -> str:
        line = (
            f"{usage.replies:,} replies, {usage.prompt_tokens:,} tokens in, "
            f"{usage.completion_tokens:,} out"
        )
        if usage.uncounted:
            line += f" ({usage.uncounted} replies came without counts)"
        return line + (f", {cost:.4f} {self.currency}" if cost is not None else ", no price given")


class _Sheet(Model):
    """A document as it is sent, and what its pair's header will say."""

    pair: Pair
    source: str


def label(
    paths: Sequence[Path],
    config: TeacherConfig,
    output: Path,
    show: Callable[[Result], None] = lambda _: None,
) -> Report:
    """Label documents and write what comes of them into the folder `output`.

    Args:
        paths: from `tickets.documents.find_documents`.
        config: who labels, and what passes.
        output: the folder; what it has from earlier runs is used.
        show: told of each document when it is done.

    Raises:
        InputError: the key is missing, the folder cannot be written, or another run uses it.
    """
    key = read_key(config.endpoint)
    state = output / STATE
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(state / "lock", timeout=0)
        with lock:
            return asyncio.run(_Run(config, output, show).all(paths, key))
    except filelock.Timeout as error:
        raise InputError(f"{output}: another run is labelling into this folder") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{output}: cannot be written ({reason}); name another folder") from error


class _Run:
    """One run over some documents."""

    def __init__(self, config: TeacherConfig, output: Path, show: Callable[[Result], None]) -> None:
        self.config = config
        self.output = output
        self.show = show
        self.seen: set[str] = set()
        self.results: list[Result] = []
        self.failures = 0

    async def all(self, paths: Sequence[Path], key: str | None) -> Report:
        """Label `paths` with as many workers as the endpoint may have requests."""
        queue = iter(paths)
        stopped = ""
        async with Client(self.config.endpoint, key) as client:
            workers = [
                asyncio.create_task(self._work(queue, client))
                for _ in range(min(self.config.endpoint.concurrency, len(paths)))
            ]
            try:
                await asyncio.gather(*workers)
            except EndpointError as error:
                stopped = str(error)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        return self._report(stopped)

    async def _work(self, queue: Iterator[Path], client: Client) -> None:
        for path in queue:
            try:
                result = await self._label(path, client)
                self.failures = 0
            except InputError:  # the disk is full
                raise
            except EndpointError as error:
                self.failures += 1
                if error.fatal or self.failures == _MOST_FAILURES:
                    raise
                result = Result(source=str(path), outcome="failed", reason=str(error))
            self.results.append(result)
            self.show(result)

    async def _label(self, path: Path, client: Client) -> Result:
        try:
            sheet = self._read(path)
        except (InputError, HeaderError) as error:
            return Result(source=str(path), outcome="failed", reason=str(error))
        pair = sheet.pair
        if pair.id in self.seen:
            return Result(
                source=sheet.source, outcome="duplicate", id=pair.id, reason="was labelled before"
            )
        self.seen.add(pair.id)
        if self._is_reviewed(pair.id):
            return Result(source=sheet.source, outcome="kept", id=pair.id)
        attempts: list[Attempt] = []
        messages = ask(pair.document)
        while len(attempts) <= self.config.corrections:
            attempt = await self._attempt(messages, pair.document, client)
            attempts.append(attempt)
            if not attempt.verdict.faults:
                break
            messages = ask_again(pair.document, attempt.verdict.plan, attempt.verdict.feedback())
        faults = attempts[-1].verdict.faults
        result = Result(
            source=sheet.source,
            outcome="review" if faults else "accepted",
            id=pair.id,
            reason="; ".join(faults),
            attempts=tuple(attempts),
        )
        self._write(pair, result)
        return result

    def _read(self, path: Path) -> _Sheet:
        document = read_document(path)
        if document.note:
            raise InputError(document.note)
        header, text = read_header(document.text)
        if self.config.redact:
            text = redact(text).text
        text = text.strip("\n") + "\n"
        stem = header.id if header else document.name.removesuffix(_DOCUMENT_END)
        name = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-.")[:80] or "document"
        digest = request_hash({"document": text})[:8]
        told = header or Header(
            id=name,
            domain=self.config.domain,
            style=self.config.style,
            author="",
            licence=self.config.licence,
        )
        pair = Pair(
            # Documents of one name are versions of each other, or might be: one group.
            id=f"{name}-{digest}",
            group=told.group or told.id,
            document=text,
            plan="",
            source="teacher",
            author="teacher",
            **told.model_dump(include={"domain", "style", "licence"}),
        )
        return _Sheet(pair=pair, source=str(path))

    def _is_reviewed(self, name: str) -> bool:
        try:
            header, _ = read_header((self.output / f"{name}.plan.md").read_text("utf-8"))
        except (OSError, UnicodeDecodeError, HeaderError):
            return False
        return header is not None and header.reviewed

    async def _attempt(
        self, messages: list[dict[str, str]], document: str, client: Client
    ) -> Attempt:
        config = self.config
        request = config.endpoint.request(
            messages, max_tokens=config.max_tokens, temperature=config.temperature
        )
        digest = request_hash(request)
        path = self.output / STATE / "replies" / digest[:2] / f"{digest}.json"
        reply = _kept_reply(path)
        bought = reply is None
        if reply is None:
            reply = await client.complete(request)
            write_atomic(path, reply.model_dump_json() + "\n")
        verdict = judge(reply.text, reply.finish, document, config.gate)
        return Attempt(request_sha256=digest, reply=reply, bought=bought, verdict=verdict)

    def _write(self, pair: Pair, result: Result) -> None:
        """Write a pair, or what is to be reviewed, and the record; take away what was there."""
        verdict = result.attempts[-1].verdict
        if result.outcome == "review":
            verdict = max(
                (attempt.verdict for attempt in result.attempts),
                key=lambda each: (bool(each.plan), each.score),
            )
        header = self._header(pair)
        review = self.output / "review"
        pairs = {
            self.output / f"{pair.id}.document.md": header + pair.document,
            self.output / f"{pair.id}.plan.md": header + verdict.plan,
        }
        reviews = {
            # No names that the build takes for a pair's, wherever it is pointed at.
            review / f"{pair.id}.source.md": header + pair.document,
            review / f"{pair.id}.label.md": header + verdict.plan,
            review / f"{pair.id}.findings.txt": _findings(pair.id, result, verdict),
        }
        wanted, unwanted = (pairs, reviews) if result.outcome == "accepted" else (reviews, pairs)
        for path in unwanted:
            path.unlink(missing_ok=True)
        for path, content in wanted.items():
            _put(path, content)
        record = json.dumps(self._record(result, verdict), ensure_ascii=False, indent=1)
        _put(self.output / "records" / f"{pair.id}.json", record + "\n")

    def _header(self, pair: Pair) -> str:
        """The header of both files, with the teacher's name as a comment."""
        lines = write_header(pair).removesuffix("---\n\n")
        return f"{lines}# written by the model {self.config.endpoint.model}\n---\n\n"

    def _record(self, result: Result, verdict: Verdict) -> dict[str, Any]:
        config = self.config
        return {
            "id": result.id,
            "outcome": result.outcome,
            "reason": result.reason,
            "source": result.source,
            "model": config.endpoint.model,
            "prompt_sha256": prompt_hash(),
            "max_tokens": config.max_tokens,
            "temperature": config.temperature,
            "gate": config.gate.model_dump(),
            "score": verdict.score,
            "coverage": verdict.coverage,
            "grounding": verdict.grounding,
            "repairs": [repair.render() for repair in verdict.repairs],
            "findings": [finding.render() for finding in verdict.findings],
            "attempts": [
                {
                    "request_sha256": attempt.request_sha256,
                    **attempt.reply.model_dump(exclude={"text"}),
                    "faults": attempt.verdict.faults,
                }
                for attempt in result.attempts
            ],
        }

    def _report(self, stopped: str) -> Report:
        bought, cached = Usage(), Usage()
        accepted = [result for result in self.results if result.outcome == "accepted"]
        for attempt in (attempt for result in self.results for attempt in result.attempts):
            if attempt.bought:
                bought = bought.plus(attempt.reply)
            else:
                cached = cached.plus(attempt.reply)
        price = self.config.endpoint.price
        return Report(
            outcomes=dict(Counter(result.outcome for result in self.results)),
            repaired=sum(bool(result.attempts[-1].verdict.repairs) for result in accepted),
            corrected=sum(len(result.attempts) > 1 for result in accepted),
            bought=bought,
            cached=cached,
            bought_cost=bought.cost(price) if price else None,
            cached_cost=cached.cost(price) if price else None,
            currency=price.currency if price else "",
            stopped=stopped,
        )


def _findings(name: str, result: Result, verdict: Verdict) -> str:
    tries = "\n\n".join(
        f"Answer {number}\n{attempt.verdict.feedback()}"
        for number, attempt in enumerate(result.attempts, start=1)
    )
    kept = (
        f"The best of these is in {name}.label.md. Once it is mended, set `reviewed: true` in both "
        f"headers and move both files to the folder above, as {name}.plan.md (the label) and "
        f"{name}.document.md (the source)."
        if verdict.plan
        else "None of these holds a plan."
    )
    return f"{result.source}\n\n{tries}\n\n{kept}\n"


def _kept_reply(path: Path) -> Reply | None:
    try:
        return Reply.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _put(path: Path, content: str) -> None:
    """Write `content` unless the file holds it: a run that only goes on writes nothing twice."""
    try:
        if path.read_bytes() == content.encode("utf-8"):
            return
    except FileNotFoundError:
        pass
    write_atomic(path, content)
