"""vLLM's own OpenAI server, started for a benchmark and stopped after it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tickets.files import InputError

START: Final = 900.0
"""Seconds that the server may take to load a model."""


@contextmanager
def serving(model: str, name: str, log: Path, say: Callable[[str], None]) -> Iterator[str]:
    """The base URL of a server for `model` (as in `./planloom plan --model`), called `name` there.

    Args:
        model: the embedded model's name, a folder, or owner/name of a hub.
        name: what requests call it.
        log: a file for what the server says.
        say: told what is going on.

    Raises:
        InputError: there is no such model, or the server does not start.
    """
    from inference.models import find_model

    folder = find_model(model, say)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(folder.path), "--served-model-name", name),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--enforce-eager", "--no-enable-log-requests"),
    ]
    say(f"starting vLLM's server for {model} (log: {log})")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        # Who is ended by a signal (timeout, a batch system) must not leave the server behind.
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            _wait(process, port, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            signal.signal(signal.SIGTERM, before)
            # The server has processes of its own; the group is theirs alone.
            _end(process, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                _end(process, signal.SIGKILL)


def _end(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(process.pid, number)


def _environment() -> dict[str, str]:
    """Ours, with what a laptop can give to the model's cache, and nothing asked of a hub."""
    return {"VLLM_CPU_KVCACHE_SPACE": "2", "HF_HUB_OFFLINE": "1", **os.environ}


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end:
        if process.poll() is not None:
            raise InputError(f"vLLM's server ended with {process.returncode}; {log} says why")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise InputError(f"vLLM's server was not ready after {START:.0f} s; {log} says why")
