import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import fuzz
from scripts.mutations import mutated


def test_a_short_run_finds_nothing(root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.fuzz", "--cases", "2000", "--output", str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(r"2,000 mutated plans in \d+ s \(.*\): 0 failed", done.stdout)


def test_a_case_is_the_same_text_each_time_and_differs_from_the_next() -> None:
    seeds = fuzz.read_seeds()
    texts = [mutated(1, case, seeds) for case in range(50)]
    assert texts == [mutated(1, case, seeds) for case in range(50)]
    assert len(set(texts)) > 45
    assert len(set(texts) & set(seeds)) < 3  # a change may come upon nothing to change


def test_what_breaks_is_found_and_cut_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> object:
        raise KeyError(text) if "bad" in text else AssertionError

    monkeypatch.setattr(fuzz, "parse_plan", broken)
    text = "one\ntwo\nbad line\nthree\nfour"
    kind = fuzz.examine(text)
    assert kind.startswith("KeyError at test_fuzz.py:")
    assert fuzz.shrink(fuzz.Failure(0, kind, text)) == "bad line"
