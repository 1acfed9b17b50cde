"""An OpenAI-compatible chat endpoint: where it is, what is sent, what comes back, what it costs."""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from tickets.files import InputError
from tickets.schema import Model


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address; write one like https://api.example.com/v1")
    if parts.username or parts.password:
        raise ValueError("holds a password; put the key into the environment and name it: key_env")
    if parts.query or parts.fragment:
        raise ValueError("has a query; write the part before ? and #")
    return text.rstrip("/").removesuffix("/chat/completions")


class Price(Model):
    """What a million tokens cost."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)
    currency: str = "USD"


class Endpoint(Model):
    """Where a model is asked, and how.

    Attributes:
        base_url: what stands before `/chat/completions`; it mostly ends in `/v1`.
        model: its name there.
        key_env: the environment variable that holds the key; None where none is needed.
        limit: what the endpoint calls the most tokens of a completion.
        extra: further fields of each request, as the endpoint knows them (`top_p`,
            `reasoning_effort`, vLLM's `chat_template_kwargs`).
        price: for the cost report; None leaves costs out.
        timeout: seconds that one request may take, from first byte to last.
        retries: further tries after one that failed for the moment.
        backoff: seconds before the first of them; each further wait is twice as long.
        requests_per_minute: sent evenly, tries counted; None for no limit.
        concurrency: requests that are under way at once.
    """

    base_url: Annotated[str, AfterValidator(_url)]
    model: str = Field(min_length=1, pattern=r"^\S+$")
    key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_]\w*$")
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extra: dict[str, Any] = Field(default_factory=dict)
    price: Price | None = None
    timeout: float = Field(default=300, gt=0, le=3600)
    retries: int = Field(default=5, ge=0, le=20)
    backoff: float = Field(default=1, gt=0, le=60)
    requests_per_minute: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=4, ge=1, le=256)

    def request(
        self,
        messages: list[dict[str, str]],
        *,
        max_tokens: int,
        temperature: float | None = None,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """The body of a request, the same for the same arguments; what is None is left out.

        `extra` has the last word.
        """
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            self.limit: max_tokens,
            # 0 and 0.0 are one number, and must be one text for request_hash.
            "temperature": None if temperature is None else float(temperature),
            "seed": seed,
        }
        return {name: value for name, value in body.items() if value is not None} | self.extra


class Reply(Model):
    """What an endpoint answered.

    Attributes:
        text: of the completion; empty if the model said nothing.
        finish: why it ended, in the endpoint's words: `stop`, or `length` where it was cut.
        model: what answered, as the endpoint calls it; more exact than the name asked for.
        prompt_tokens: None if the endpoint does not count.
        completion_tokens: likewise.
        seconds: of the try that succeeded.
        tries: how many it took.
    """

    text: str
    finish: str
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    tries: int = 1


class Usage(Model):
    """What replies took together; `uncounted` of them came without token counts.

    Tokens of tries that brought no reply are in no count: the endpoint does not tell them.
    """

    replies: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    uncounted: int = 0

    def plus(self, reply: Reply) -> Self:
        """This and one more reply."""
        counts = (reply.prompt_tokens, reply.completion_tokens)
        return type(self)(
            replies=self.replies + 1,
            prompt_tokens=self.prompt_tokens + (counts[0] or 0),
            completion_tokens=self.completion_tokens + (counts[1] or 0),
            uncounted=self.uncounted + (None in counts),
        )

    def cost(self, price: Price) -> float:
        """In the price's currency; discounts (for cached prompts, say) are left out."""
        total = self.prompt_tokens * price.prompt + self.completion_tokens * price.completion
        return total / 1_000_000


def request_hash(request: Mapping[str, Any]) -> str:
    """SHA-256 in hex of a request's content: what a cache of replies goes by."""
    text = json.dumps(request, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_key(endpoint: Endpoint, environment: Mapping[str, str] = os.environ) -> str | None:
    """The endpoint's key; None if it needs none.

    Raises:
        InputError: the environment has no such variable, or what it holds can be no key.
    """
    if endpoint.key_env is None:
        return None
    key = environment.get(endpoint.key_env, "").strip()
    if not key:
        raise InputError(
            f"{endpoint.base_url}: the environment has no {endpoint.key_env}; "
            f"export {endpoint.key_env}=… and run this again"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InputError(
            f"{endpoint.base_url}: what {endpoint.key_env} holds is no key: it has blanks or "
            "letters that no key has"
        )
    return key
