import errno
import hashlib
import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest

from inference.checksums import MANIFEST, built_folder, file_hashes, is_whole, text_hash
from tickets.files import InputError


def build(folder: Path) -> None:
    (folder / "a").write_text("one")
    (folder / "b").write_bytes(b"\x00" * 1000)


def never(_: object) -> None:
    pytest.fail("this is not to be called")


def test_built_once_and_not_again(cache: Path) -> None:
    said: list[str] = []
    folder = cache / "models" / "x"
    assert built_folder(folder, build, said.append, "the model x") == folder
    built_folder(folder, never, said.append, "the model x")
    assert is_whole(folder)
    assert said == []
    assert oct(folder.stat().st_mode & 0o777) == "0o755"


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "manifest", "empty manifest"])
def test_a_damaged_folder_is_made_anew_and_said(cache: Path, damage: str) -> None:
    folder = cache / "models" / "x"
    built_folder(folder, build, print, "the model x")
    match damage:
        case "changed":
            (folder / "b").write_bytes(b"\x01" * 1000)
        case "cut":
            os.truncate(folder / "b", 10)
        case "missing":
            (folder / "a").unlink()
        case "manifest":
            (folder / MANIFEST).write_text("{")
        case _:
            (folder / MANIFEST).write_text("{}")
    said: list[str] = []
    built_folder(folder, build, said.append, "the model x")
    assert said == [f"the model x in {folder} is damaged; making it anew"]
    assert (folder / "b").read_bytes() == b"\x00" * 1000
    assert is_whole(folder)


def test_a_failed_build_leaves_nothing(cache: Path) -> None:
    folder = cache / "models" / "x"

    def fails(new: Path) -> None:
        (new / "a").write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(InputError, match=r"No space left on device.*PLANLOOM_CACHE"):
        built_folder(folder, fails, print, "the model x")
    assert [path.name for path in folder.parent.iterdir()] == ["x.lock"]


def test_what_a_killed_process_left_is_removed(cache: Path) -> None:
    folder = cache / "models" / "x"
    left = folder.parent / ".x.abc.tmp"
    left.mkdir(parents=True)
    (left / "half").write_text("half")
    built_folder(folder, build, print, "the model x")
    assert not left.exists()


def _slow_build(folder: Path) -> None:
    with (folder.parent / "builds").open("a") as log:
        log.write("built\n")
    time.sleep(0.3)
    build(folder)


def _worker(folder: Path) -> None:
    built_folder(folder, _slow_build, lambda _: None, "the model x")


def test_of_two_processes_one_builds(cache: Path) -> None:
    folder = cache / "models" / "x"
    folder.parent.mkdir()
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_worker, args=(folder,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert (folder.parent / "builds").read_text() == "built\n"
    assert is_whole(folder)


def test_hashes_follow_the_content(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("a")
    first = file_hashes([file])
    assert first == {"f": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}
    file.write_text("b")
    assert file_hashes([file]) != first


def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "f"
    file.write_text("a")
    first = file_hashes([file])
    monkeypatch.setattr(hashlib, "file_digest", pytest.fail)
    assert file_hashes([file]) == first


@pytest.mark.parametrize("memory", ["", "[]", "{", json.dumps({"x": 1})])
def test_a_damaged_memory_costs_only_time(cache: Path, tmp_path: Path, memory: str) -> None:
    file = tmp_path / "f"
    file.write_text("a")
    first = file_hashes([file])
    (cache / "hashes.json").write_text(memory.replace("x", str(file)))
    assert file_hashes([file]) == first


def test_parts_of_a_hash_are_kept_apart() -> None:
    assert text_hash("ab", "c") != text_hash("a", "bc")
