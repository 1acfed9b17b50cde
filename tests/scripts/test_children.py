import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PARENT = """
import subprocess, sys, time
from scripts.children import end_with_parent
child = subprocess.Popen(["sleep", "600"], preexec_fn=end_with_parent)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_what_a_killed_command_has_started_ends_too(root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as parent:
        assert parent.stdout is not None
        child = Path("/proc") / parent.stdout.readline().strip()
        assert b"sleep" in (child / "cmdline").read_bytes()
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        end = time.monotonic() + 10
        while time.monotonic() < end and _runs(child):
            time.sleep(0.02)
        assert not _runs(child)


def _runs(process: Path) -> bool:
    """Whether it is there, and no zombie that nobody has fetched."""
    try:
        return ") Z" not in (process / "stat").read_text("utf-8")
    except OSError:
        return False
