"""Plans that people have graded, and how far scores agree with their grades.

`rewritten.yaml` has plans written by hand, `damaged.yaml` what was done to curated plans; each has
a grade and the reason for it. Nothing in `eval` is fitted to them.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import yaml
from pydantic import Field, TypeAdapter
from scipy import stats

from eval.adversarial import cheats, corruptions
from eval.adversarial.cheats import Given
from eval.statistics import CONFIDENCE, RESAMPLES, SEED
from tickets.repair import repair_plan
from tickets.schema import Dependency, Epic, Model, Plan, Ref, Story, TicketType

HERE: Final = Path(__file__).resolve().parent
Grade = Literal["useless", "weak", "usable", "excellent"]
GRADES: Final[tuple[Grade, ...]] = ("useless", "weak", "usable", "excellent")


class Damaged(Model):
    """A curated plan with known damage; see `damaged.yaml`."""

    base: str
    grade: Grade
    why: str
    made: str = ""
    damage: dict[str, float] = Field(default_factory=dict)


class WrittenStory(Model):
    """A story as `rewritten.yaml` has it."""

    name: str
    title: str
    description: str
    criteria: tuple[str, ...]
    points: int
    type: TicketType = "Story"
    needs: tuple[str, ...] = ()


class WrittenEpic(Model):
    """An epic as `rewritten.yaml` has it; its components are those of its stories."""

    name: str
    title: str
    description: str
    owner: str
    components: tuple[str, ...]
    stories: tuple[WrittenStory, ...]


class Rewritten(Model):
    """A plan written by hand; see `rewritten.yaml`."""

    base: str
    grade: Grade
    why: str
    epics: tuple[WrittenEpic, ...]


Variant = Damaged | Rewritten


class Agreement(Model):
    """A rank correlation of scores and grades, -1 to 1, with its bootstrap interval."""

    value: float
    low: float
    high: float


class Confusion(Model):
    """Two neighbouring grades: of the pairs of a better and a worse variant, the share whose scores
    stand the other way round (equal ones by half), and the variants to blame: better ones below the
    median of the worse grade, worse ones above that of the better.
    """

    worse: Grade
    better: Grade
    share: float
    blamed: tuple[str, ...]


def read_variants() -> dict[str, Variant]:
    """All variants by name: written ones have one, damaged ones that of their base."""
    written = TypeAdapter(dict[str, Rewritten]).validate_python(_read("rewritten"))
    damaged = TypeAdapter(list[Damaged]).validate_python(_read("damaged"))
    return {**written, **{each.base: each for each in damaged}}


def built(variant: Variant, given: Given) -> Plan:
    """The plan of a variant; `given` is of its base.

    Raises:
        ValueError: the damage cannot be done to this base.
    """
    if isinstance(variant, Rewritten):
        return _written(variant, given.reference.title)
    plan: Plan | None = given.reference
    if variant.made:
        plan = getattr(cheats, variant.made)(given)
    for name, dose in variant.damage.items():
        plan = plan and getattr(corruptions, name)(plan, dose)
    if plan is None:
        raise ValueError(f"{variant.base}: {variant.made or variant.damage} cannot be done to it")
    return plan


def kendall(grades: Sequence[int], scores: Sequence[float]) -> Agreement:
    """Kendall's tau-b."""
    return _correlation(lambda a, b: stats.kendalltau(a, b).statistic, grades, scores)


def spearman(grades: Sequence[int], scores: Sequence[float]) -> Agreement:
    """Spearman's rho."""
    return _correlation(lambda a, b: stats.spearmanr(a, b).statistic, grades, scores)


def confusions(grades: Mapping[str, Grade], scores: Mapping[str, float]) -> list[Confusion]:
    """Where neighbouring grades are mixed up; both by name of the variant."""
    found = []
    for worse, better in pairwise(GRADES):
        low, high = (
            {name: scores[name] for name, grade in grades.items() if grade == wanted}
            for wanted in (worse, better)
        )
        wrong = [(b < a) + (b == a) / 2 for a in low.values() for b in high.values()]
        medians = [float(np.median([*side.values()])) for side in (low, high)]
        blamed = [name for name, score in high.items() if score <= medians[0]]
        blamed += [name for name, score in low.items() if score >= medians[1]]
        found.append(
            Confusion(worse=worse, better=better, share=float(np.mean(wrong)), blamed=tuple(blamed))
        )
    return found


def _correlation(
    statistic: Callable[[Any, Any], Any], grades: Sequence[int], scores: Sequence[float]
) -> Agreement:
    rng = np.random.default_rng(SEED)
    ours, theirs = np.array(grades), np.array(scores)
    drawn = [
        float(statistic(ours[places], theirs[places]))
        for places in rng.integers(len(ours), size=(RESAMPLES // 5, len(ours)))
    ]
    ends = (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE))
    low, high = np.percentile(drawn, ends)
    return Agreement(value=float(statistic(ours, theirs)), low=float(low), high=float(high))


def _written(variant: Rewritten, title: str) -> Plan:
    epics = [
        Epic(
            ref=Ref.of(e),
            name=epic.name,
            title=epic.title,
            key=f"TEAM-{epic.components[0].split()[0].upper()}-{e:03}",
            description=epic.description,
            owner=epic.owner,
            components=epic.components,
            priority="High",
            stories=tuple(
                Story(
                    ref=Ref.of(e, s),
                    name=story.name,
                    title=story.title,
                    type=story.type,
                    parent=Ref.of(e),
                    description=story.description,
                    acceptance_criteria=story.criteria,
                    components=epic.components,
                    points=story.points,
                    priority="High" if s == 1 else "Medium",
                    dependencies=tuple(Dependency(ref=Ref.of(ref)) for ref in story.needs),
                )
                for s, story in enumerate(epic.stories, start=1)
            ),
        )
        for e, epic in enumerate(variant.epics, start=1)
    ]
    return repair_plan(Plan(title=title, epics=tuple(epics))).plan


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text("utf-8"))
