import asyncio
import email.utils
import itertools
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.chat_server import Answer, ChatServer, completion, failure, serving
from tickets.endpoint import Endpoint, Price, Reply, Usage, read_key, request_hash
from tickets.endpoint_client import Client, EndpointError
from tickets.files import InputError

KEY = "sk-very-secret"
MESSAGES = [{"role": "user", "content": "Plan this."}]


def endpoint(url: str, **settings: Any) -> Endpoint:
    given = {"model": "teacher", "backoff": 0.02, "timeout": 5, "retries": 2, **settings}
    return Endpoint(base_url=url, **given)


def ask(server: ChatServer | str, count: int = 1, **settings: Any) -> list[Reply]:
    url = server if isinstance(server, str) else server.url
    to = endpoint(url, **settings)

    async def all_of_them() -> list[Reply]:
        request = to.request(MESSAGES, max_tokens=100)
        async with Client(to, KEY) as client:
            return await asyncio.gather(*(client.complete(request) for _ in range(count)))

    return asyncio.run(all_of_them())


def ask_in_vain(server: ChatServer | str, **settings: Any) -> EndpointError:
    with pytest.raises(EndpointError) as caught:
        ask(server, **settings)
    assert KEY not in str(caught.value)
    return caught.value


def test_reply_and_request() -> None:
    with serving(lambda number, body: completion("# A plan")) as server:
        to = endpoint(server.url)

        async def one() -> Reply:
            request = to.request(MESSAGES, max_tokens=100, temperature=0.5, seed=7)
            async with Client(to, KEY) as client:
                return await client.complete(request)

        reply = asyncio.run(one())
    assert (reply.text, reply.finish, reply.model, reply.tries) == (
        "# A plan",
        "stop",
        "teacher-2024",
        1,
    )
    assert (reply.prompt_tokens, reply.completion_tokens) == (1000, 500)
    assert reply.seconds > 0
    (asked,) = server.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body == {
        "model": "teacher",
        "messages": MESSAGES,
        "max_tokens": 100,
        "temperature": 0.5,
        "seed": 7,
    }


def test_no_key_is_sent_where_none_is_needed() -> None:
    with serving(lambda number, body: completion("yes")) as server:

        async def one() -> Reply:
            to = endpoint(server.url)
            async with Client(to, None) as client:
                return await client.complete(to.request(MESSAGES, max_tokens=1))

        asyncio.run(one())
    assert "authorization" not in server.asked[0].headers


def test_further_fields_are_sent_and_count() -> None:
    extra = {"top_p": 0.9, "temperature": 1}
    plain, more = endpoint("http://localhost/v1"), endpoint("http://localhost/v1", extra=extra)
    request = more.request(MESSAGES, max_tokens=9, temperature=0)
    assert request == plain.request(MESSAGES, max_tokens=9) | extra
    assert request_hash(request) != request_hash(plain.request(MESSAGES, max_tokens=9))


def test_newer_models_have_another_name_for_the_limit() -> None:
    to = endpoint("http://localhost/v1", limit="max_completion_tokens")
    request = to.request(MESSAGES, max_tokens=9)
    assert request["max_completion_tokens"] == 9
    assert not {"max_tokens", "temperature", "seed"} & request.keys()


@pytest.mark.parametrize("text", ["", None])
def test_an_empty_completion_is_a_reply(text: str | None) -> None:
    with serving(lambda number, body: completion(text)) as server:
        (reply,) = ask(server)
    assert reply.text == ""


def test_missing_counts_are_told_apart_from_none() -> None:
    with serving(lambda number, body: completion("yes", counts=False)) as server:
        (reply,) = ask(server)
    assert reply.prompt_tokens is None
    assert Usage().plus(reply) == Usage(replies=1, uncounted=1)


def test_usage_and_cost() -> None:
    with serving(lambda number, body: completion("yes")) as server:
        usage = Usage()
        for reply in ask(server, count=3):
            usage = usage.plus(reply)
    assert usage == Usage(replies=3, prompt_tokens=3000, completion_tokens=1500)
    assert usage.cost(Price(prompt=2, completion=10)) == pytest.approx(0.021)


@pytest.mark.parametrize(
    "bad",
    [
        failure(500, "oops"),
        failure(503, "starting"),
        failure(429, "slow down"),
        failure(529, "overloaded"),
        Answer(b'{"choices": [{"message": {"content": "# A pl'),
        Answer(b"<html>a proxy</html>"),
        Answer(b'{"error": {"message": "no worker left"}}'),
        Answer(b'{"choices": []}'),
        Answer(b"\xff\xfe"),
        Answer(completion("cut").body, promised=10),
        Answer(completion("late").body, hang=60),
        Answer(completion("byte by byte").body, dribble=0.1),
    ],
)
def test_tries_again_and_gives_up(bad: Answer) -> None:
    timeout = 1 if bad.hang or bad.dribble else 20
    with serving(lambda number, body: bad if number < 2 else completion("yes")) as server:
        (reply,) = ask(server, timeout=timeout)
    assert (reply.text, reply.tries) == ("yes", 3)
    with serving(lambda number, body: bad) as server:
        error = ask_in_vain(server, timeout=timeout, retries=1)
    assert len(server.asked) == 2
    assert "tried 2 times" in str(error)
    assert not error.fatal


@pytest.mark.parametrize(
    ("bad", "cause", "fatal", "words"),
    [
        (failure(401, f"Incorrect API key: {KEY}"), "key", True, "Incorrect API key: …"),
        (failure(403), "key", True, "status 403"),
        (failure(404, "no model `teacher`"), "not-found", True, "ends in /v1"),
        (failure(402), "quota", True, "no credit"),
        (failure(429, "pay first", "insufficient_quota"), "quota", True, "pay first"),
        (failure(429, Retry_After="86400"), "quota", True, "86400 s"),
        (failure(400, "context of 4096 tokens exceeded"), "refused", False, "4096 tokens"),
        (failure(413), "refused", False, "413"),
        (failure(307, "", Location="http://elsewhere.invalid/"), "refused", False, "307"),
    ],
)
def test_what_no_second_try_can_mend(bad: Answer, cause: str, fatal: bool, words: str) -> None:
    with serving(lambda number, body: bad) as server:
        error = ask_in_vain(server, key_env="THE_KEY")
    assert len(server.asked) == 1
    assert (error.cause, error.fatal) == (cause, fatal)
    assert words in str(error)


def test_the_wrong_path() -> None:
    with serving(lambda number, body: completion("yes")) as server:
        assert ask_in_vain(server.url.removesuffix("/v1")).cause == "not-found"


def test_nobody_listens() -> None:
    with socket.socket() as taken:  # bound, so nobody else listens there
        taken.bind(("127.0.0.1", 0))
        error = ask_in_vain(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
    assert (error.cause, error.fatal) == ("unreachable", True)


def test_waits_grow() -> None:
    with serving(lambda n, body: failure(500) if n < 3 else completion("yes")) as server:
        ask(server, retries=3, backoff=0.2)
    times = [asked.at for asked in server.asked]
    waits = [after - before for before, after in itertools.pairwise(times)]
    # Half of each wait is certain, the other half is chance.
    assert [wait >= least for wait, least in zip(waits, (0.1, 0.2, 0.4), strict=True)] == [True] * 3


def test_retry_after_holds_for_all_requests() -> None:
    def script(number: int, body: dict[str, Any]) -> Answer:
        return failure(429, Retry_After="1") if number == 0 else completion("yes")

    with serving(script) as server:
        replies = ask(server, count=4, concurrency=1)
    assert sorted(reply.tries for reply in replies) == [1, 1, 1, 2]
    first, *others = (asked.at for asked in server.asked)
    assert all(other - first >= 0.99 for other in others)


def test_retry_after_as_a_date() -> None:
    def script(number: int, body: dict[str, Any]) -> Answer:
        date = email.utils.formatdate(time.time() + 2, usegmt=True)  # whole seconds
        return failure(503, Retry_After=date) if number == 0 else completion("yes")

    with serving(script) as server:
        ask(server)
    assert 0.8 <= server.asked[1].at - server.asked[0].at < 5


@pytest.mark.parametrize("value", ["soon", "-1", "", "0"])
def test_useless_retry_after_is_as_none(value: str) -> None:
    def script(number: int, body: dict[str, Any]) -> Answer:
        return failure(429, Retry_After=value) if number == 0 else completion("yes")

    with serving(script) as server:
        assert ask(server, backoff=0.1)[0].tries == 2
    assert server.asked[1].at - server.asked[0].at >= 0.05


def test_rate() -> None:
    with serving(lambda number, body: completion("yes")) as server:
        started = time.monotonic()
        ask(server, count=6, concurrency=6, requests_per_minute=300)
    assert max(asked.at for asked in server.asked) - started >= 1


def test_concurrency() -> None:
    def script(number: int, body: dict[str, Any]) -> Answer:
        return Answer(completion("yes").body, hang=0.05)

    with serving(script) as server:
        assert len(ask(server, count=9, concurrency=3)) == 9
    assert max(asked.beside for asked in server.asked) == 3


def test_one_long_reply_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickets.endpoint_client.LARGEST_REPLY", 1000)
    with serving(lambda number, body: completion("x" * 5000)) as server:
        assert ask_in_vain(server, retries=0).cause == "malformed"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"base_url": "api.example.com/v1"}, "is no address"),
        ({"base_url": "ftp://api.example.com"}, "is no address"),
        ({"base_url": "https://me:secret@api.example.com/v1"}, "key_env"),
        ({"base_url": "https://api.example.com/v1?key=3"}, "has a query"),
        ({"model": ""}, "at least 1"),
        ({"key_env": "sk-123"}, "pattern"),
        ({"timeout": 0}, "greater than 0"),
        ({"api_key": "sk-123"}, "not permitted"),
    ],
)
def test_bad_settings(settings: dict[str, Any], words: str) -> None:
    good = {"base_url": "https://api.example.com/v1", "model": "teacher"}
    with pytest.raises(ValidationError, match=words):
        Endpoint.model_validate(good | settings)


@pytest.mark.parametrize("end", ["", "/", "/chat/completions"])
def test_base_url_in_its_usual_forms(end: str) -> None:
    to = Endpoint(base_url=f"https://api.example.com/v1{end}", model="teacher")
    assert to.base_url == "https://api.example.com/v1"


def test_key_comes_from_the_environment() -> None:
    to = endpoint("https://api.example.com/v1", key_env="THE_KEY")
    assert read_key(to, {"THE_KEY": " sk-1\n"}) == "sk-1"
    assert read_key(endpoint("https://api.example.com/v1"), {"THE_KEY": "sk-1"}) is None
    with pytest.raises(InputError, match="THE_KEY=…"):
        read_key(to, {"THE_KEY": ""})
    with pytest.raises(InputError, match="no key") as caught:
        read_key(to, {"THE_KEY": "sk-1\nsk-2"})
    assert "sk-2" not in str(caught.value)


def test_hash_goes_by_content() -> None:
    to = endpoint("http://localhost/v1")
    request = to.request(MESSAGES, max_tokens=9, temperature=0)
    assert request_hash(request) == request_hash(dict(reversed(request.items())))
    hashes = {
        request_hash(request),
        request_hash(request | {"temperature": 0.1}),
        request_hash(request | {"model": "other"}),
        request_hash(request | {"messages": []}),
        request_hash(to.request(MESSAGES, max_tokens=10, temperature=0)),
    }
    assert len(hashes) == 5


def test_import_loads_no_network_client(root: Path) -> None:
    program = (
        "import sys, tickets.endpoint, tickets.endpoint_client\n"
        "print(sorted({'httpx', 'httpcore', 'anyio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
