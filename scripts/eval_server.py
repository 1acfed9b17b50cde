"""vLLM's own OpenAI server, started for a benchmark and stopped after it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scripts.children import end_with_parent
from tickets.files import InputError

if TYPE_CHECKING:
    from inference.models import ModelFolder

START: Final = 900.0
"""Seconds that the server may take to load a model."""
_TELL: Final = 20.0
_WRITTEN: Final = "vllm:generation_tokens_total"


class Server:
    """A server that listens; `url` is what `endpoint.base_url` is for others."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self.url = f"{self._root}/v1"

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            with _open(f"{self._root}/health"):
                return True
        except OSError:
            return False

    def written(self) -> int:
        """Completion tokens since its start, also of requests under way; 0 if it does not say."""
        try:
            with _open(f"{self._root}/metrics") as reply:
                lines = reply.read().decode("utf-8", "replace").splitlines()
            return round(sum(float(at.split()[-1]) for at in lines if at.startswith(_WRITTEN)))
        except (OSError, ValueError):
            return 0


@contextmanager
def serving(
    model: str, name: str, batch: int, log: Path, say: Callable[[str], None]
) -> Iterator[Server]:
    """A server for `model` (as in `./planloom plan --model`), called `name` there.

    Args:
        model: the embedded model's name, a folder, or owner/name of a hub.
        name: what requests call it.
        batch: requests that are to be answered at once.
        log: a file for what the server says.
        say: told what is going on.

    Raises:
        InputError: there is no such model, or the server does not start.
    """
    from inference.models import find_model, offline_unless_needed
    from inference.start import prepare

    prepare(verbose=True)  # the server's log is a file, and is to have what there is
    offline_unless_needed(model)
    folder = find_model(model, say)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(folder.path), "--served-model-name", name),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--no-enable-log-requests", "--enable-prefix-caching"),
        *_flags(_settings(folder, batch)),
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
            preexec_fn=end_with_parent,
        )
        # Who is ended by a signal (timeout, a batch system) must not leave the server behind.
        before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            server = Server(port)
            _wait(process, server, log, say)
            yield server
            if process.poll() is not None:
                say(f"vLLM's server ended by itself with {process.returncode}; {log} says why")
        finally:
            signal.signal(signal.SIGTERM, before)
            # The server has processes of its own; the group is theirs alone.
            _end(process, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                _end(process, signal.SIGKILL)


def _settings(folder: "ModelFolder", batch: int) -> dict[str, Any]:
    """Those of our own engine, so that the two are compared on equal terms."""
    from inference.hardware import device
    from inference.models import context_length
    from inference.start import BATCH, cpu_settings

    batch = min(batch, BATCH[device()])
    if device() == "cpu":
        return cpu_settings(folder, context_length(folder.path), batch)
    return {"max_num_seqs": batch}


def _environment() -> dict[str, str]:
    """Ours, with the OpenMP runtime that `prepare` loads for our own engine too."""
    from inference.hardware import device
    from inference.start import OPENMP

    preload = {"LD_PRELOAD": str(OPENMP)} if device() == "cpu" and OPENMP.is_file() else {}
    return {**os.environ, **preload}


def _flags(settings: dict[str, Any]) -> list[str]:
    """Arguments of `LLM` as the server's command line has them."""
    flags = []
    for name, value in settings.items():
        flag = f"--{name.replace('_', '-')}"
        flags += [flag] if value is True else [flag, str(value)]
    return flags


def _open(url: str) -> Any:
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5)


def _end(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(process.pid, number)


def _wait(
    process: "subprocess.Popen[bytes]", server: Server, log: Path, say: Callable[[str], None]
) -> None:
    started = told = time.monotonic()
    while (now := time.monotonic()) < started + START:
        if process.poll() is not None:
            raise InputError(f"vLLM's server ended with {process.returncode}; {log} says why")
        if server.is_ready():
            say(f"vLLM's server is ready after {now - started:.0f} s")
            return
        if now > told + _TELL:
            told = now
            say(f"vLLM's server is loading the model, {now - started:.0f} s so far")
        time.sleep(0.5)
    raise InputError(f"vLLM's server was not ready after {START:.0f} s; {log} says why")
