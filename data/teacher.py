"""A teacher labels documents: a model behind an endpoint writes the plans, rules let them pass.

Each reply is kept before it is looked at, so a run that is killed at any point goes on where it
was, and a change of the rules judges anew without asking anew.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from data.redact import redact
from data.teacher_gate import Gate, judge
from data.teacher_output import Attempt, Outcome, Output, Result
from data.teacher_prompt import ask, ask_again, prompt_hash
from tickets.documents import read_document
from tickets.endpoint import Endpoint, Usage, read_key, request_hash
from tickets.endpoint_client import Client, EndpointError
from tickets.files import InputError
from tickets.headers import Header, HeaderError, read_header
from tickets.rows import Pair
from tickets.rules_base import counted
from tickets.schema import Model

_MOST_FAILURES: Final = 5
"""So many documents without an answer in a row end the run: the next would get none either."""


class TeacherConfig(Model):
    """Who labels, and what passes.

    Attributes:
        endpoint: the teacher.
        max_tokens: of one answer, thoughts included.
        temperature: None leaves it to the endpoint; some models allow nothing else.
        corrections: how often a label may go back with its findings.
        gate: what a label needs beside being free of errors.
        redact: take personal data out of a document before it is sent.
        domain: what the pairs are about; like `style` and `licence`, for documents that do not
            say so in a header of ours.
        style: see `domain`.
        licence: see `domain`.
    """

    endpoint: Endpoint
    max_tokens: Annotated[int, Field(ge=16)] = 8192
    temperature: Annotated[float, Field(ge=0, le=2)] | None = 0.0
    corrections: Annotated[int, Field(ge=0, le=10)] = 2
    gate: Gate = Gate()
    redact: bool = True
    domain: str = "unknown"
    style: str = "unknown"
    licence: str = "unknown"


class Report(Model):
    """A run in figures.

    Attributes:
        outcomes: how many documents came to what.
        repaired: accepted ones in which the rules put something right.
        corrected: accepted ones that the teacher had to write more than once.
        bought: replies that this run asked for.
        cached: replies that earlier runs had asked for.
        costs: of both, in `currency`; None if the endpoint has no price.
        currency: of the price.
        stopped: what ended the run early; empty if nothing did.
    """

    outcomes: dict[Outcome, int]
    repaired: int
    corrected: int
    bought: Usage
    cached: Usage
    costs: tuple[float, float] | None
    currency: str
    stopped: str

    def text(self) -> str:
        """The report in three lines."""
        count = self.outcomes.get
        others = [f", {n} {name}" for name in ("kept", "duplicate") if (n := count(name))]
        costs = self.costs or (None, None)
        documents = counted(sum(self.outcomes.values()), "document")
        return "\n".join(
            (
                f"{documents}: {count('accepted', 0)} accepted "
                f"({self.repaired} repaired, {self.corrected} corrected by the teacher), "
                f"{count('review', 0)} to review, {count('failed', 0)} failed{''.join(others)}",
                f"bought:     {self._line(self.bought, costs[0])}",
                f"from cache: {self._line(self.cached, costs[1])}",
            )
        )

    def _line(self, usage: Usage, cost: float | None) -> str:
        tokens = f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out"
        line = f"{counted(usage.replies, 'answer')}, {tokens}"
        if usage.uncounted:
            line += f" ({usage.uncounted} came without counts)"
        return line + (f", {cost:.4f} {self.currency}" if cost is not None else "")


def label(
    paths: Sequence[Path],
    config: TeacherConfig,
    output: Path,
    show: Callable[[Result], None] = lambda _: None,
) -> Report:
    """Label documents and write what comes of them into a folder (see `data.teacher_output`).

    Args:
        paths: from `tickets.documents.find_documents`.
        config: who labels, and what passes.
        output: the folder; what it has from earlier runs is used.
        show: told of each document when it is done.

    Raises:
        InputError: the key is missing, the folder cannot be written, or another run uses it.
    """
    key = read_key(config.endpoint)
    folder = Output(output)
    try:
        return asyncio.run(_Run(config, folder, show).all(paths, key))
    finally:
        folder.close()


class _Run:
    """One run over some documents."""

    def __init__(
        self, config: TeacherConfig, output: Output, show: Callable[[Result], None]
    ) -> None:
        self.config = config
        self.output = output
        self.show = show
        self.settings = {
            **config.endpoint.model_dump(include={"model", "extra"}),
            "prompt_sha256": prompt_hash(),
            **config.model_dump(include={"max_tokens", "temperature", "gate"}),
        }
        self.seen: set[str] = set()
        self.outcomes: Counter[Outcome] = Counter()
        self.repaired = self.corrected = self.failures = 0
        self.bought, self.cached = Usage(), Usage()

    async def all(self, paths: Sequence[Path], key: str | None) -> Report:
        """Label `paths` with as many workers as the endpoint may have requests."""
        endpoint = self.config.endpoint
        queue = iter(paths)
        stopped = ""
        async with Client(endpoint, key) as client:
            workers = [
                asyncio.create_task(self._work(queue, client))
                for _ in range(min(endpoint.concurrency, len(paths)))
            ]
            try:
                await asyncio.gather(*workers)
            except EndpointError as error:
                stopped = str(error)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)
        price = endpoint.price
        return Report(
            outcomes=dict(self.outcomes),
            repaired=self.repaired,
            corrected=self.corrected,
            bought=self.bought,
            cached=self.cached,
            costs=(self.bought.cost(price), self.cached.cost(price)) if price else None,
            currency=price.currency if price else "",
            stopped=stopped,
        )

    async def _work(self, queue: Iterator[Path], client: Client) -> None:
        for path in queue:
            try:
                self._count(await self._label(path, client))
                self.failures = 0
            except EndpointError as error:
                self._count(Result(source=str(path), outcome="failed", reason=str(error)))
                self.failures += 1
                if error.fatal or self.failures >= _MOST_FAILURES:
                    raise

    def _count(self, result: Result) -> None:
        self.outcomes[result.outcome] += 1
        if result.outcome == "accepted":
            self.repaired += bool(result.verdict.repairs)
            self.corrected += len(result.attempts) > 1
        self.show(result)

    async def _label(self, path: Path, client: Client) -> Result:
        source = str(path)
        try:
            pair = self._read(path)
        except (InputError, HeaderError) as error:
            return Result(source=source, outcome="failed", reason=str(error))
        if pair.id in self.seen:
            return Result(source=source, outcome="duplicate", id=pair.id)
        self.seen.add(pair.id)
        if self.output.is_reviewed(pair.id):
            return Result(source=source, outcome="kept", id=pair.id)
        attempts: list[Attempt] = []
        messages = ask(pair.document)
        plan = ""
        for number in range(1 + self.config.corrections):
            attempt = await self._attempt(number, messages, pair.document, client)
            attempts.append(attempt)
            before, plan = plan, attempt.verdict.plan
            if not attempt.verdict.faults or plan == before != "":
                break  # a teacher that gives back the same plan has nothing else to give
            messages = ask_again(pair.document, plan, attempt.verdict.feedback())
        faults = attempts[-1].verdict.faults
        result = Result(
            source=source,
            outcome="review" if faults else "accepted",
            id=pair.id,
            reason="; ".join(faults),
            attempts=tuple(attempts),
        )
        self.output.write(pair, result, self.settings)
        return result

    def _read(self, path: Path) -> Pair:
        """The pair that is to be, its plan still empty."""
        document = read_document(path)
        if document.note:  # letters that were guessed are nothing to learn from
            raise InputError(document.note)
        header, text = read_header(document.text)
        if self.config.redact:
            text = redact(text).text
        text = text.strip("\n") + "\n"
        stem = header.id if header else document.name.removesuffix(".document")
        name = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-.")[:80] or "document"
        told = header or Header(
            id=name,
            domain=self.config.domain,
            style=self.config.style,
            author="unknown",
            licence=self.config.licence,
        )
        return Pair(
            id=f"{name}-{request_hash({'document': text})[:8]}",
            document=text,
            plan="",
            source="teacher",
            domain=told.domain,
            style=told.style,
            author="teacher",
            licence=told.licence,
            # Documents of one name are, or might be, versions of each other.
            group=told.group or told.id,
        )

    async def _attempt(
        self, number: int, messages: list[dict[str, str]], document: str, client: Client
    ) -> Attempt:
        config = self.config
        request = config.endpoint.request(
            messages, max_tokens=config.max_tokens, temperature=config.temperature
        )
        # A second answer to the same words, after an empty one say, is another answer.
        digest = request_hash({**request, "attempt": number})
        reply = self.output.reply(digest)
        if reply is None:
            reply = await client.complete(request)
            self.output.keep_reply(digest, reply)
            self.bought = self.bought.plus(reply)
        else:
            self.cached = self.cached.plus(reply)
        verdict = judge(reply.text, reply.finish, document, config.gate)
        return Attempt(request_sha256=digest, reply=reply, verdict=verdict)
