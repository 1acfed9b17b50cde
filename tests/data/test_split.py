import numpy as np

from data.config import HeldOut, Splits
from data.split import TEST, TRAIN, VALIDATION, split_rows


def split(rows: list[tuple[str, str]], splits: Splits) -> list[int]:
    groups = list(dict.fromkeys(group for group, _ in rows))
    domains = list(dict.fromkeys(domain for _, domain in rows))
    ranks = split_rows(
        np.array([groups.index(group) for group, _ in rows]), groups,
        np.array([domains.index(domain) for _, domain in rows]), domains, splits,
    )  # fmt: skip
    return [int(rank) for rank in ranks]


def test_domains_are_held_out_wholly_and_take_their_groups_along() -> None:
    splits = Splits(validation=HeldOut(domains=("v",)), test=HeldOut(domains=("t",)))
    rows = [("a", "x"), ("b", "v"), ("c", "t"), ("c", "x"), ("d", "t"), ("d", "v")]
    assert split(rows, splits) == [TRAIN, VALIDATION, TEST, TEST, TEST, TEST]


def test_pairs_about_one_topic_stay_together() -> None:
    splits = Splits(test=HeldOut(domains=("t",)), together=(("a", "b"), ("b", "c"), ("d", "none")))
    rows = [("a", "x"), ("b", "x"), ("c", "t"), ("d", "x")]
    assert split(rows, splits) == [TEST, TEST, TEST, TRAIN]


def test_shares_go_by_group_and_do_not_move_when_rows_are_added() -> None:
    splits = Splits(validation=HeldOut(share=0.1), test=HeldOut(share=0.2), seed=4)
    rows = [(f"group {n // 2}", "x") for n in range(4000)]
    ranks = split(rows, splits)
    assert ranks[::2] == ranks[1::2]
    assert abs(ranks.count(TEST) / 4000 - 0.2) < 0.03
    assert abs(ranks.count(VALIDATION) / 4000 - 0.1) < 0.03
    assert split([("new", "x"), *rows], splits)[1:] == ranks
    assert split(rows, splits.model_copy(update={"seed": 5})) != ranks
