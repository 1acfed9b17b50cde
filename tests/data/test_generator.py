"""The generator: its pairs are valid, distinct, traceable, and depend on seed and number only."""

import re
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from data.config import PairsSource
from data.generator.english import participle, third, title_case, with_article
from data.generator.generate import GeneratedPair, generate, generate_pairs
from data.generator.lexica import domain_names, read_common, read_domain, read_noise
from data.generator.sample import STYLES
from data.generator.spec import FOLLOWERS
from data.generator.templates import deeds, facts, variants
from data.read import read_batch
from data.sources import find_batches
from tickets.capacity import staffing
from tickets.parse import parse_plan
from tickets.phrases import MODAL
from tickets.rows import Pair
from tickets.rubric import score_plan
from tickets.rules import check_plan
from tickets.schema import Plan, Story

SEED = 20
PAIRS = 240
Generated = list[GeneratedPair]
LEVEL = re.compile(r"\b(?:must|should|could|P[123])\b")


@pytest.fixture(scope="module")
def generated() -> list[GeneratedPair]:
    return [generate(SEED, k) for k in range(PAIRS)]


def test_pair_depends_on_seed_and_number_only() -> None:
    pairs = list(generate_pairs(3, 12))
    assert list(generate_pairs(3, 4, start=8)) == pairs[8:]
    assert generate(3, 5).pair == pairs[5]
    assert next(generate_pairs(4, 1)).document != pairs[0].document


def test_pairs_are_distinct_and_marked(generated: Generated) -> None:
    pairs = [one.pair for one in generated]
    assert len({pair.document for pair in pairs}) == PAIRS
    assert len({pair.plan for pair in pairs}) == PAIRS
    for k, (one, pair) in enumerate(zip(generated, pairs, strict=True)):
        assert pair.id == f"gen-{SEED}-{k}"
        assert (pair.source, pair.author, pair.licence) == ("generated", "synthetic", "Apache-2.0")
        assert pair.group == f"{pair.domain}/{one.spec.product}"
        assert one.spec.product in pair.document
        assert one.spec.title in pair.document


def test_plans_are_canonical_and_what_was_built(generated: Generated) -> None:
    # Plans are built without validation, so each is held against its validated form here.
    for one in generated:
        read = parse_plan(one.pair.plan, strict=True)
        assert read.diagnostics == ()
        assert read.plan == Plan.model_validate(one.plan.model_dump())


def test_plans_are_valid_for_their_documents(generated: Generated) -> None:
    faulty = []
    for one in generated:
        found = check_plan(one.plan, document=one.pair.document)
        faulty += [(one.pair.id, finding.code, finding.message) for finding in found]
        assert score_plan(one.plan, document=one.pair.document).score >= 0.9
    # Coverage and grounding are likeness of words, which now and then misjudges a sentence.
    assert all(code in ("G901", "G902") for _, code, _ in faulty)
    assert len({name for name, *_ in faulty}) <= PAIRS // 50, faulty


def test_every_ticket_rests_on_sentences_of_the_document(generated: Generated) -> None:
    for one in generated:
        lines = set(one.trace)
        stories = [s.ref for epic in one.plan.epics for s in epic.stories]
        assert {line.ticket for line in lines} == set(stories)
        for line in lines:
            assert line.text in one.pair.document
            assert line.section in one.pair.document


def test_figures_of_criteria_stand_in_the_document(generated: Generated) -> None:
    for one in generated:
        for item in one.spec.items:
            for fact in item.facts:
                words = one.pair.document.replace("<br>", " ").split()
                figures = [w for w in fact.present.split() if w[0].isdigit()]
                assert all(any(f.strip(".,") in w for w in words) for f in figures), fact


def test_what_is_out_of_scope_is_not_planned(generated: Generated) -> None:
    for one in generated:
        titles = {story.title.lower() for epic in one.plan.epics for story in epic.stories}
        names = {story.name.lower() for epic in one.plan.epics for story in epic.stories}
        assert not names & {text.lower() for text in one.spec.out}
        assert not titles & {text.lower() for text in one.spec.out}


def test_expert_follows_its_rules(generated: Generated) -> None:
    for one in generated:
        for epic, team in zip(one.plan.epics, one.spec.teams, strict=True):
            assert epic.points is not None
            assert epic.points <= 50
            assert epic.owner == team.name
            for story, item in zip(epic.stories, team.items, strict=True):
                assert _follows(story, item.kind)
                waiting = [o for o in one.spec.items if item in o.needs]
                if any(other.kind not in FOLLOWERS for other in waiting):
                    assert story.priority == "High"
        for block, team in zip(one.plan.allocation, one.spec.teams, strict=True):
            engineers, weeks = staffing(team.points)
            said = team.people or f"{engineers} engineer{'s' if engineers > 1 else ''}"
            assert block.staffing == (said,)
            assert block.duration == f"{team.weeks or weeks} weeks"


def _follows(story: Story, kind: str) -> bool:
    points = story.points or 0
    split = len(story.tasks) in (2, 3, 4) if points >= 8 else not story.tasks
    typed = (story.type == "Bug") == (kind == "bug")
    return split and typed and 2 <= len(story.acceptance_criteria) <= 5


def test_all_styles_domains_and_small_plans_occur() -> None:
    some = [generate(9, k) for k in range(600)]
    assert {one.pair.style for one in some} == {style for style, _ in STYLES}
    assert {one.pair.domain for one in some} == set(domain_names())
    small = sum(len(one.spec.teams) == 1 and len(one.spec.items) <= 4 for one in some)
    assert small >= 0.25 * len(some)
    assert Counter(len(one.spec.teams) for one in some).keys() == {1, 2, 3, 4, 5, 6}


def test_levels_are_shown_or_not_hinted_at(generated: Generated) -> None:
    for one in generated:
        if not one.spec.levels_shown:
            said = [line.text for line in one.trace if "?" not in line.text]
            assert [text for text in said if LEVEL.search(text)] == []


def test_lexica_are_rich_and_hang_together() -> None:
    names = domain_names()
    assert len(names) >= 24
    platform = [name for name in names if read_domain(name).platform]
    assert len(platform) * 2 == len(names)
    for name in names:
        domain = read_domain(name)
        assert domain.name == name
        works = [work for theme in domain.themes for work in theme.items]
        assert len(works) >= 12
        assert {work.part for work in works} <= {part.key for part in domain.parts}
        for theme in domain.themes:
            assert theme.entity in {entity.slots["one"] for entity in domain.entities}
            keys = [work.key for work in theme.items]
            for place, work in enumerate(theme.items):
                assert len(work.facts) >= 2, work.key
                assert set(work.after) <= set(keys) - {keys[place]}, work.key


def test_domains_have_the_names_that_curated_pairs_give_them(root: Path) -> None:
    # A domain that is held out would otherwise come back into training under its other name.
    source = PairsSource(name="curated", kind="pairs", path=root / "data" / "curated")
    pairs = [each for batch in find_batches(source) for each in read_batch(batch)]
    assert {pair.domain for pair in pairs if isinstance(pair, Pair)} <= {*domain_names()}


def test_noise_and_backgrounds_ask_for_nothing() -> None:
    texts = [text for groups in read_noise().values() for group in groups for text in group]
    for name in domain_names():
        for theme in read_domain(name).themes:
            texts += [text for group in (*theme.pains, *theme.aims) for text in group]
    assert [text for text in texts if MODAL.search(text)] == []


def test_templates_of_shared_work_have_known_slots() -> None:
    known = {"one", "many", "aone", "page", "by1", "by2", "actor", "actors", "aactor", "product"}
    slots = dict.fromkeys(known | {"scope", "ascope", "system", "tnp"}, "the x")
    for work in (*read_common().work, *read_common().chores):
        for text in (*work.names, *work.whys, *work.by, *work.risks):
            assert "%(" not in text % slots
        for deed in work.deeds:
            assert "%(" not in deed.filled(slots).imperative()
        for fact in (one for every in work.facts for one in every):
            assert "%(" not in fact.filled(slots).criterion()


def test_templates() -> None:
    assert variants("keep {2..4} of {many}") == tuple(f"keep {n} of %(many)s" for n in (2, 3, 4))
    assert variants("{10..30/10} or {a|b}") == (
        "10 or a",
        "10 or b",
        "20 or a",
        "20 or b",
        "30 or a",
        "30 or b",
    )
    fact = facts("Limit = a full queue ; a call comes > the gateway [not retry] it")[0]
    assert fact.criterion() == (
        "Given a full queue, when a call comes, then the gateway does not retry it"
    )
    assert fact.demanded("must") == "the gateway must not retry it"
    assert facts("Size = Files [*be] small")[0].criterion() == "Files are small"
    assert facts("Link = A link [can] be shared")[0].demanded("must") == "A link can be shared"
    assert facts("Lock = A form [cannot] be changed")[0].criterion() == "A form cannot be changed"
    deed = deeds("route <*calls> to another provider")[0]
    assert deed.imperative() == "route calls to another provider"
    assert deed.passive("must be") == "calls must be routed to another provider"
    with pytest.raises(ValueError, match="is no fact"):
        facts("a sentence without label")
    with pytest.raises(ValueError, match="percent sign"):
        variants("5 % of all")


def test_english() -> None:
    assert [third(v) for v in ("carry", "have", "push", "go", "retry")] == [
        "carries",
        "has",
        "pushes",
        "goes",
        "retries",
    ]
    assert [participle(v) for v in ("stop", "write", "carry", "store")] == [
        "stopped",
        "written",
        "carried",
        "stored",
    ]
    assert with_article("invoice") == "an invoice"
    assert with_article("usage record") == "a usage record"
    assert with_article("HR officer") == "an HR officer"
    assert title_case("retries of failed calls") == "Retries of Failed Calls"


def test_trace_names_sections_in_order() -> None:
    one = next(islice((generate(2, k) for k in range(50)), 7, None))
    offsets = [one.pair.document.find(line.text) for line in one.trace]
    assert all(offset >= 0 for offset in offsets)
