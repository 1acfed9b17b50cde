"""The teacher against a real server: vLLM's own, with the embedded model, on this machine.

    PYTHONPATH=. .venv/bin/python -m scripts.try_teacher -o out/try-teacher

The embedded model is far too small to teach anyone. Writing freely it gets nothing past the gate,
which is what the gate is for; bound by the grammar, and with the gate's marks at nought, its labels
pass once they are repaired. Shown are: to review, accepted and repaired, resumed after kill -9.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.setup import ROOT
from tickets.files import InputError

CONTEXT = 8192
START = 600  # seconds; a busy machine takes minutes
BOUNDS = {
    "epics": 1, "stories": 2, "tasks": 0, "criteria": 2, "components": 1, "dependencies": 1,
    "critical_links": 0, "integration_points": 0, "phases": 1, "items": 2, "staffing": 1,
}  # fmt: skip


def main(
    documents: Annotated[list[str] | None, typer.Argument(metavar="DOC...")] = None,
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("out/try-teacher"),
    max_tokens: Annotated[int, typer.Option(min=64)] = 800,
) -> None:
    """Start the server, label some documents in three ways, and end it."""
    from inference.models import find_model
    from tickets.bounds import Bounds
    from tickets.grammar import build_grammar
    from tickets.models import DEFAULT_MODEL

    paths = documents or [str(ROOT / "examples")]
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()):
        raise InputError(f"{output}: is not empty; name another folder with -o")
    model = find_model(DEFAULT_MODEL, print)
    bound = {
        "structured_outputs": {"grammar": build_grammar(Bounds(**BOUNDS))},
        "vllm_xargs": {"line_tokens": 48},
    }
    open_gate = ["gate.score=0", "gate.coverage=0", "gate.grounding=0"]
    with serving(model.path, output / "server.log") as url:
        common = [
            f"endpoint.base_url={url}",
            f"endpoint.model={DEFAULT_MODEL}",
            "endpoint.timeout=1200",
            "endpoint.concurrency=3",
            f"max_tokens={max_tokens}",
            "corrections=1",
        ]
        free, grammar = output / "free", output / "grammar"
        extra = [f"endpoint.extra={json.dumps(bound)}", *open_gate]

        print("\n== writing freely, killed with -9 behind the first reply")
        killed = subprocess.Popen(command(paths, free, common), cwd=ROOT)
        kept = wait_for_reply(free, killed)
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        bought = [path.stat().st_mtime_ns for path in kept]

        print("\n== the same command again")
        label(paths, free, common)
        if bought != [path.stat().st_mtime_ns for path in kept]:
            raise InputError("a reply that was there has been bought again")

        print("\n== bound by the grammar, the gate's marks at nought")
        label(paths, grammar, [*common, *extra])

        print("\n== the same replies before the gate as it is shipped; only corrections are bought")
        label(paths, grammar, [*common, *extra[:1]])

        print("\n== and back")
        label(paths, grammar, [*common, *extra])


def command(paths: list[str], output: Path, settings: list[str]) -> list[str]:
    """The command line that labels `paths` into `output`."""
    told = [part for setting in settings for part in ("--set", setting)]
    return [
        *(sys.executable, "-P", "-m", "scripts.cli", "data", "label", *paths, "-o", str(output)),
        *("-c", str(ROOT / "configs" / "teacher.yaml"), *told),
    ]


def label(paths: list[str], output: Path, settings: list[str]) -> None:
    """Label and show what the folder has then."""
    started = time.monotonic()
    done = subprocess.run(command(paths, output, settings), cwd=ROOT, check=False)
    seconds = time.monotonic() - started
    pairs = sorted(path.name for path in output.glob("*.plan.md"))
    reviews = sorted(path.name for path in output.glob("review/*.label.md"))
    print(f"status {done.returncode}, {seconds:.0f} s; pairs: {pairs}; to review: {reviews}")
    for record in sorted((output / "records").glob("*.json")):
        content: dict[str, Any] = json.loads(record.read_text("utf-8"))
        print(
            f"  {content['id']}: {content['outcome']}, rubric {content['score']:.2f}, "
            f"{len(content['repairs'])} repairs, {content['reason'][:150]}"
        )


def wait_for_reply(output: Path, process: subprocess.Popen[bytes]) -> list[Path]:
    """The replies that are kept once there is one."""
    while process.poll() is None:
        kept = list((output / ".planloom" / "replies").rglob("*.json"))
        if kept:
            return kept
        time.sleep(0.05)
    raise InputError("labelling ended before a reply was kept")


@contextlib.contextmanager
def serving(model: Path, log: Path) -> Iterator[str]:
    """VLLM's OpenAI server on a free port of this machine; its base URL."""
    from inference.start import prepare
    from tickets.models import DEFAULT_MODEL

    prepare()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    runtime = Path(sys.prefix) / "lib" / "libiomp5.so"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VLLM_LOGGING_LEVEL": "INFO",
        **({"LD_PRELOAD": str(runtime)} if runtime.is_file() else {}),
    }
    arguments = [
        # `vllm serve` asks for the version of a package that the CPU build does not have.
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)),
        *("--host", "127.0.0.1", "--port", str(port), "--served-model-name", DEFAULT_MODEL),
        *("--max-model-len", str(CONTEXT), "--max-num-seqs", "4", "--dtype", "bfloat16"),
        *("--enforce-eager", "--kv-cache-memory-bytes", str(2**30), "--seed", "0"),
        *("--logits-processors", "inference.decoding:Budgets"),
    ]
    with log.open("wb") as file:
        server = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server answers.

    Raises:
        InputError: it ended, or did not answer in time.
    """
    started = time.monotonic()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() - started < START:
        if server.poll() is not None:
            raise InputError(f"the server ended with {server.returncode}; see {log}")
        with contextlib.suppress(urllib.error.URLError, OSError), opener.open(url, timeout=5):
            print(f"the server answers after {time.monotonic() - started:.0f} s")
            return
        time.sleep(1)
    raise InputError(f"the server did not answer within {START} s; see {log}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except InputError as error:
        print(f"try_teacher: {error}", file=sys.stderr)
        sys.exit(2)
