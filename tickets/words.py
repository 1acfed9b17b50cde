"""Words and sentences: what two texts share, whatever the inflection.

`stems` feeds the lexical likeness of `tickets.trace` and the removal of repeated requirements;
`sentence_ends` tells where a text may be cut.
"""

import re
from functools import cache, lru_cache

_WORD = re.compile(r"[^\W_]+(?:[.+#][^\W_]+)*", re.UNICODE)
_HUMP = re.compile(r"(?<=[a-z]{3})(?=[A-Z][a-z]{2})")
"""Where an identifier falls into words: `PipelineRun`, but neither `GitHub`'s parts nor `KServe`'s
are words that a ticket would use alone."""

STOP_WORDS = frozenset(
    _WORD.findall(
        """a about above after again against all already also always am an and another any are as
        at be because been before being below between both but by can cannot could did do does
        doing done down during each either else etc even ever every few for from further get
        gets given had has have having he hence her here hers him his how however i if in
        instead into is it its itself just least less let like many may me might more most
        much must my near need needed needs neither no none nor not now of off often on once
        one only onto or other others our out over own per rather same see set shall she
        should since so some still such than that the their them then there therefore these
        they this those through thus to together too toward towards under until up upon us use
        used uses using via very was way we well were what when where whether which while who
        whom whose why will with within without would yes yet you your"""
    )
)

_ALIASES = {
    "admin": "administrator",
    "admins": "administrator",
    "auth": "authentication",
    "config": "configuration",
    "configs": "configuration",
    "db": "database",
    "doc": "documentation",
    "docs": "documentation",
    "env": "environment",
    "gui": "interface",
    "info": "information",
    "k8s": "kubernetes",
    "perf": "performance",
    "repo": "repository",
    "repos": "repository",
    "spec": "specification",
    "specs": "specification",
    "ui": "interface",
    "uis": "interface",
}
"""The short forms that documents and tickets use side by side with the long ones."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]*_`]*(?=\s|$)")
_NEXT_SENTENCE = re.compile(r"\s+(?:[\"'“‘(\[*_]*`\S|[\"'“‘(\[*_`]*[^\Wa-z_])", re.UNICODE)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|no|fig|approx|incl|resp|dr|mr|mrs|ms|prof|st)|\b[A-Z])\.$",
    re.IGNORECASE,
)


@cache
def _stemmer():  # type: ignore[no-untyped-def]
    # Snowball's English stemmer; the package carries no types.
    import snowballstemmer  # type: ignore[import-untyped]

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of one lower-case word, after long forms have replaced short ones."""
    return str(_stemmer().stemWord(_ALIASES.get(word, word)))


@lru_cache(maxsize=16_384)
def stems(text: str) -> tuple[str, ...]:
    """The stems of the words of `text`, in order, without stop words and plain numbers."""
    return tuple(
        stem(word)
        for word in _WORD.findall(_HUMP.sub(" ", text).lower())
        if word not in STOP_WORDS and len(word) > 1 and not word.replace(".", "").isdigit()
    )


def sentence_ends(text: str) -> list[int]:
    """The offsets in `text` right behind each sentence, the last one always its length.

    A full stop ends a sentence where the next word is not in lower case, and what stands before
    it is neither a common abbreviation nor a single initial.
    """
    ends = []
    last = len(text.rstrip())
    for match in _SENTENCE_END.finditer(text):
        end = match.end()
        if _ABBREVIATION.search(text, max(0, match.start() - 12), match.start() + 1):
            continue
        if end < last and _NEXT_SENTENCE.match(text, end):
            ends.append(end)
    return [*ends, len(text)]


def sentences(text: str) -> list[str]:
    """The sentences of `text`, without the white space around them, none empty."""
    ends = sentence_ends(text)
    parts = [text[start:end].strip() for start, end in zip([0, *ends], ends, strict=False)]
    return [part for part in parts if part]
