from pathlib import Path

import pytest

from inference.outputs import RECORDS, Output, distinct_names
from tickets.documents import Document
from tickets.files import InputError


def document(source: str | Path) -> Document:
    return Document(name=Path(source).stem, text="x", source=str(source), sha256="0" * 64)


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["a/x.md", "a/y.md"], ["x", "y"]),
        (["a/x.md", "b/x.md"], ["a-x", "b-x"]),
        (["a/x.md", "a/X.txt"], ["a-x", "a-X-2"]),
        (["p/a/x.md", "q/a/x.md", "z.md"], ["p-a-x", "q-a-x", "z"]),
        (["a/x.md", "b/x.md", "a-x.md"], ["a-x", "b-x", None]),
        (["-", "-"], [None, None]),
    ],
)
def test_names_are_distinct(sources: list[str], names: list[str | None]) -> None:
    found = distinct_names([document(source) for source in sources])
    assert len({name.lower() for name in found}) == len(sources)
    for name, expected in zip(found, names, strict=True):
        assert expected is None or name.endswith(expected)


def test_a_file_or_a_folder(tmp_path: Path) -> None:
    one, two = document("in/a.md"), document("in/b.md")
    assert Output(str(tmp_path / "plan.md"), [one]).paths == [tmp_path / "plan.md"]
    assert Output(str(tmp_path / "plans"), [one]).paths == [tmp_path / "plans" / "a.md"]
    assert Output(f"{tmp_path}/v1.2/", [one]).paths == [tmp_path / "v1.2" / "a.md"]
    several = Output(str(tmp_path / "new"), [one, two]).paths
    assert several == [tmp_path / "new" / "a.md", tmp_path / "new" / "b.md"]
    assert (tmp_path / "new" / RECORDS).is_dir()


def test_several_documents_do_not_go_into_one_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.md"
    file.write_text("mine")
    with pytest.raises(InputError, match=r"plan\.md: is a file, and the plans are to go"):
        Output(str(file), [document("a.md"), document("b.md")])


def test_a_plan_never_replaces_its_document(tmp_path: Path) -> None:
    source = tmp_path / "a.md"
    source.write_text("the document")
    with pytest.raises(InputError, match="would replace its document"):
        Output(str(tmp_path), [document(source)])
    with pytest.raises(InputError, match="would replace its document"):
        Output(str(source), [document(source)])


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot be written .*; name another place with -o"):
        Output(str(tmp_path / "file" / "plans"), [document("a.md")])
