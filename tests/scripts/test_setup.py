"""The launcher and the installation, in a copy of the root with a lock of one tiny package."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from scripts import setup

CLI = "import sys, tiny\nprint('cli', tiny.VALUE, *sys.argv[1:])\n"


def make_wheel(folder: Path, version: str) -> None:
    """A wheel of the package `tiny`, whose VALUE is its version."""
    info = f"tiny-{version}.dist-info"
    with zipfile.ZipFile(folder / f"tiny-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", f"VALUE = {version!r}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
        )
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """The launcher with a lock of one package and a command line that prints what it got."""
    folder = tmp_path / "a folder"
    (folder / "scripts").mkdir(parents=True)
    (folder / "requirements").mkdir()
    shutil.copy(root / "planloom", folder)
    shutil.copy(root / "scripts" / "setup.py", folder / "scripts")
    (folder / "scripts" / "cli.py").write_text(CLI)
    for kind in ("cpu", "cuda"):
        (folder / "requirements" / f"{kind}.lock").write_text("# one package\ntiny==1.0\n")
    (tmp_path / "wheels").mkdir()
    make_wheel(tmp_path / "wheels", "1.0")
    make_wheel(tmp_path / "wheels", "2.0")
    return folder


def environment(copy: Path, **more: str) -> dict[str, str]:
    """Nothing but the wheels of the test, and this Python."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    kept |= {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(copy.parent / "wheels"),
        "PIP_CONFIG_FILE": os.devnull,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    kept.pop("PYTHONPATH", None)
    return kept | more


def launch(copy: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(copy / "planloom"), *arguments],
        env=environment(copy, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_first_use_installs_and_later_ones_start_at_once(copy: Path, tmp_path: Path) -> None:
    first = launch(copy, "check", "a b.md")
    assert first.returncode == 0, first.stderr
    assert first.stdout == "cli 1.0 check a b.md\n"
    assert "installing the C" in first.stderr
    assert "1 packages installed" in first.stderr

    link = tmp_path / "link"
    link.symlink_to(copy / "planloom")
    second = subprocess.run(
        [str(link), "x"], env=environment(copy), capture_output=True, text=True, check=True
    )
    assert (second.stdout, second.stderr) == ("cli 1.0 x\n", "")

    for kind in ("cpu", "cuda"):  # a change of the lock is installed
        (copy / "requirements" / f"{kind}.lock").write_text("tiny==2.0\n")
    third = launch(copy)
    assert third.stdout == "cli 2.0\n"
    assert "installing the C" in third.stderr


def test_what_was_interrupted_is_made_anew(copy: Path) -> None:
    process = subprocess.Popen(
        [str(copy / "planloom")],
        env=environment(copy),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not (copy / ".venv").exists() and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not list((copy / ".venv").glob("*.lock"))
    (copy / ".venv" / "half.txt").write_text("left behind")
    again = launch(copy, "x")
    assert again.stdout == "cli 1.0 x\n"
    assert not (copy / ".venv" / "half.txt").exists()


def test_two_at_once_do_not_clash(copy: Path) -> None:
    processes = [
        subprocess.Popen(
            [str(copy / "planloom"), str(number)],
            env=environment(copy),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [out for out, _ in outputs] == [f"cli 1.0 {number}\n" for number in range(3)]
    installed = [err for _, err in outputs if "packages installed" in err]
    assert len(installed) == 1


def test_a_package_that_pip_cannot_find(copy: Path) -> None:
    for kind in ("cpu", "cuda"):
        (copy / "requirements" / f"{kind}.lock").write_text("torch==2.13.0+cpu\n")
    failed = launch(copy)
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert "torch==2.13.0+cpu" in failed.stderr
    assert "PIP_EXTRA_INDEX_URL" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_no_python_that_is_new_enough(copy: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "readlink", "dirname", "cat"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tools / "python3").chmod(0o755)
    failed = launch(copy, PATH=str(tools))
    assert failed.returncode == 2
    assert "no Python from 3.11 on was found" in failed.stderr


def test_completion_before_the_installation_installs_nothing(copy: Path) -> None:
    done = launch(copy, _PLANLOOM_COMPLETE="complete_bash")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (copy / ".venv").exists()


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        ("echo 'GPU 0: NVIDIA H200 (UUID: GPU-1)'", "cuda", "GPU 0: NVIDIA H200"),
        ("echo 'No devices were found'; exit 6", "cpu", "nvidia-smi lists none"),
        (None, "cpu", "there is no nvidia-smi here"),
    ],
)
def test_the_set_that_fits_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, kind: str, reason: str
) -> None:
    if script:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = setup.choose_kind()
    assert found[0] == kind
    assert reason in found[1]


def test_too_little_room_is_said_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage = shutil.disk_usage(setup.ROOT)._replace(free=2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(
        setup.SetupError, match=r"1\.0 GiB of free space, and the CPU packages need"
    ):
        setup.check_machine("cpu")


def test_a_python_without_venv_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(setup.SetupError, match=r"apt install python3\.\d+-venv"):
        setup.check_machine("cpu")
