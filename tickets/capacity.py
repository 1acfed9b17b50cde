"""How many people, and how long, a number of story points takes."""

import math
from typing import Final

POINTS_PER_SPRINT: Final = 8
"""What one engineer finishes in a sprint: the size at which users ask for stories to be split."""

WEEKS_PER_SPRINT: Final = 2
POINTS_PER_ENGINEER: Final = 20
MOST_ENGINEERS: Final = 4


def staffing(points: int) -> tuple[int, int]:
    """The engineers (1 to 4) and the weeks (whole sprints, at least one) for `points`.

    One engineer for every 20 points begun; each finishes 8 points per sprint of two weeks.
    """
    engineers = max(1, min(MOST_ENGINEERS, math.ceil(points / POINTS_PER_ENGINEER)))
    sprints = max(1, math.ceil(points / (POINTS_PER_SPRINT * engineers)))
    return engineers, WEEKS_PER_SPRINT * sprints


def people(engineers: int) -> str:
    """`1 engineer`, `2 engineers`."""
    return "1 engineer" if engineers == 1 else f"{engineers} engineers"
