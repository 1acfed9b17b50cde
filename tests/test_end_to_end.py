"""The main job as a user starts it: a document in, a plan out, by the real model on real vLLM."""

import json
import subprocess
from pathlib import Path


def test_a_document_becomes_a_plan_without_errors(root: Path) -> None:
    document = root / "examples" / "shopping-list-offline.md"
    done = subprocess.run(
        [str(root / "planloom"), "plan", str(document), "--json"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["whole"]
    assert record["maker"]["adapter"] == "smollm2-135m-staged"
    assert not [found for found in record["diagnostics"] if found["severity"] == "error"]
    assert record["rubric"]["score"] >= 0.7  # 0.8 passes; this plan has about 0.75
    assert record["markdown"].startswith("# Jira Tickets Structure - ")
    check = subprocess.run(
        [str(root / "planloom"), "check", "-"],
        input=record["markdown"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout
