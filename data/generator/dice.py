"""Random choices that depend on a seed alone, and cost little."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Choices made from `Random.random` only, which Python keeps the same across versions."""

    __slots__ = ("random",)

    def __init__(self, seed: int) -> None:
        self.random = Random(seed).random

    def chance(self, share: float) -> bool:
        """True in a share (0 to 1) of the cases."""
        return self.random() < share

    def pick(self, items: Sequence[T]) -> T:
        """One of the items, each as likely as the others."""
        return items[int(self.random() * len(items))]

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` of the items (all, if there are fewer) in random order."""
        left = list(items)
        chosen = []
        for _ in range(min(count, len(left))):
            place = int(self.random() * len(left))
            left[place], left[-1] = left[-1], left[place]
            chosen.append(left.pop())
        return chosen

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """`count` of the items in their own order."""
        places = sorted(self.sample(range(len(items)), count))
        return [items[place] for place in places]

    def weighted(self, items: Sequence[tuple[T, float]]) -> T:
        """One of the items, as likely as its weight says."""
        mark = self.random() * sum(weight for _, weight in items)
        for item, weight in items:
            mark -= weight
            if mark < 0:
                return item
        return items[-1][0]
