from pathlib import Path

import pytest

from scripts import doctor
from tests.scripts.conftest import Run


def test_the_report_names_what_would_be_used(run: Run) -> None:
    ran = run("doctor")
    assert ran.status in (0, 1)
    for subject in ("python", "packages", "versions", "device", "memory", "model", "cache"):
        assert any(line.startswith(subject) for line in ran.out.splitlines()), subject
    assert ("all is there" in ran.out) == (ran.status == 0)


def test_what_is_missing_ends_with_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock = tmp_path / "cpu.lock"
    lock.write_text("# pins\nno-such-package==1.0\npytest==0.1\n", "utf-8")
    monkeypatch.setattr(doctor, "lock_of", lambda _: lock)
    ran = run("doctor")
    assert ran.status == 1
    assert "2 differ" in ran.out
    assert "no-such-package 1.0, pytest 0.1 expected" in ran.out
    assert "to mend" in ran.out
