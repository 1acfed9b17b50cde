"""Curated pairs, as the tests of evaluation need them."""

from pathlib import Path

import pytest

from eval.adversarial.cheats import Given
from eval.pairs import Case, read_folder
from tests.scripts.conftest import run  # noqa: F401 - a fixture
from tickets.parse import parse_plan
from tickets.schema import Plan

EVERY = 6
"""One curated pair of so many is enough for a test; scripts/adversarial.py takes all."""
BY_HAND = ("back-in-stock-notices", "connection-test-button", "lab-result-release-hold")


@pytest.fixture(scope="session")
def cases(root: Path) -> list[Case]:
    """Some curated pairs, with those that were paraphrased by hand."""
    every = list(read_folder(root / "data" / "curated"))
    return [case for n, case in enumerate(every) if n % EVERY == 0 or case.id in BY_HAND]


@pytest.fixture(scope="session")
def references(cases: list[Case]) -> list[Plan]:
    """Their references."""
    return [parse_plan(case.reference or "").plan for case in cases]


@pytest.fixture(scope="session")
def givens(cases: list[Case], references: list[Plan]) -> list[Given]:
    """Each of them as a cheat gets it."""
    return [
        Given(
            case.id,
            case.document,
            references[place],
            references[(place + 1) % len(cases)],
            references[(place + 2) % len(cases)],
        )
        for place, case in enumerate(cases)
    ]
