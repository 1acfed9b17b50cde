"""What of a long document concerns one epic: whole sections, by their words (BM25)."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from tickets.schema import Epic
from tickets.sections import Fitted, fit_document
from tickets.words import stems


def excerpt(
    document: str,
    epic: Epic,
    budget: int,
    count_tokens: Callable[[str], int],
    rests_on: Sequence[str] = (),
) -> Fitted:
    """The document cut to `budget` tokens, the parts least like the epic's titles first.

    Likeness is BM25 (Robertson and Zaragoza 2009) over the stems of the words; what the document
    begins with stays longest, since it names the feature, and then what holds one of the sentences
    that the epic is known to rest on.
    """
    wanted = [word for title in _titles(epic) for word in stems(title)]

    def weigh(parts: list[str]) -> Sequence[float]:
        ranker = _ranker()
        # A part without words would end up with no place in the index.
        ranker.index([list(stems(part)) or ["-"] for part in parts], show_progress=False)
        scores: list[float] = ranker.get_scores(wanted or ["-"]).tolist()
        known = [max(scores) + 1 if any(s in part for s in rests_on) else 0 for part in parts]
        return [float("inf"), *(a + b for a, b in zip(scores[1:], known[1:], strict=True))]

    return fit_document(document, budget, count_tokens, weigh)


def _ranker() -> Any:
    """A fresh index.

    Where numba is installed, bm25s imports it for a speed that is not needed here, and after that
    vLLM does not start in the same process any more (its scan of all modules stumbles).
    """
    hidden = "numba" not in sys.modules
    if hidden:
        sys.modules["numba"] = None  # type: ignore[assignment]
    try:
        import bm25s
    finally:
        if hidden:
            del sys.modules["numba"]
    return bm25s.BM25()


def _titles(epic: Epic) -> list[str]:
    tickets = [ticket for story in epic.stories for ticket in (story, *story.tasks)]
    return [epic.title, *epic.components, *(ticket.title for ticket in tickets)]
