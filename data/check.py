"""What is wrong with a folder of pairs, before anyone trains on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.config import AnySource, Near
from data.dedupe import Signature, Signer, exact_twins, near_twins
from data.read import read_batch
from data.shingles import exact_hash, hash_words, words_of
from data.sources import Files, find_batches
from tickets.diagnostics import Diagnostic, Severity
from tickets.parse import parse_plan
from tickets.rows import Pair, Rejection
from tickets.rubric import score_plan
from tickets.rules import check_plan

PASSED = 0.8
"""The rubric's score from which on its users accept a plan."""


class Finding(NamedTuple):
    """A fault: in which file, and what it is, as a linter prints it."""

    text: str
    severity: Severity


class Checked(NamedTuple):
    """A pair, or what was meant to be one, with its findings; `score` is the rubric's.

    Without an `id`: a finding about two pairs.
    """

    id: str
    findings: tuple[Finding, ...]
    score: float | None = None


def check_pairs(source: AnySource) -> Iterator[Checked]:
    """Check each pair of a source: files, headers, plan, coverage, grounding, rubric, repetition.

    What stands for all pairs (duplicates) comes last.

    Raises:
        InputError: the source cannot be read, or holds nothing.
    """
    near = Near()
    signer = Signer(near.likeness, near.words)
    ids: dict[str, str] = {}
    names: list[str] = []
    exact: list[int] = []
    signatures: list[Signature] = []
    for batch in find_batches(source):
        units = {
            f"{source.name}/{unit.name}": unit for unit in batch.units if isinstance(unit, Files)
        }
        for unit, each in zip(units.values(), read_batch(batch), strict=True):
            if isinstance(each, Rejection):
                yield Checked(each.id, (Finding(f"{each.detail} [error]", "error"),))
                continue
            findings = []
            if each.id in ids:
                said = f"{unit.document}: id {each.id} is that of {ids[each.id]} too [error]"
                findings.append(Finding(said, "error"))
            ids.setdefault(each.id, str(unit.document))
            words = words_of(each.document)
            names.append(str(unit.document))
            exact.append(exact_hash(words))
            signatures.append(signer.sign(hash_words(words)))
            assert unit.plan is not None
            checked = _check(each, unit.plan)
            yield checked._replace(findings=(*findings, *checked.findings))
    yield from _repeated(names, exact, signatures, near.likeness)


def _check(pair: Pair, path: Path) -> Checked:
    # A header in front of the plan is gone; lines count from the top of the file all the same.
    whole = path.read_text("utf-8-sig")
    above = whole.partition(pair.plan.rstrip("\n"))[0].count("\n")
    parsed = parse_plan("\n" * above + pair.plan)
    checked = check_plan(parsed.plan, lines=parsed.lines, document=pair.document)
    found: list[Diagnostic] = [*parsed.diagnostics, *checked]
    findings = [
        Finding(each.render(str(path)), each.severity)
        for each in sorted(found, key=lambda finding: finding.line or 0)
    ]
    rubric = score_plan(parsed.plan, document=pair.document, findings=checked)
    if not rubric.passed:
        said = f"{path}: the rubric gives it {rubric.score:.2f}, under {PASSED:.2f} [warning]"
        findings.append(Finding(said, "warning"))
    return Checked(pair.id, tuple(findings), rubric.score)


def _repeated(
    names: list[str], exact: list[int], signatures: list[Signature], likeness: float
) -> Iterator[Checked]:
    twins = exact_twins(range(len(names)), np.array(exact, np.uint64))
    same = {twin.row for twin in twins}
    twins += near_twins(
        (row for row in range(len(names)) if row not in same), signatures.__getitem__, likeness
    )
    for twin in sorted(twins):
        like = "has the same words as" if twin.row in same else f"is {twin.likeness:.0%} like"
        said = f"{names[twin.row]}: {like} {names[twin.of]}; the build keeps one [warning]"
        yield Checked("", (Finding(said, "warning"),))
