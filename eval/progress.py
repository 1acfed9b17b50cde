"""How far a system is with its plans, told now and then."""

import time
from collections.abc import Callable
from typing import Final

EVERY: Final = 20.0
"""Seconds between two lines."""


class Progress:
    """Says plans done and to do, tokens per second, and the time that is left."""

    def __init__(self, name: str, total: int, most: int, say: Callable[[str], None]) -> None:
        """Take the system's name, its plans, the most tokens of one, and who is told."""
        self._name, self._total, self._most, self._say = name, total, most, say
        self._started = self._told = time.monotonic()

    def tell(self, done: int, tokens: int) -> None:
        """Say it, unless it has just been said.

        Args:
            done: plans that are finished.
            tokens: written since the start, also of plans that are not finished.
        """
        now = time.monotonic()
        if now - self._told >= EVERY:
            self._told = now
            seconds = now - self._started
            self._say(describe(self._name, done, self._total, self._most, tokens, seconds))


def describe(name: str, done: int, total: int, most: int, tokens: int, seconds: float) -> str:
    """A line such as `tuned: 3 of 22 plans, 9120 tokens, 152/s, about 4 min left`.

    The time that is left is guessed in two ways, and the lower one is told: all plans take as long
    as those that are done, or all have the most tokens, at the speed up to now. The first is far
    too high while all are written at once and few are done, the second once many are.
    """
    guesses = []
    if done:
        guesses.append(seconds / done * (total - done))
    if tokens > total * most / 100:  # before, prompts are read and nothing is known
        guesses.append(max(0, total * most - tokens) * seconds / tokens)
    parts = [f"{done} of {total} plans", f"{tokens} tokens, {tokens / seconds:.0f}/s"]
    if guesses:
        parts.append(f"about {_duration(min(guesses))} left")
    return f"{name}: {', '.join(parts)}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
