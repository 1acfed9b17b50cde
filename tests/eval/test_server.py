"""The base model served by vLLM's own server, over real HTTP, as a benchmark's system."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from tickets.models import DEFAULT_MODEL


def test_a_served_model_answers_and_its_server_ends(root: Path, tmp_path: Path) -> None:
    name = f"model-of-{tmp_path.name}"
    documents = tmp_path / "documents"
    documents.mkdir()
    for case in ("a", "b"):
        (documents / f"{case}.md").write_text(f"# Shop {case}\n\n- Show the price\n", "utf-8")
    asked = {
        "name": "asked",
        "kind": "endpoint",
        "prompt": "short",
        "serve": DEFAULT_MODEL,
        "max_tokens": 256,
        "endpoint": {"base_url": "http://127.0.0.1:8000/v1", "model": name, "retries": 0},
    }
    content = {
        "output": str(tmp_path / "run"),
        "documents": [{"path": str(documents)}],
        "systems": [asked],
    }
    config = tmp_path / "eval.yaml"
    config.write_text(yaml.safe_dump(content), "utf-8")
    done = subprocess.run(
        [str(root / "planloom"), "eval", str(config)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "vLLM's server is ready" in done.stderr
    lines = (tmp_path / "run" / "predictions" / "asked.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert {each["case"] for each in found} == {"a", "b"}
    assert all(each["prompt_tokens"] and each["completion_tokens"] for each in found)
    assert not [command for command in _commands() if name.encode() in command]


def _commands() -> Iterator[bytes]:
    """The command lines of all processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            yield path.read_bytes()
