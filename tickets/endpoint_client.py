"""A client for OpenAI-compatible chat endpoints, hosted or one's own.

It asks only the endpoint that a configuration names, and only when `Client.complete` is called.
"""

import asyncio
import email.utils
import json
import random
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from tickets.endpoint import Endpoint, Reply

if TYPE_CHECKING:
    import httpx

Cause = Literal[
    "key", "not-found", "quota", "unreachable", "refused", "rate-limit", "server", "timeout",
    "malformed",
]  # fmt: skip
"""Why there is no reply. The first four hold for every further request too."""

FATAL: Final[frozenset[Cause]] = frozenset({"key", "not-found", "quota", "unreachable"})
AGAIN: Final[frozenset[Cause]] = frozenset(
    {"unreachable", "rate-limit", "server", "timeout", "malformed"}
)
"""What a second try may mend."""

LONGEST_WAIT: Final = 600.0
"""Seconds; an endpoint that asks for a longer pause has used up its quota."""
LARGEST_REPLY: Final = 32 * 1024 * 1024
_LONGEST_BACKOFF: Final = 60.0
_CONNECT: Final = 10.0
_TRANSIENT: Final = frozenset({408, 409, 425, 429})
"""Statuses below 500 that ask for another try (RFC 9110, RFC 8470, RFC 6585)."""


class EndpointError(Exception):
    """A request without a reply, after all its tries; `cause` says why in a word."""

    def __init__(self, message: str, cause: Cause, wait: float | None = None) -> None:
        """Take a message, the cause, and the seconds that the endpoint asks to wait, if any."""
        super().__init__(message)
        self.cause = cause
        self.wait = wait

    @property
    def fatal(self) -> bool:
        """Whether any other request would fail as well."""
        return self.cause in FATAL


class Client:
    """Sends requests to one endpoint, within its rate and concurrency, and tries again.

    An async context manager for one event loop; `complete` may run any number of times at once.
    """

    def __init__(self, endpoint: Endpoint, key: str | None) -> None:
        """Make a client; `key` comes from `read_key`."""
        self._endpoint = endpoint
        self._key = key
        self._slots = asyncio.Semaphore(endpoint.concurrency)
        self._next = 0.0  # when the next request may be sent, on the loop's clock
        self._http: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        import httpx

        local = urlsplit(self._endpoint.base_url).hostname in ("localhost", "127.0.0.1", "::1")
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else None,
            # The time of the whole request is limited in _send.
            timeout=httpx.Timeout(None, connect=_CONNECT),
            limits=httpx.Limits(max_connections=self._endpoint.concurrency),
            trust_env=not local,  # a proxy cannot reach this machine
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def complete(self, request: Mapping[str, Any]) -> Reply:
        """The reply to a request made by `Endpoint.request`.

        Between tries it waits for as long as the endpoint asks (`Retry-After`, which then holds
        for all requests), else twice as long each time, with jitter, so that requests that failed
        together do not come back together (AWS Architecture Blog, "Exponential Backoff And
        Jitter", 2015: equal jitter).

        Raises:
            EndpointError: there is none, after all tries.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                async with self._slots:
                    await self._turn()
                    reply = await self._send(request)
                return reply.model_copy(update={"tries": attempt})
            except EndpointError as error:
                if error.cause not in AGAIN:
                    raise
                if attempt > self._endpoint.retries:
                    tries = f" (tried {attempt} times)" if attempt > 1 else ""
                    raise EndpointError(f"{error}{tries}", error.cause) from error
                wait = error.wait
            if wait:
                self._next = max(self._next, asyncio.get_running_loop().time() + wait)
            else:
                longest = min(_LONGEST_BACKOFF, self._endpoint.backoff * 2 ** (attempt - 1))
                await asyncio.sleep(random.uniform(longest / 2, longest))

    async def _turn(self) -> None:
        """Wait until the rate, and a pause that the endpoint asked for, let a request be sent."""
        loop = asyncio.get_running_loop()
        rate = self._endpoint.requests_per_minute
        while (wait := self._next - loop.time()) > 0:
            await asyncio.sleep(wait)
        if rate:
            self._next = loop.time() + 60 / rate

    async def _send(self, request: Mapping[str, Any]) -> Reply:
        import httpx

        url = f"{self._endpoint.base_url}/chat/completions"
        started = time.monotonic()
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._endpoint.timeout),
                self._http.stream("POST", url, json=request) as response,
            ):
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > LARGEST_REPLY:
                        limit = f"over {LARGEST_REPLY // 2**20} MB"
                        raise EndpointError(f"{url}: the reply is {limit}", "malformed")
        except (TimeoutError, httpx.TimeoutException) as error:
            if isinstance(error, httpx.ConnectTimeout):
                raise EndpointError(f"{url}: cannot be reached", "unreachable") from error
            seconds = f"{self._endpoint.timeout:g} s"
            raise EndpointError(f"{url}: no reply within {seconds}", "timeout") from error
        except httpx.ConnectError as error:
            raise EndpointError(
                f"{url}: cannot be reached ({error}); is it running, is the address right?",
                "unreachable",
            ) from error
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise EndpointError(f"{url}: the reply broke off ({reason})", "server") from error
        if response.status_code != 200:
            raise self._failure(url, response.status_code, response.headers, bytes(body))
        return _read_reply(url, self._endpoint.model, bytes(body), time.monotonic() - started)

    def _failure(
        self, url: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> EndpointError:
        code, said = _said(body)
        if self._key:
            said = said.replace(self._key, "…")
        what = f"{url}: status {status}" + (f", {said}" if said else "")
        if status in (401, 403):
            key = self._endpoint.key_env
            remedy = f"the key in {key} is refused" if key else "a key is needed: set key_env"
            return EndpointError(f"{what}; {remedy}", "key")
        if status == 404:
            model = self._endpoint.model
            remedy = f"look at base_url (it mostly ends in /v1) and at the model's name, {model}"
            return EndpointError(f"{what}; {remedy}", "not-found")
        if status == 402 or code == "insufficient_quota":
            return EndpointError(f"{what}; the account has no credit left", "quota")
        if status not in _TRANSIENT and status < 500:
            return EndpointError(what, "refused")
        wait = _retry_after(headers.get("retry-after", ""))
        if wait is not None and wait > LONGEST_WAIT:
            return EndpointError(f"{what}; it asks for a pause of {wait:.0f} s", "quota")
        return EndpointError(what, "rate-limit" if status == 429 else "server", wait)


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Counts(BaseModel):
    prompt_tokens: int | None = Field(default=None, ge=0)
    completion_tokens: int | None = Field(default=None, ge=0)


class _Completion(BaseModel):
    """The parts of a chat completion that are used; what else there is does not matter."""

    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: _Counts | None = None


def _read_reply(url: str, model: str, body: bytes, seconds: float) -> Reply:
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError as error:
        _, said = _said(body)
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        reason = said or f"{place}: {first['msg']}".removeprefix(": ")
        raise EndpointError(f"{url}: the reply is no completion ({reason})", "malformed") from error
    counts = completion.usage or _Counts()
    choice = completion.choices[0]
    return Reply(
        text=choice.message.content or "",
        finish=choice.finish_reason or "stop",
        model=completion.model or model,
        prompt_tokens=counts.prompt_tokens,
        completion_tokens=counts.completion_tokens,
        seconds=seconds,
    )


def _said(body: bytes) -> tuple[str, str]:
    """The code and the message in the body of an error, as far as there are any."""
    text = body[:100_000].decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "", _short(text) if not text.lstrip().startswith(("<", "{")) else ""
    error = content.get("error", content) if isinstance(content, dict) else None
    if isinstance(error, str):
        return "", _short(error)
    if not isinstance(error, dict):
        return "", ""
    message = error.get("message") or error.get("detail") or ""
    return str(error.get("code") or ""), _short(str(message))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:300]}…"


def _retry_after(value: str) -> float | None:
    """Seconds to wait by a `Retry-After` header: a number, or a date (RFC 9110, 10.2.3)."""
    value = value.strip()
    if value.replace(".", "", 1).isdecimal() and value.isascii():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
