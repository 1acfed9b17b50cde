"""Makes .venv and installs the locked packages; `./planloom` runs it when there is need.

    python3 scripts/setup.py          the packages that Planloom runs on
    python3 scripts/setup.py dev      the tools of `./planloom test`, on top of them

It uses the standard library alone, because nothing else is there yet. A copy of the lock file in
.venv, written last, is the sign that a set was installed wholly: without it, or when it differs
from the lock, the environment is made anew. Downloads come from pip's own cache the second time.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
NEEDED_GIB = {"cpu": 5, "cuda": 14}
"""Disk space of the installed sets, in GiB, with what pip unpacks on the way."""


class SetupError(Exception):
    """The packages cannot be installed; the message says why and what to do."""


def main() -> int:
    """Install what the arguments ask for; the exit status is 0, 2 (failed) or 130 (Ctrl-C)."""
    try:
        if sys.argv[1:] == ["dev"]:
            install_tools()
        else:
            install_packages()
    except SetupError as error:
        say(f"planloom: {error}")
        return 2
    except KeyboardInterrupt:
        say("\nplanloom: the installation was interrupted; the next run starts it again")
        return 130
    return 0


def install_packages() -> None:
    """Make .venv with the packages that fit this machine, unless it is there and whole.

    Raises:
        SetupError: there is no venv module, no room, or pip failed.
    """
    with locked():
        kind, reason = choose_kind()
        if is_installed("cpu") or is_installed("cuda"):
            return  # another process has done it in the meantime
        say(f"planloom: first use: installing the {kind.upper()} packages into {VENV} ({reason})")
        check_machine(kind)
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)], "the environment cannot be made")
        install(kind)


def install_tools() -> None:
    """Add the test tools to .venv, unless they are there.

    Raises:
        SetupError: pip failed.
    """
    with locked():
        if not is_installed("dev"):
            say(f"planloom: installing the test tools into {VENV}")
            install("dev")


def is_installed(kind: str) -> bool:
    """Whether .venv holds the whole of `requirements/<kind>.lock` as it is now."""
    stamp = VENV / f"{kind}.lock"
    return stamp.is_file() and stamp.read_bytes() == lock_of(kind).read_bytes()


def lock_of(kind: str) -> Path:
    """The file with the pinned packages of a set: "cpu", "cuda" or "dev"."""
    return REQUIREMENTS / f"{kind}.lock"


def choose_kind() -> tuple[str, str]:
    """Which set fits this machine, "cpu" or "cuda", and why, in words."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "cpu", "no NVIDIA GPU: there is no nvidia-smi here"
    asked = subprocess.run([tool, "-L"], capture_output=True, text=True, check=False)
    gpus = [line for line in asked.stdout.splitlines() if line.startswith("GPU ")]
    if asked.returncode or not gpus:
        return "cpu", "no NVIDIA GPU: nvidia-smi lists none"
    return "cuda", gpus[0].split(" (UUID")[0]


def check_machine(kind: str) -> None:
    """Fail early, and in words, on what would end the installation late.

    Raises:
        SetupError: no venv module, no right to write, or not enough room.
    """
    try:
        import ensurepip  # noqa: F401 - the part of venv that Debian leaves out
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"Python {version} has no venv module; on Debian or Ubuntu install it with "
            f"`apt install python{version}-venv`, then run this command again"
        ) from None
    if not os.access(ROOT, os.W_OK):
        raise SetupError(f"{ROOT} cannot be written, and .venv is made there; copy it elsewhere")
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < NEEDED_GIB[kind]:
        raise SetupError(
            f"{ROOT} has {free:.1f} GiB of free space, and the {kind.upper()} packages need "
            f"{NEEDED_GIB[kind]}; free some and run this command again"
        )


def install(kind: str) -> None:
    """Install `requirements/<kind>.lock` into .venv and write the sign that it is whole.

    Raises:
        SetupError: pip failed; the message quotes it.
    """
    lock = lock_of(kind)
    content = lock.read_bytes()
    count = sum(1 for line in content.splitlines() if b"==" in line and not line.startswith(b"#"))
    # The lock names every package that is needed, so pip is not to look for more: vLLM's own
    # requirements would bring a torchvision that does not fit the CPU build of torch.
    command = [str(VENV / "bin/python"), "-m", "pip", "install", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r", str(lock)]
    started = time.monotonic()
    with Progress(count) as progress:
        failure = pip(command, progress)
    if failure:
        raise SetupError(explain(failure))
    partial = VENV / f"{kind}.lock.part"
    partial.write_bytes(content)
    partial.replace(VENV / f"{kind}.lock")
    say(f"planloom: {count} packages installed in {time.monotonic() - started:.0f} s")


def pip(command: list[str], progress: "Progress") -> list[str]:
    """Run pip, show how far it is, and return its error lines (none when it succeeded)."""
    errors: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith("Collecting "):
                    progress.advance(line.split()[1])
                elif line.startswith("Installing collected"):
                    progress.unpack()
                elif line.startswith("ERROR:"):
                    errors.append(line[len("ERROR:") :].strip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode and not errors:
        errors.append(f"pip ended with status {process.returncode}")
    return errors if process.returncode else []


def explain(errors: list[str]) -> str:
    """What pip's errors mean and what to do about them."""
    quoted = "pip failed:\n  " + "\n  ".join(errors[:3]) + "\n"
    text = " ".join(errors)
    if "torch==" in text:
        return quoted + (
            "The CPU build of PyTorch is not on the general package index, but on PyTorch's own\n"
            "wheel index for CPU (its address stands in the install command that PyTorch's\n"
            '"Get started" page gives for Linux, Pip, CPU). Then run this again as\n'
            "  PIP_EXTRA_INDEX_URL=<that address> ./planloom …\n"
            "or, with the wheel file in a folder of your own,\n"
            "  PIP_FIND_LINKS=<that folder> ./planloom …"
        )
    if "No matching distribution" in text or "satisfies the requirement" in text:
        return quoted + (
            f"The set is made for Linux and Python 3.11 (this is {sys.platform}, Python "
            f"{sys.version_info[0]}.{sys.version_info[1]}), and needs a package index:\n"
            "check the network, or name your mirror with PIP_INDEX_URL, then run this again"
        )
    return quoted + "Mend that and run this command again"


def run(command: list[str], trouble: str) -> None:
    """Run a command that should print nothing; quote it when it fails.

    Raises:
        SetupError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"{trouble}: {(done.stderr or done.stdout).strip()}")


@contextmanager
def locked() -> Iterator[None]:
    """Hold the installation's lock, so that two processes do not write .venv at once."""
    descriptor = os.open(REQUIREMENTS, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("planloom: another process is installing; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Progress:
    """A line on standard error that says how far pip is: rewritten on a terminal, else sparse."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.number = 0
        self.started = time.monotonic()
        self.text = ""
        self.done = threading.Event()
        self.clock = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            self.clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        if self.clock.is_alive():
            self.clock.join()
            sys.stderr.write("\r\x1b[K")

    def advance(self, package: str) -> None:
        """One more package is being fetched."""
        self.number += 1
        self._show(f"[{self.number}/{self.count}] {package}", self.number % 25 == 0)

    def unpack(self) -> None:
        """All are fetched; pip now unpacks them, which it says nothing about."""
        self._show(f"[{self.count}/{self.count}] unpacking, a minute or two", True)

    def _show(self, text: str, milestone: bool) -> None:
        self.text = text
        if milestone and not sys.stderr.isatty():
            say(f"  {text}")

    def _tick(self) -> None:
        while not self.done.wait(0.2):
            seconds = time.monotonic() - self.started
            sys.stderr.write(f"\r\x1b[K  {self.text[:60]} ({seconds:.0f} s)")
            sys.stderr.flush()


def say(text: str) -> None:
    """Print to standard error: standard output belongs to the command that is about to run."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
