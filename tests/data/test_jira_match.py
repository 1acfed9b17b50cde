"""Documents and plans that belong together."""

from pathlib import Path

import pytest

from data.jira.match import match_documents, read_mapping
from data.jira.to_plan import HistoryPlan
from tickets.files import InputError
from tickets.schema import Plan


def history(key: str, *epics: str, urls: tuple[str, ...] = ()) -> HistoryPlan:
    return HistoryPlan(key=key, plan=Plan(), epics=epics or (key,), keys=(key,), urls=urls)


LINKED = history("PAY-1", urls=("https://wiki.example.com/a/pay%20outs.md?raw=1#top",))
PLANS = (LINKED, history("PAY-2"), history("INIT-1", "PAY-3", "PAY-4"), history("PAY-5+PAY-6"))


@pytest.mark.parametrize(
    ("document", "key", "how"),
    [
        ("docs/pay outs.md", "PAY-1", "link"),
        ("docs/PAY-2-refunds.md", "PAY-2", "key"),
        ("docs/refunds_(pay-2).docx", "PAY-2", "key"),
        ("docs/INIT-1.md", "INIT-1", "key"),
        ("docs/both.md", "PAY-5+PAY-6", "mapping"),
        ("deep/down/docs/both.md", "PAY-5+PAY-6", "mapping"),
    ],
)
def test_ways_to_match(document: str, key: str, how: str) -> None:
    mapping = {"docs/both.md": ("PAY-5", "PAY-6")}
    found = match_documents(PLANS, [Path(document)], mapping)
    assert [(match.plan.key, match.how) for match in found.matches] == [(key, how)]
    assert found.documents == ()
    assert key not in found.plans
    assert len(found.plans) == len(PLANS) - 1


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("notes.md", "no mapping, link or key names it"),
        ("PAY-22.md", "no mapping, link or key"),
        ("REPAY-2.md", "no mapping, link or key"),
        ("PAY-3.md", "PAY-3, one of 2 epics of INIT-1; give the mapping a line 'PAY-3.md: PAY-3'"),
        ("PAY-2 and PAY-1.md", "its name fits PAY-1, PAY-2; name one"),
        ("lost.md", "the mapping names PAY-9, of which there is no plan"),
    ],
)
def test_doubtful_documents_are_listed(document: str, reason: str) -> None:
    found = match_documents(PLANS, [Path(document)], {"lost.md": ("PAY-9",)})
    assert found.matches == ()
    assert reason in found.documents[0][1]
    assert found.plans == tuple(plan.key for plan in PLANS)


def test_a_plan_has_one_document() -> None:
    documents = [Path("PAY-2 a.md"), Path("PAY-2 b.md")]
    found = match_documents(PLANS, documents)
    assert found.matches == ()
    assert "PAY-2 has several documents (PAY-2 a.md, PAY-2 b.md)" in found.documents[1][1]
    found = match_documents(PLANS, documents, {"PAY-2 b.md": ("PAY-2",)})
    assert [match.document for match in found.matches] == documents[1:]
    assert [document for document, _ in found.documents] == documents[:1]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.yaml", "a.md: PAY-1\nb c.md: [PAY-2, PAY-3]\n"),
        ("map.csv", "document,keys\na.md,PAY-1\nb c.md,PAY-2 PAY-3\n"),
        ("map.csv", '\ufeffDocument;Epics\r\na.md;PAY-1\r\nb c.md;"PAY-2"\r\nb c.md;PAY-3\r\n'),
    ],
)
def test_mapping_files(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    assert read_mapping(path) == {"a.md": ("PAY-1",), "b c.md": ("PAY-2", "PAY-3")}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("map.yaml", "- a\n", "is no mapping of documents"),
        ("map.yaml", "a: [\n", "is no YAML"),
        ("map.yaml", "a.md: {x: y}\n", "are no issue keys"),
        ("map.yaml", "a.md: 5\n", "are no issue keys"),
        ("map.yaml", "a.md: []\n", "names no document or no key"),
        ("map.csv", "a,b\nc,d\n", "map.csv:1: has no columns 'document' and 'keys'"),
        ("map.csv", "document,keys\na.md,\n", "map.csv:2: names no document or no key"),
    ],
)
def test_bad_mapping_files(tmp_path: Path, name: str, text: str, reason: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=reason.replace("[", r"\[")):
        read_mapping(path)


def test_missing_mapping_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read"):
        read_mapping(tmp_path / "none.yaml")
