import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.leaks import EVALUATION, Leak, find_shared, judge, text_runs, write_held_out
from data.split import TEST, TRAIN, VALIDATION
from tests.data.making import words

LENGTH = 13


def leaks(
    folder: Path, rows: list[tuple[int, str]], held_out: list[tuple[int, str]], common: int = 5
) -> list[Leak]:
    write_held_out(folder, held_out, LENGTH)
    table = pa.table({"document": [text for _, text in rows], "content": [""] * len(rows)})
    pq.write_table(table, folder / "rows.parquet")
    ranks = np.array([rank for rank, _ in rows], np.int8)
    return judge(find_shared(folder / "rows.parquet", ranks, folder, LENGTH), folder, common)[0]


def text(seed: int, count: int = 60) -> str:
    return words(random.Random(seed), count)


def test_a_planted_run_is_found_and_shown(tmp_path: Path) -> None:
    secret = text(99, 13)
    held_out = [(TEST, f"{text(1)} {secret} {text(2)}")]
    rows = [(TRAIN, text(3)), (TRAIN, f"{text(4)}, {secret.upper()}. {text(5)}")]
    assert leaks(tmp_path, rows, held_out) == [Leak(1, 1, secret)]
    short = " ".join(secret.split()[:12])
    assert leaks(tmp_path, [(TRAIN, f"{text(4)} {short} {text(5)}")], held_out) == []


@pytest.mark.parametrize(
    ("row", "held_out", "found"),
    [
        (TRAIN, EVALUATION, True),
        (TRAIN, TEST, True),
        (TRAIN, VALIDATION, True),
        (VALIDATION, TEST, True),
        (VALIDATION, EVALUATION, True),
        (VALIDATION, VALIDATION, False),
        (TEST, TEST, False),
        (TEST, EVALUATION, False),
    ],
)
def test_who_may_share_with_whom(tmp_path: Path, row: int, held_out: int, found: bool) -> None:
    assert bool(leaks(tmp_path, [(row, text(1))], [(held_out, text(1))])) is found


def test_runs_do_not_reach_across_blocks_but_across_lines() -> None:
    first, second = text(1, 8), text(2, 8)
    assert len(text_runs(f"{first}\n{second}", LENGTH)[0]) == 4
    for between in ("\n\n", "\n- ", "\n| ", "\n3. ", "\n## "):
        assert len(text_runs(f"{first}{between}{second}", LENGTH)[0]) == 0


def test_set_phrases_are_no_leaks_unless_they_are_half_of_a_text(tmp_path: Path) -> None:
    phrase = text(50, 20)
    rows = [(TRAIN, f"{text(n, 100)}\n\n{phrase}") for n in range(4)]
    held_out = [(TEST, f"{text(60)}\n\n{phrase}"), (TEST, f"{text(61)}\n\n{phrase}")]
    assert leaks(tmp_path, rows, held_out, common=5) == []
    assert len(leaks(tmp_path, rows, held_out, common=6)) == 4
    whole = [(TRAIN, text(60))] * 9
    assert len(leaks(tmp_path, whole, held_out, common=5)) == 9
