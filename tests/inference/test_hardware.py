import os
from pathlib import Path

import pytest

from inference import hardware


def container(monkeypatch: pytest.MonkeyPatch, folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)
    monkeypatch.setattr(hardware, "CGROUP", folder)


def test_threads_are_at_most_the_processors(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    container(monkeypatch, tmp_path, cpu__max="max 100000")
    assert 1 <= hardware.compute_threads() <= len(os.sched_getaffinity(0))


def test_a_containers_quota_limits_the_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(hardware, "CPUS", tmp_path / "no such folder")
    container(monkeypatch, tmp_path, cpu__max="250000 100000")
    assert hardware.compute_threads() == 3
    container(monkeypatch, tmp_path, cpu__max="max 100000")
    assert hardware.compute_threads() == 64


def test_two_processors_of_one_core_count_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    for cpu in range(4):
        topology = tmp_path / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{cpu % 2},{cpu % 2 + 2}\n")
    monkeypatch.setattr(hardware, "CPUS", tmp_path)
    container(monkeypatch, tmp_path)
    assert hardware.compute_threads() == 2


def test_a_containers_memory_limit_counts_without_the_page_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    container(
        monkeypatch,
        tmp_path,
        memory__max=str(300 << 20),
        memory__current=str(200 << 20),
        memory__stat=f"anon 5\ninactive_file {50 << 20}\n",
    )
    assert hardware.free_memory() == 150 << 20
    container(monkeypatch, tmp_path, memory__max="max")
    assert hardware.free_memory() > 150 << 20
