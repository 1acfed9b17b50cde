"""What is personal goes, what only looks like it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.redact import PLACEHOLDERS, redact


@pytest.mark.parametrize(
    ("text", "expected", "kind"),
    [
        ("ask jane.doe@example.com.", "ask [email].", "email"),
        ("Jane.O'Neil+x@mail.example.co.uk", "[email]", "email"),
        ("mailto:j@example.org", "[email]", "email"),
        ("wang@163.com", "[email]", "email"),
        ("From: Jane Doe <jane@example.com>", "From: [person] <[email]>", "name"),
        ("thanks @jdoe!", "thanks [person]!", "mention"),
        ("thanks @Jane Doe, well done", "thanks [person], well done", "mention"),
        ("@Jane The API is slow", "[person] The API is slow", "mention"),
        ("[Jane Doe](@jdoe), [@jdoe](https://github.com/jdoe)", "[person], [person]", "mention"),
        ("[J. Doe (@jdoe)](https://github.com/jdoe)", "[person]", "mention"),
        ("by Jane Doe (@jdoe)", "by [person] ([person])", "mention"),
        ("see [~jdoe] and", "see [person] and", "mention"),
        ("[~accountid:5b10a2844c20165700ede21g]", "[person]", "mention"),
        ("[Jane|~jdoe]", "[person]", "mention"),
        ("accountid:5b10a2844c20165700ede21g", "[person]", "mention"),
        ("557058:f58131cb-b67d-43c7-b30d-6b58d40bd077 did", "[person] did", "mention"),
        ("https://x.example.com/secure/ViewProfile.jspa?name=jdoe", "[person]", "mention"),
        ("call +49 30 1234567", "call [phone]", "phone"),
        ("call (555) 010-4477 now", "call [phone] now", "phone"),
        ("tel:+1-555-010-4477", "[phone]", "phone"),
        (
            "postgres://admin:secret@db.payments.svc:5432/x",
            "postgres://[credentials]@db.payments.svc:5432/x",
            "credentials",
        ),
    ],
)
def test_personal_data_is_replaced_and_counted(text: str, expected: str, kind: str) -> None:
    redaction = redact(text)
    assert redaction.text == expected
    assert redaction.counts[kind] >= 1
    assert sum(redaction.counts.values()) == expected.count("[")


@pytest.mark.parametrize(
    "text",
    [
        "deploy user@v2 and model@v1.2.rc",
        "quay.io/org/app@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "npm i @types/node react@18.2.0 pkg@latest",
        "git clone git@github.com:org/repo.git",
        "ssh://git@git.example.com/repo",
        "model-api.payments.svc.cluster.local:8080",
        "app@db.payments.svc.cluster.local",
        "robot@project.iam.gserviceaccount.com",
        "postgres://${USER}:${PASSWORD}@db/x and redis://<user>@cache",
        "```python\n@dataclass\nclass A: ...\n```",
        "@dsl.pipeline(name='x')\n@app.get('/x')",
        "the `@Transactional` annotation, @Override",
        "reviewed by @acme/platform-team",
        "10.0.0.1, 192.168.1.1/24 and ::1",
        "2024-03-12 10:15:00, 1234567890123, v1.2.3-rc.4, 3-5-8-13",
        "adds +20000000 requests, +5 points",
        "it takes [~30 minutes] or [~5]",
        "x ~ y @ 30 °C",
        "cost: 100@50 each",
        "[email] and [person], [phone], https://[credentials]@host",
    ],
)
def test_what_is_nobody_stays(text: str) -> None:
    assert redact(text).text == text
    assert redact(text).counts == {}


def test_names_that_are_given() -> None:
    people = ("Jane Doe", "Jane Doe-Smith", "Will O'Neil", "mmuster")
    text = "Jane Doe-Smith, Jane\nDoe and Will O'Neil will ask mmuster; Jane Doebler, Janet"
    redaction = redact(text, people)
    expected = "[person], [person] and [person] will ask [person]; Jane Doebler, Janet"
    assert redaction.text == expected
    assert redaction.counts == {"name": 4}


def test_many_names_are_looked_up_not_tried() -> None:
    people = [f"Given{number} Family{number}" for number in range(5_000)]
    text = "words and Words " * 2_000 + "Given4999 Family4999"
    assert redact(text, people).text.endswith(" [person]")


@given(st.text(max_size=60) | st.lists(st.sampled_from(
    ["@jdoe", "a@b.example", " ", "[~x1]", "//u:p@h", "+49 30 1234567", "`", "\n", "Jane Doe", "<"]
), max_size=8).map("".join))  # fmt: skip
def test_a_second_time_finds_nothing(text: str) -> None:
    once = redact(text, ("Jane Doe",))
    twice = redact(once.text, ("Jane Doe",))
    assert twice.text == once.text
    assert twice.counts == {}
    assert set(once.counts) <= set(PLACEHOLDERS)
