"""Plans from an OpenAI-compatible endpoint: each request once, and every failure with its cause."""

import asyncio
import time
from collections.abc import Callable, Sequence

from eval.config import EndpointSystem
from eval.predictions import Job, Prediction, Run, Time
from eval.prompts import prompt_messages, read_prompt
from tickets.endpoint import Endpoint, read_key, request_hash
from tickets.endpoint_client import Client, EndpointError

Say = Callable[[str], None]


def ask_endpoint(
    system: EndpointSystem, jobs: Sequence[Job], run: Run, say: Say, base_url: str | None = None
) -> None:
    """Have an endpoint plan all jobs; each prediction is written as it comes.

    What `run` has of an equal request to the same model is taken over and not bought again. After
    a failure that holds for every request (a wrong key) the rest is not asked for.

    Args:
        system: whom to ask, and how.
        jobs: what for.
        run: where predictions are kept.
        say: told of failures.
        base_url: where the endpoint really listens, if it was started for this.

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
        count = asyncio.run(_ask(endpoint, system, waiting, key, run, say))
        seconds = round(time.monotonic() - started, 3)
        run.add_time(Time(system=system.name, plans=count, seconds=seconds))


async def _ask(
    endpoint: Endpoint,
    system: EndpointSystem,
    waiting: list[tuple[Job, dict[str, object], str]],
    key: str | None,
    run: Run,
    say: Say,
) -> int:
    """Ask for all; the number of answers."""
    answered = 0
    given_up: EndpointError | None = None

    async def one(client: Client, job: Job, request: dict[str, object], hashed: str) -> None:
        nonlocal answered, given_up
        place = {"key": hashed, "system": system.name, "case": job.case.id, "seed": job.seed}
        try:
            if given_up is not None:
                raise given_up
            reply = await client.complete(request)
        except EndpointError as error:
            if given_up is None:
                say(f"{system.name}: {job.case.id}: {error}")
                given_up = error if error.fatal else None
            failed = {"outcome": "failed", "cause": error.cause, "detail": str(error)}
            run.add(Prediction.model_validate(place | failed))
            return
        answered += 1
        outcome, cause = _outcome(reply.text, reply.finish)
        run.add(
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

    async with Client(endpoint, key) as client:
        # A batch at a time, so that after a fatal failure nothing more is sent.
        size = endpoint.concurrency
        for start in range(0, len(waiting), size):
            await asyncio.gather(*(one(client, *each) for each in waiting[start : start + size]))
    return answered


def _outcome(text: str, finish: str) -> tuple[str, str]:
    if not text.strip():
        return "empty", "no word"
    if finish == "stop":
        return "whole", ""
    return "cut", "cut at the token limit" if finish == "length" else f"ended by {finish}"
