import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.tiny_models import TEMPLATE, make_tiny_model
from tests.training.conftest import row, write_dataset
from tickets.files import InputError
from tickets.prompt import format_hash
from training.config import Examples
from training.rows import IGNORED, chosen_chats, make_rows, manifest_hash, read_chats


def rows_of(dataset: Path, tokenizer: Any, length: int = 512) -> Any:
    return make_rows(read_chats(dataset, "all"), tokenizer, length)


def test_loss_is_on_the_completion_alone_and_on_the_end_of_the_turn(
    dataset: Path, tokenizer: Any
) -> None:
    rows = rows_of(dataset, tokenizer)
    assert [each.id for each in rows] == [f"row-{n}" for n in range(1, 9)]
    for each in rows:
        with_loss = [token for token in each.labels if token != IGNORED]
        text = tokenizer.decode(with_loss)
        assert text.startswith("# Plan\n")
        assert with_loss[-1] == tokenizer.eos_token_id
        assert text.count("<|end|>") == 1
        assert set(each.labels[: each.prompt]) == {IGNORED}


def test_a_row_over_the_length_is_named_and_not_cut(dataset: Path, tokenizer: Any) -> None:
    longest = max(len(each.ids) for each in rows_of(dataset, tokenizer))
    assert rows_of(dataset, tokenizer, longest)
    with pytest.raises(InputError, match=r"row row-1: has \d+ tokens, and examples.length is 20"):
        rows_of(dataset, tokenizer, 20)


def test_a_template_that_never_ends_the_turn_is_refused(tmp_path: Path, dataset: Path) -> None:
    from transformers import AutoTokenizer

    folder = make_tiny_model(tmp_path / "endless", TEMPLATE.replace("<|end|>", ""))
    endless = AutoTokenizer.from_pretrained(folder)
    with pytest.raises(InputError, match="the model would never learn to stop"):
        rows_of(dataset, endless)


def test_a_template_that_changes_the_prompt_is_refused(tmp_path: Path, dataset: Path) -> None:
    from transformers import AutoTokenizer

    folder = make_tiny_model(tmp_path / "other", "{{ messages | length }}" + TEMPLATE)
    with pytest.raises(InputError, match="the prompt has other tokens than the engine sends"):
        rows_of(dataset, AutoTokenizer.from_pretrained(folder))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"completion": [{"role": "assistant", "content": " \n"}]}, "has an empty completion"),
        ({"completion": []}, "lacks its prompt or completion"),
        ({"prompt_tokens": 1}, "it was built for another model"),
        ({"format_hash": "0" * 16}, "row row-2 was made for the format 0000"),
    ],
)
def test_a_bad_row_is_named(
    tmp_path: Path, tokenizer: Any, changes: dict[str, Any], said: str
) -> None:
    rows = [row(1, tokenizer), row(2, tokenizer, **changes)]
    with pytest.raises(InputError, match=said) as caught:
        rows_of(write_dataset(tmp_path, rows), tokenizer)
    assert "row-2" in str(caught.value)


def test_files_that_cannot_be_used(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(InputError, match=r"here is no dataset; make it with"):
        manifest_hash(tmp_path, "whole")
    dataset = write_dataset(tmp_path, [row(1, tokenizer)])
    file = dataset / "data/train.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["completion"]), file)
    with pytest.raises(InputError, match=r"train.parquet: has no column completion"):
        rows_of(dataset, tokenizer)
    pq.write_table(pa.Table.from_pylist([row(1, tokenizer)]).slice(0, 0), file)
    with pytest.raises(InputError, match="has no rows"):
        rows_of(dataset, tokenizer)
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"train.parquet: is damaged"):
        rows_of(dataset, tokenizer)
    file.unlink()
    with pytest.raises(InputError, match=r"train.parquet: is missing"):
        rows_of(dataset, tokenizer)


def test_another_format_is_refused_before_any_row_is_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"formats": {"whole": "0123"}}), "utf-8")
    with pytest.raises(InputError, match=f"format 0123, this version uses {format_hash()}"):
        manifest_hash(tmp_path, "whole")


def test_so_many_of_a_length_are_chosen(dataset: Path) -> None:
    def ids(**choice: Any) -> list[str]:
        return [chat.id for (chat,) in chosen_chats(Examples(path=dataset, **choice))]

    assert ids(subset="cpu", most=3) == ["row-1", "row-2", "row-3"]
    sizes = {chat.id: sum(chat.tokens) for (chat,) in read_chats(dataset, "all")}
    least = sorted(sizes.values())[4]
    expected = [name for name, size in sizes.items() if size >= least]
    assert ids(between=(least, 10_000)) == expected
    assert len(ids(between=(least, 10_000), most=2)) == 2
    assert set(ids(between=(least, 10_000), most=2)) < set(expected)
    with pytest.raises(InputError, match=r"no example of all has \(1, 2\) tokens"):
        ids(between=(1, 2))


def test_a_sample_of_all_examples_is_fair_and_always_the_same(
    tmp_path: Path, tokenizer: Any
) -> None:
    dataset = write_dataset(tmp_path, [row(n, tokenizer) for n in range(1, 201)])
    chosen = [
        int(chat.id.removeprefix("row-"))
        for (chat,) in chosen_chats(Examples(path=dataset, most=60))
    ]
    assert len(chosen) == len(set(chosen)) == 60
    assert chosen == sorted(chosen)
    assert 15 <= sum(number <= 100 for number in chosen) <= 45
    again = [chat.id for (chat,) in chosen_chats(Examples(path=dataset, most=60))]
    assert again == [f"row-{number}" for number in chosen]
