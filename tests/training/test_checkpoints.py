from pathlib import Path

import pytest

from tickets.files import InputError
from training.checkpoints import claim, is_whole, mark_whole, newest_whole


def checkpoint(output: Path, steps: int, *, whole: bool = True) -> Path:
    folder = output / f"checkpoint-{steps}"
    (folder / "inner").mkdir(parents=True)
    (folder / "adapter.safetensors").write_bytes(b"a" * 100)
    (folder / "inner" / "optimizer.pt").write_bytes(b"b" * 50)
    if whole:
        mark_whole(folder)
    return folder


def test_the_newest_whole_one_counts(tmp_path: Path) -> None:
    assert newest_whole(tmp_path) is None
    checkpoint(tmp_path, 5)
    ten = checkpoint(tmp_path, 10)
    checkpoint(tmp_path, 15, whole=False)
    checkpoint(tmp_path, 100, whole=False)
    assert newest_whole(tmp_path) == ten


@pytest.mark.parametrize("name", ["adapter.safetensors", "inner/optimizer.pt"])
def test_a_file_that_was_cut_or_lost_makes_it_not_whole(tmp_path: Path, name: str) -> None:
    folder = checkpoint(tmp_path, 1)
    assert is_whole(folder)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-1])
    assert not is_whole(folder)
    (folder / name).unlink()
    assert not is_whole(folder)


def test_an_output_belongs_to_one_run(tmp_path: Path) -> None:
    ours = {"model": "abc", "lora": {"rank": 16, "targets": ("q", "v")}}
    claim(tmp_path / "run", ours)
    claim(tmp_path / "run", ours)
    theirs = {"model": "abd", "lora": {"rank": 8, "targets": ("q", "v")}}
    with pytest.raises(InputError) as caught:
        claim(tmp_path / "run", theirs)
    assert "lora.rank 16 -> 8; model 'abc' -> 'abd'" in str(caught.value)


def test_checkpoints_of_nobody_are_not_taken_over(tmp_path: Path) -> None:
    checkpoint(tmp_path, 1)
    with pytest.raises(InputError, match="nobody knows whose"):
        claim(tmp_path, {"model": "abc"})
