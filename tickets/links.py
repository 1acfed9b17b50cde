"""Lines that name two tickets and what holds between them: `**Epic 1 → Epic 2**: why`."""

import re
from typing import Final

from tickets.schema import Ref
from tickets.values import read_reference

_ARROWS: Final = {
    "→": 1,
    "->": 1,
    "-->": 1,
    "=>": 1,
    "⇒": 1,
    "⟶": 1,
    "↔": 0,
    "<->": 0,
    "⇔": 0,
    "<=>": 0,
    "←": -1,
    "<-": -1,
}
"""Each arrow, and whether it leads to the right (1), to the left (-1) or nowhere (0)."""
_ARROW = re.compile(r"\s*(?:\([^()]*\)\s*)?(<->|<=>|-->|->|=>|<-|[→⇒⟶↔⇔←])\s*")
_VERB = re.compile(
    r"\s*(?:(?P<after>depends on|requires|needs|waits for|is blocked by)"
    r"|(?P<before>blocks|before|precedes|must precede|enables|unblocks))\s+",
    re.IGNORECASE,
)
_BOLD = re.compile(r"(\*\*|__)(.+?)\1\s*(?::\s*(.*)|$)")


def read_links(words: str, sign: str) -> tuple[list[tuple[Ref, Ref, str]], bool]:
    """The pairs of tickets that a line names, each with the words behind.

    Args:
        words: the line without its bullet or number.
        sign: the arrow that the template writes there, `→` or `↔`.

    Returns:
        (first, second, words) for each arrow, first before second where the sign is `→`; none
        if the line names no two tickets. And whether it is written as in the template.
    """
    bold = _BOLD.match(words)
    rest = bold[2] if bold else words
    exact = bold is not None
    refs: list[Ref] = []
    directions: list[int] = []
    while found := read_reference(rest):
        refs.append(found.ref)
        exact = exact and found.canonical
        rest = found.rest
        if arrow := _ARROW.match(rest):
            directions.append(_ARROWS[arrow[1]])
            exact = exact and arrow[0] == f" {sign} "
            rest = rest[arrow.end() :]
        elif verb := _VERB.match(rest):
            directions.append(1 if verb["before"] else -1)
            exact = False
            rest = rest[verb.end() :]
        else:
            break
    if len(refs) < 2 or len(directions) != len(refs) - 1:
        return [], False
    tail = rest.strip().strip("*").lstrip(":–—-,. ")
    reason = " ".join(filter(None, (tail, bold[3] if bold else "")))
    pairs = zip(refs, refs[1:], directions, strict=False)
    return [(b, a, reason) if way < 0 else (a, b, reason) for a, b, way in pairs], exact
