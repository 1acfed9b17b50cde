import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data.making import make_pair, write_model, write_pairs
from tests.scripts.conftest import Run


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of a folder of pairs and a tokenizer; the model's weights are not asked."""
    model = write_model(tmp_path / "model")
    monkeypatch.setattr("scripts.data._model", lambda name: model)
    pairs = write_pairs(tmp_path / "pairs", *(make_pair(n) for n in range(12)))
    path = tmp_path / "data.yaml"
    path.write_text(
        f"output: {tmp_path / 'out'}\nmodel: tiny\n"
        f"sources:\n  - {{name: own, kind: pairs, path: {pairs}}}\n",
        "utf-8",
    )
    return path


def test_build_preview_and_stats(run: Run, config: Path, tmp_path: Path) -> None:
    built = run("data", "build", config, "sources.0.weight=2", "--processes", 1)
    assert built.status == 0
    assert "train" in built.out
    assert "24" in built.out
    assert "1 of 1 batches made anew" in built.err
    assert "0 of 1" in run("data", "build", config, "--processes", 1).err

    shown = run("data", "preview", tmp_path / "out", "--id", "pair-3")
    assert shown.out.startswith("# pair-3 (train, own, shops, rfe): ")
    loss = shown.out.partition("⟦loss⟧")[2].partition("⟦/loss⟧")[0]
    assert loss == make_pair(3).plan + "<|end|>\n"
    assert run("data", "preview", tmp_path / "out", "-n", 3).out.count("⟦loss⟧") == 3

    assert "Points of stories and tasks" in run("data", "stats", tmp_path / "out").out
    page = tmp_path / "stats.html"
    assert run("data", "stats", tmp_path / "out", "--html", page).status == 0
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_what_cannot_be_used_ends_with_2(run: Run, config: Path, tmp_path: Path) -> None:
    assert "there is no such key" in run("data", "build", config, "oops=1").err
    ran = run("data", "build", config, "sources.0.path=/nowhere", "--processes", 1)
    assert (ran.status, "no such folder" in ran.err) == (2, True)
    for command in (("stats",), ("preview",)):
        ran = run("data", *command, tmp_path)
        assert (ran.status, "manifest.json" in ran.err) == (2, True)
    run("data", "build", config, "--processes", 1)
    assert "has no example x" in run("data", "preview", tmp_path / "out", "--id", "x").err
    assert "no more examples" in run("data", "preview", tmp_path / "out", "--skip", 99).err
    (tmp_path / "out" / "data" / "train.parquet").write_bytes(b"PAR1")
    assert "cannot be read" in run("data", "preview", tmp_path / "out").err


def test_check_tells_errors_by_its_status(run: Run, tmp_path: Path, root: Path) -> None:
    assert run("data", "check", root / "data" / "curated", "--strict").status == 0
    pairs = write_pairs(tmp_path / "pairs", make_pair(0), make_pair(1))
    # The words of made pairs mean nothing, so their plans have no ground in the documents.
    ran = run("data", "check", pairs)
    assert (ran.status, ran.out.splitlines()[-1].startswith(f"{pairs}: 2 pairs, 0 err")) == (
        0,
        True,
    )
    assert run("data", "check", pairs, "--strict").status == 1
    (pairs / "pair-0.plan.md").unlink()
    assert run("data", "check", pairs).status == 1
    (tmp_path / "none").mkdir()
    assert run("data", "check", tmp_path / "none").status == 2


def test_generate_writes_pairs_that_check_takes(run: Run, tmp_path: Path) -> None:
    assert run("data", "generate", "-n", 3, "-o", tmp_path / "pairs").status == 0
    assert run("data", "check", tmp_path / "pairs").status == 0
    run("data", "generate", "-n", 2, "--start", 1, "-o", tmp_path / "rows.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 2
    assert (tmp_path / "pairs" / f"{rows[0]['id']}.plan.md").is_file()


def test_jira_history_becomes_pairs(run: Run, tmp_path: Path) -> None:
    export, documents = tmp_path / "export.csv", tmp_path / "documents"
    rows = [
        ["Issue key", "Issue id", "Issue Type", "Summary", "Description", "Priority", "Status",
         "Parent", "Custom field (Story Points)", "Assignee"],
        ["PAY-1", "1", "Epic", "Refund Ledger", "Book refunds once", "High", "Done", "", "", ""],
        ["PAY-2", "2", "Story", "Refuse a repeated refund",
         "h3. Acceptance Criteria\n* A repeated refund is refused\n* Its answer is the first one's",
         "High", "Done", "1", "5", "Jane Roe"],
        ["PAY-3", "3", "Story", "Print refunds", "", "Low", "Won't Do", "1", "", ""],
    ]  # fmt: skip
    with export.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    documents.mkdir()
    (documents / "PAY-1-refunds.md").write_text("# Refunds\n\nJane Roe asks for it.\n", "utf-8")
    (documents / "other.md").write_text("# Other\n", "utf-8")
    out = tmp_path / "history"
    ran = run("data", "import-jira", export, "-d", documents, "-o", out, "--licence", "MIT")
    assert ran.status == 0, ran.err
    assert "matched by key" in ran.out
    plan = (out / "PAY-1.plan.md").read_text("utf-8")
    assert "licence: MIT" in plan
    assert "- A repeated refund is refused" in plan
    assert "Jane Roe" not in plan + (out / "PAY-1.document.md").read_text("utf-8")
    left = [json.loads(line) for line in (out / "left-out.jsonl").read_text("utf-8").splitlines()]
    assert any("other.md" in each["place"] for each in left)
    assert [each["reason"] for each in left if each["key"] == "PAY-3"] == ["not done"]
    ran = run("data", "import-jira", export, "-d", documents / "other.md", "-o", tmp_path / "none")
    assert (ran.status, "left-out.jsonl" in ran.err) == (2, True)
    assert run("data", "import-jira", "x.xls", "-d", documents, "-o", out).status == 2


def test_a_build_that_is_killed_goes_on(root: Path, config: Path, tmp_path: Path) -> None:
    """With a real signal, in the middle of the work of two processes."""
    for start in range(0, 600, 150):
        write_pairs(
            tmp_path / "pairs" / f"part-{start}", *(make_pair(f"{start}-{n}") for n in range(150))
        )
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from scripts import cli, data\n"
        f"data._model = lambda name: Path({str(tmp_path / 'model')!r})\n"
        "if __name__ == '__main__':\n"
        f"    sys.argv = ['planloom', 'data', 'build', {str(config)!r}, '--processes', '2']\n"
        "    cli.main()\n"
    )
    script = tmp_path / "run.py"
    script.write_text(program, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(root)}
    first = subprocess.Popen([sys.executable, script], env=environment, start_new_session=True)
    work = tmp_path / ".out.work"
    until = time.monotonic() + 120
    while not list(work.glob("??/*.parquet")) and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    done = len(list(work.glob("??/*.parquet")))
    assert done > 0
    assert not (tmp_path / "out").exists()
    second = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=True
    )
    said = next(line for line in second.stderr.splitlines() if "made anew" in line)
    new, batches = (int(word) for word in said.split(": ")[-1].split() if word.isdecimal())
    assert new == batches - done
    assert [path.name for path in tmp_path.iterdir() if "building" in path.name] == []
