from typing import Any

from data.subset import choose, make_candidate

LETTERS = "abcdefghijklmn"


def row(number: int, document: str, weight: float = 1, **fields: Any) -> Any:
    usual = {
        "document": document, "content": "", "epics": 1, "stories": 2, "tasks": 0, "bugs": 0,
        "edges": 1, "points": [3], "priorities": ["High"], "style": "rfe", "domain": "d",
        "source": "s", "prompt_tokens": 50, "completion_tokens": 50,
    }  # fmt: skip
    return make_candidate(number, {**usual, **fields}, weight)


def test_what_is_new_comes_before_what_is_known() -> None:
    same = [row(n, "alpha beta gamma delta") for n in range(5)]
    other = row(9, "omega psi chi phi", style="prd", domain="e", epics=4)
    assert choose([*same, other], 2) == [0, 9]


def test_of_two_that_teach_the_same_the_shorter_one_is_taken() -> None:
    long, short = row(0, "alpha beta", completion_tokens=500), row(1, "alpha beta")
    assert choose([long, short], 1) == [1]


def test_a_source_that_weighs_more_comes_first() -> None:
    usual, better = row(0, "alpha beta"), row(1, "alpha beta", weight=4, completion_tokens=500)
    assert choose([usual, better], 1) == [1]


def test_plans_of_many_teams_are_chosen_too_though_they_are_long() -> None:
    small = [row(n, "alpha beta gamma", completion_tokens=600) for n in range(30)]
    large = [row(n, "alpha beta gamma", completion_tokens=1500, epics=4) for n in range(30, 40)]
    assert any(n >= 30 for n in choose([*small, *large], 20))


def test_no_more_than_asked_for_and_all_if_few() -> None:
    rows = [row(n, f"word{n} term{n}") for n in range(20)]
    assert choose([], 5) == []
    assert choose(rows, 0) == []
    assert sorted(choose(rows, 50)) == list(range(20))


def test_lazy_choice_is_the_greedy_choice() -> None:
    import math
    import random

    dice = random.Random(3)
    rows = [
        row(n, " ".join(dice.sample([*LETTERS], 5)),
            prompt_tokens=dice.randrange(20, 200), style=dice.choice("xyz"),
            edges=dice.randrange(9), weight=dice.choice((1, 4)))
        for n in range(40)
    ]  # fmt: skip
    kinds = range(len(rows[0].features))
    weights = [len(rows) / sum(len(each.features[kind]) for each in rows) for kind in kinds]
    counts: dict[tuple[int, int], int] = {}
    chosen: list[int] = []

    def gain(candidate: Any) -> float:
        total = 0.0
        for kind in kinds:
            for feature in candidate.features[kind].tolist():
                seen = counts.get((kind, feature), 0)
                total += weights[kind] * (math.sqrt(seen + 1) - math.sqrt(seen))
        return total * float(candidate.weight) / math.sqrt(int(candidate.tokens))

    while len(chosen) < 15:
        best = max(
            (each for each in rows if each.row not in chosen), key=lambda e: (gain(e), -e.row)
        )
        chosen.append(best.row)
        for kind in kinds:
            for feature in best.features[kind].tolist():
                counts[kind, feature] = counts.get((kind, feature), 0) + 1
    assert choose(rows, 15) == chosen
