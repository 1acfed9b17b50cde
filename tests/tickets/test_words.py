import pytest

from tickets.words import sentences, stems


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("scheduling of pipelines", "the pipeline schedules"),
        ("configs", "configuration"),
        ("UI docs", "interface documentation"),
        ("PipelineRuns", "pipeline run"),
    ],
)
def test_inflections_and_short_forms_have_the_same_stems(one: str, other: str) -> None:
    assert set(stems(one)) == set(stems(other))


def test_stop_words_and_plain_numbers_are_no_stems() -> None:
    assert stems("The 100 of them, and 2.0, must be v2.0") == ("v2.0",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Use a store, e.g. Redis. It is fast.", ["Use a store, e.g. Redis.", "It is fast."]),
        ("Version 2.0 runs. 3 nodes do.", ["Version 2.0 runs.", "3 nodes do."]),
        ("It ends (really.) Then on", ["It ends (really.)", "Then on"]),
        ("**Bold.** `Code` follows", ["**Bold.**", "`Code` follows"]),
        ("It warns. `pact lint` runs", ["It warns.", "`pact lint` runs"]),
        ("wait. and go on", ["wait. and go on"]),
        ("By J. Smith", ["By J. Smith"]),
        ("  ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected
