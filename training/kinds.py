"""Which tokens matter most: headings, points, dependencies; the rest is text.

In a plan these are told by their labels, in an outline by what stands between bars.
"""

from collections.abc import Sequence
from typing import Any, Final

from tickets import template as t
from tickets.staged_outline import AFTER

KINDS: Final = ("text", "headings", "points", "dependencies")

_VALUES: Final = {
    f"**{t.POINTS}**:": "points",
    f"- {t.POINTS}:": "points",
    f"**{t.TOTAL}**:": "points",
    f"**{t.DEPENDENCIES}**:": "dependencies",
}


class TokenKinds:
    """Tells the kind of each token of a plan, by the line that it stands in.

    Args:
        tokenizer: of Transformers.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._texts: dict[int, str] = {}

    def of(self, ids: Sequence[int]) -> list[int]:
        """The place in `KINDS` of each token: a heading's whole line, a value behind its label."""
        kinds: list[int] = []
        line = ""
        for token in ids:
            text = self._texts.get(token)
            if text is None:
                text = self._texts[token] = self._tokenizer.decode([token])
            kinds.append(KINDS.index(_kind(line, text)))
            line = text.rpartition("\n")[2] if "\n" in text else line + text
        return kinds


def _kind(line: str, text: str) -> str:
    if (line + text).startswith("#"):
        return "headings"
    for label, kind in _VALUES.items():
        if line.startswith(label) and text.strip():
            return kind
    if line[:1].isdigit() and "|" in line and text.strip(" |\n"):
        field = (line + text).rpartition("|")[2].split()
        if field[0] == AFTER:
            return "dependencies"
        if field[0].isdigit():
            return "points"
    return "text"
