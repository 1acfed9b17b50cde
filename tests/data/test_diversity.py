"""The measures of diversity, on texts whose diversity is known."""

import pytest

from data.diversity import diversity_table, measure, shapes
from data.generator.generate import generate, generate_pairs

SENTENCE = "the gateway repeats a failed call at most {} times before it gives up on it"


def test_repeated_texts_are_near_duplicates_and_compress() -> None:
    found = measure([SENTENCE.format("three")] * 10)
    assert found.repeated == 9
    assert found.near_duplicates == 0.9
    assert found.distinct_4grams == 0.1
    assert found.compression < 0.3


def test_different_texts_are_not_near_duplicates() -> None:
    found = measure([" ".join(f"{word}{n}" for word in SENTENCE.split()) for n in range(10)])
    assert (found.repeated, found.near_duplicates, found.distinct_4grams) == (0, 0.0, 1.0)


def test_a_changed_word_in_a_long_text_is_found() -> None:
    long = " ".join(f"word{n}" for n in range(200))
    assert measure([long, long.replace("word77", "other")]).near_duplicates == 0.5
    half = " ".join(f"word{n}" for n in range(100)) + " ".join(f"new{n}" for n in range(100))
    assert measure([long, half]).near_duplicates == 0.0


def test_lengths_and_short_texts() -> None:
    found = measure(["one two", "one two three four five", ""])
    assert (found.shortest, found.median, found.longest, found.words) == (0, 2, 5, 7)
    assert found.distinct_4grams == 1.0
    with pytest.raises(ValueError, match="no texts"):
        measure([])


def test_shapes_are_those_of_the_plans() -> None:
    ones = [generate(6, k) for k in range(40)]
    found = shapes(one.pair.plan for one in ones)
    stories = [sum(len(epic.stories) for epic in one.plan.epics) for one in ones]
    tasks = [sum(len(s.tasks) for e in one.plan.epics for s in e.stories) for one in ones]
    assert found.epics == {
        n: c for n in range(9) if (c := sum(len(o.plan.epics) == n for o in ones))
    }
    assert found.stories == {n: stories.count(n) for n in sorted(set(stories))}
    assert found.tasks == {n: tasks.count(n) for n in sorted(set(tasks))}
    tickets = sum(len(one.plan.epics) for one in ones) + sum(stories) + sum(tasks)
    assert sum(found.points.values()) == tickets


def test_table_has_both_columns() -> None:
    table = diversity_table(list(generate_pairs(6, 30)))
    assert "| measure | documents | plans |" in table
    assert "| repeated | 0 | 0 |" in table
    assert "| epics | 1: " in table


def test_generated_pairs_are_varied() -> None:
    pairs = list(generate_pairs(12, 400))
    documents, plans = measure([p.document for p in pairs]), measure([p.plan for p in pairs])
    assert documents.near_duplicates == plans.near_duplicates == 0.0
    assert documents.distinct_4grams > 0.4
    assert plans.distinct_4grams > 0.2
