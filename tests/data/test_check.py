from pathlib import Path

from data.check import check_pairs
from data.config import PairsSource
from tests.data.making import make_pair, write_pairs


def findings(folder: Path) -> list[str]:
    source = PairsSource(name="checked", kind="pairs", path=folder)
    return [finding.text for checked in check_pairs(source) for finding in checked.findings]


def of(folder: Path, *words: str) -> list[str]:
    return [text for text in findings(folder) if all(word in text for word in words)]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    plan = make_pair(1).plan.replace("**Dependencies**: Story 1.1", "**Dependencies**: Story 9.9")
    write_pairs(tmp_path, make_pair(1, plan=plan))
    path = tmp_path / "pair-1.plan.md"
    lines = path.read_text("utf-8").split("\n")
    (line,) = (number for number, text in enumerate(lines, 1) if "Story 9.9" in text)
    assert of(tmp_path, f"{path}:{line}: D301", "[error]")


def test_missing_halves_ids_and_repetitions(tmp_path: Path) -> None:
    write_pairs(tmp_path, *(make_pair(n) for n in range(4)))
    (tmp_path / "pair-0.plan.md").unlink()
    (tmp_path / "pair-1.document.md").unlink()
    write_pairs(tmp_path / "more", make_pair(2, document=make_pair(3).document + "\nMore.\n"))
    assert of(tmp_path, "pair-0.document.md: no plan has this name [error]")
    assert of(tmp_path, "pair-1.plan.md: no document has this name [error]")
    assert of(tmp_path, "id pair-2 is that of", "[error]")
    assert of(tmp_path, "pair-3.document.md", "like", "[warning]")


def test_what_the_document_asks_for_and_the_plan_lacks(tmp_path: Path) -> None:
    document = "# Lockers\n\n## Requirements\n\n- Couriers must get a monthly invoice as PDF\n"
    write_pairs(tmp_path, make_pair(1, document=document))
    assert of(tmp_path, "G902", "[warning]")
    assert of(tmp_path, "G901", "[warning]")


def test_curated_pairs_have_no_findings(root: Path) -> None:
    assert findings(root / "data" / "curated") == []
