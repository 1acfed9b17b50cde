import itertools

import pytest

from eval.adversarial.corruptions import CORRUPTIONS, DOSES, chosen, faults, trials
from eval.fidelity import compare
from tests.plans import put, sound_plan
from tickets.schema import Plan


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_more_damage_is_never_better_and_stays_where_it_is(
    references: list[Plan], name: str
) -> None:
    corruption = CORRUPTIONS[name]
    tried = 0
    for reference in references:
        found = trials(corruption, reference)
        tried += bool(found)
        assert faults(corruption, found) == [], reference.title
    assert tried > len(references) / 2


def test_faults_are_told() -> None:
    plan = sound_plan()
    corruption = CORRUPTIONS["wrong priority"]
    same, owner = (
        compare(other, plan) for other in (plan, put(plan, ("epics", 0, "owner"), "Zeppelin"))
    )
    assert faults(corruption, [same]) == ["priority does not fall"]
    assert "owners moves by 0.50" in faults(corruption, [owner])
    worse, better = trials(corruption, plan)[::-2]
    assert any(fault.startswith("score rises") for fault in faults(corruption, [worse, better]))


def test_a_larger_dose_holds_the_smaller_one() -> None:
    doses = [chosen(range(9), dose) for dose in (0.0, 0.01, *DOSES)]
    assert [len(each) for each in doses] == [0, 1, 3, 5, 9]
    for less, more in itertools.pairwise(doses):
        assert more[: len(less)] == less
