"""Plans from an OpenAI-compatible endpoint: each request once, and every failure with its cause."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from eval.config import EndpointSystem
from eval.predictions import CAUSES, Job, Prediction, Run, Time
from eval.progress import EVERY, Progress
from eval.prompts import prompt_messages, read_prompt
from tickets.endpoint import Endpoint, read_key, request_hash
from tickets.endpoint_client import Client, EndpointError

Say = Callable[[str], None]

GIVE_UP: Final = 10
"""Failures in a row after which the rest is not asked for: the endpoint answers nobody."""


def ask_endpoint(
    system: EndpointSystem,
    jobs: Sequence[Job],
    run: Run,
    say: Say,
    base_url: str | None = None,
    written: Callable[[], int] | None = None,
) -> None:
    """Have an endpoint plan all jobs; each prediction is written as it comes.

    What `run` has of an equal request to the same model is taken over and not bought again. After
    a failure that holds for every request (a wrong key), or many in a row, the rest is not asked
    for.

    Args:
        system: whom to ask, and how.
        jobs: what for.
        run: where predictions are kept.
        say: told of failures, and how far it is.
        base_url: where the endpoint really listens, if it was started for this.
        written: the tokens that it has written up to now, if it tells; else those of the plans
            that have come are counted.

    Raises:
        InputError: the prompt's file or the key is missing.
    """
    endpoint = system.endpoint
    if base_url is not None:
        endpoint = endpoint.model_copy(update={"base_url": base_url})
    prompt = read_prompt(system.prompt)
    key = read_key(endpoint)
    known = run.by_key()
    waiting = []
    for job in jobs:
        request = endpoint.request(
            prompt_messages(prompt, job.case.document, system.document_words),
            max_tokens=system.max_tokens,
            temperature=system.temperature or 0.0,
            seed=job.seed if system.is_drawn else None,
        )
        # Of a server that we start, the model's name alone says who answers.
        place = system.serve or endpoint.base_url
        hashed = request_hash({"request": request, "endpoint": place})
        if hashed in known:
            fields = {"system": system.name, "case": job.case.id, "seed": job.seed}
            run.add(known[hashed].model_copy(update=fields))
        else:
            waiting.append((job, request, hashed))
    if waiting:
        started = time.monotonic()
        asking = _Asking(endpoint, system, len(waiting), run, say)
        asyncio.run(asking.ask_all(waiting, key, written))
        seconds = round(time.monotonic() - started, 3)
        run.add_time(Time(system=system.name, plans=asking.answered, seconds=seconds))


class _Asking:
    """A batch of requests under way."""

    def __init__(
        self, endpoint: Endpoint, system: EndpointSystem, total: int, run: Run, say: Say
    ) -> None:
        self.answered = 0
        self._endpoint, self._system, self._run, self._say = endpoint, system, run, say
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._progress = Progress(system.name, total, system.max_tokens, say)
        self._tokens = self._failed = self._in_a_row = 0
        self._given_up: EndpointError | None = None

    async def ask_all(
        self,
        waiting: list[tuple[Job, dict[str, object], str]],
        key: str | None,
        written: Callable[[], int] | None,
    ) -> None:
        telling = asyncio.create_task(self._tell(written))
        async with Client(self._endpoint, key) as client:
            await asyncio.gather(*(self._one(client, *each) for each in waiting))
        telling.cancel()

    async def _tell(self, written: Callable[[], int] | None) -> None:
        while True:
            await asyncio.sleep(EVERY)
            tokens = self._tokens if written is None else await asyncio.to_thread(written)
            self._progress.tell(self.answered + self._failed, tokens)

    async def _one(self, client: Client, job: Job, request: dict[str, object], hashed: str) -> None:
        place = {"key": hashed, "system": self._system.name, "case": job.case.id, "seed": job.seed}
        try:
            # Whether all is lost is asked when its turn comes, so nothing more is sent then.
            async with self._slots:
                if self._given_up is not None:
                    raise self._given_up
                reply = await client.complete(request)
        except EndpointError as error:
            self._fail(job, error)
            failed = {"outcome": "failed", "cause": error.cause, "detail": str(error)}
            self._run.add(Prediction.model_validate(place | failed))
            return
        self.answered += 1
        self._in_a_row = 0
        self._tokens += reply.completion_tokens or 0
        outcome, cause = _outcome(reply.text, reply.finish)
        self._run.add(
            Prediction.model_validate(
                place
                | {
                    "outcome": outcome,
                    "cause": cause,
                    "text": reply.text,
                    "prompt_tokens": reply.prompt_tokens,
                    "completion_tokens": reply.completion_tokens,
                    "seconds": round(reply.seconds, 3),
                }
            )
        )

    def _fail(self, job: Job, error: EndpointError) -> None:
        """Tell of a failure, and give up if there is no sense in going on."""
        self._failed += 1
        if self._given_up is not None:
            return
        self._in_a_row += 1
        self._say(f"{self._system.name}: {job.case.id}: {error}")
        if error.fatal or self._in_a_row == GIVE_UP:
            self._given_up = error
            why = "" if error.fatal else f" after {GIVE_UP} failures in a row"
            self._say(f"{self._system.name}: the rest is not asked for{why}")


def _outcome(text: str, finish: str) -> tuple[str, str]:
    if not text.strip():
        return "empty", "no word"
    if finish == "stop":
        return "whole", ""
    return "cut", CAUSES.get(finish, f"ended by {finish}")
