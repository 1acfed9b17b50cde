"""A chat endpoint on this machine that answers as a test tells it to."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """A status with a body; `hang` seconds before it, `dribble` seconds between its bytes.

    `promised` more bytes are announced than are sent.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: float = 0.0
    dribble: float = 0.0
    promised: int = 0


@dataclass(frozen=True)
class Asked:
    """A request: when it came, how many were under way with it, its headers and body."""

    at: float
    beside: int
    headers: Mapping[str, str]
    body: dict[str, Any]


def completion(text: str | None, finish: str = "stop", *, counts: bool = True) -> Answer:
    """An answer as chat endpoints give it."""
    content: dict[str, Any] = {
        "id": "x",
        "object": "chat.completion",
        "model": "teacher-2024",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish,
            }
        ],
    }
    if counts:
        content["usage"] = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
    return Answer(json.dumps(content).encode())


def failure(status: int, message: str = "no", code: str = "", **headers: str) -> Answer:
    """An error as chat endpoints give it; underscores in header names become hyphens."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": code}}).encode()
    return Answer(body, status, {name.replace("_", "-"): v for name, v in headers.items()})


class ChatServer:
    """What was asked, in order; and where to ask."""

    def __init__(self, script: Callable[[int, dict[str, Any]], Answer]) -> None:
        self.asked: list[Asked] = []
        self.ended = threading.Event()
        lock = threading.Lock()
        under_way = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                nonlocal under_way
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    under_way += 1
                    number = len(outer.asked)
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    outer.asked.append(Asked(time.monotonic(), under_way, headers, body))
                try:
                    if self.path != "/v1/chat/completions":
                        self._answer(failure(404, "no such path"))
                    else:
                        self._answer(script(number, body))
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                finally:
                    with lock:
                        under_way -= 1

            def _answer(self, answer: Answer) -> None:
                outer.ended.wait(answer.hang)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body) + answer.promised))
                self.end_headers()
                if answer.dribble:
                    for at in range(len(answer.body)):
                        self.wfile.write(answer.body[at : at + 1])
                        if outer.ended.wait(answer.dribble):
                            break
                else:
                    self.wfile.write(answer.body)
                if answer.promised:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """End all answers and the server."""
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def serving(script: Callable[[int, dict[str, Any]], Answer]) -> Iterator[ChatServer]:
    """A server that answers the request of a number (from 0) and body by `script`."""
    server = ChatServer(script)
    try:
        yield server
    finally:
        server.close()
