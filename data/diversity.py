"""How varied a set of texts is, and what shapes its plans have.

Distinct 4-grams are the different sequences of four words, as a share of all. Near-duplicates are
texts with an earlier one that has at least 0.8 of the three-word sequences in common (Jaccard,
estimated by MinHash). Compression is what zlib leaves of the bytes: of repeated texts, little.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tickets.rows import Pair
from tickets.schema import Model

GRAM: Final = 4
SHINGLE: Final = 3
LIKENESS: Final = 0.8
PERMUTATIONS: Final = 64
_WORD: Final = re.compile(r"\w+", re.ASCII)
_TICKET: Final = re.compile(r"^#{3,5} (Epic|Story|Task) [\d.]+:", re.MULTILINE)
_POINTS: Final = re.compile(r"^\*\*Story Points\*\*: (\d+)$", re.MULTILINE)
_WAITING: Final = re.compile(r"^\*\*Dependencies\*\*: (?!None$)", re.MULTILINE)


class Diversity(Model):
    """The measures of a set of texts; shares are from 0 to 1, lengths in words."""

    texts: int
    words: int
    shortest: int
    median: int
    longest: int
    repeated: int
    distinct_4grams: float
    near_duplicates: float
    compression: float


class Shapes(Model):
    """How many plans have how many epics, stories, tasks and waiting tickets, and how many tickets
    have how many points.
    """

    epics: dict[int, int]
    stories: dict[int, int]
    tasks: dict[int, int]
    waiting: dict[int, int]
    points: dict[int, int]


def measure(texts: Sequence[str]) -> Diversity:
    """The diversity of `texts`. Raises `ValueError` when there are none."""
    if not texts:
        raise ValueError("no texts to measure; give at least one")
    from datasketch import MinHash, MinHashLSH

    grams: set[int] = set()
    total = near = 0
    lengths = []
    index = MinHashLSH(threshold=LIKENESS, num_perm=PERMUTATIONS)
    hashes: dict[int, MinHash] = {}
    packer = zlib.compressobj()
    size = packed = 0
    for number, text in enumerate(texts):
        words = _WORD.findall(text.lower())
        lengths.append(len(words))
        total += max(len(words) - GRAM + 1, 0)
        grams.update(map(hash, zip(*(words[i:] for i in range(GRAM)), strict=False)))
        parts = zip(*(words[i:] for i in range(SHINGLE)), strict=False)
        shingles = {" ".join(part).encode() for part in parts}
        sketch = MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32)
        sketch.update_batch(list(shingles))
        # The index answers with candidates, of which some are less alike than asked for.
        near += any(sketch.jaccard(hashes[other]) >= LIKENESS for other in index.query(sketch))
        index.insert(number, sketch)
        hashes[number] = sketch
        raw = text.encode("utf-8")
        size += len(raw)
        packed += len(packer.compress(raw))
    packed += len(packer.flush())
    lengths.sort()
    return Diversity(
        texts=len(texts),
        words=sum(lengths),
        shortest=lengths[0],
        median=lengths[len(lengths) // 2],
        longest=lengths[-1],
        repeated=len(texts) - len(set(texts)),
        distinct_4grams=round(len(grams) / total, 4) if total else 1.0,
        near_duplicates=round(near / len(texts), 4),
        compression=round(packed / size, 4) if size else 1.0,
    )


def shapes(plans: Iterable[str]) -> Shapes:
    """The shapes of plans in canonical markdown, counted by their headings and fields."""
    counts: dict[str, Counter[int]] = {name: Counter() for name in Shapes.model_fields}
    for plan in plans:
        levels = Counter(_TICKET.findall(plan))
        counts["epics"][levels["Epic"]] += 1
        counts["stories"][levels["Story"]] += 1
        counts["tasks"][levels["Task"]] += 1
        counts["waiting"][len(_WAITING.findall(plan))] += 1
        counts["points"].update(int(points) for points in _POINTS.findall(plan))
    return Shapes(**{name: dict(sorted(counter.items())) for name, counter in counts.items()})


def diversity_table(pairs: Sequence[Pair]) -> str:
    """The measures of the documents and plans of `pairs` as two markdown tables."""
    columns = {
        "documents": measure([pair.document for pair in pairs]),
        "plans": measure([pair.plan for pair in pairs]),
    }
    lines = [f"| measure | {' | '.join(columns)} |", "| :-- | --: | --: |"]
    for name in Diversity.model_fields:
        values = (getattr(column, name) for column in columns.values())
        cells = (f"{value:,}" if isinstance(value, int) else f"{value:.3f}" for value in values)
        lines.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    lines += ["", "| shape | how many plans (points: tickets) have how many |", "| :-- | :-- |"]
    for name, counts in shapes(pair.plan for pair in pairs).model_dump().items():
        lines.append(f"| {name} | {_histogram(counts)} |")
    return "\n".join(lines) + "\n"


def _histogram(counts: dict[int, int], most: int = 12) -> str:
    """`1: 40, 2: 31, 3+: 29`: the counts, the rare large ones taken together."""
    shown = list(counts.items())
    head, tail = shown[: most - 1], shown[most - 1 :]
    texts = [f"{value}: {count:,}" for value, count in head]
    if tail:
        texts.append(f"{tail[0][0]}+: {sum(count for _, count in tail):,}")
    return ", ".join(texts)
