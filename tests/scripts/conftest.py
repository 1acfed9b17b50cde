"""The command line in this process."""

import io
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from scripts import cli


class Ran(NamedTuple):
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("check", "plan.md", stdin=b"…")` is what `./planloom check plan.md` does."""

    def command(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "argv", ["planloom", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8"))
        with pytest.raises(SystemExit) as end:
            cli.main()
        written = capsys.readouterr()
        return Ran(int(end.value.code or 0), written.out, written.err)

    return command
