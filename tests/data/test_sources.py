import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.config import AnySource, FoldersSource, GitSource, LinesSource, PairsSource
from data.read import read_batch
from data.sources import find_batches, source_facts
from tests.data.making import make_pair, write_pairs
from tickets.files import InputError
from tickets.rows import Pair, Rejection


def read(source: AnySource) -> list[Pair | Rejection]:
    return [each for batch in find_batches(source) for each in read_batch(batch)]


def pairs_in(folder: Path, **fields: Any) -> PairsSource:
    return PairsSource(name="s", kind="pairs", path=folder, **fields)


def reasons(source: AnySource) -> dict[str, str]:
    return {each.id: each.reason for each in read(source) if isinstance(each, Rejection)}


def test_headers_are_read_and_taken_off(tmp_path: Path) -> None:
    pair = make_pair(1, group="family", document="---\ntitle: its own\n---\n\n# Doc\n")
    write_pairs(tmp_path, pair)
    assert read(pairs_in(tmp_path)) == [pair.model_copy(update={"source": "s"})]


def test_files_without_headers_take_the_sources_words(tmp_path: Path) -> None:
    (tmp_path / "a.document.md").write_text("---\nid_of: x\n---\nA\r\nB\r\n", "utf-8")
    (tmp_path / "a.plan.md").write_text("# P\n", "utf-8")
    (tmp_path / "LICENSE").write_text("Apache License\nVersion 2.0, January 2004\n", "utf-8")
    (pair,) = read(pairs_in(tmp_path, domain="d", style="t", author="teacher"))
    assert pair == Pair(
        id="s/a", document="---\nid_of: x\n---\nA\nB\n", plan="# P\n", source="s", domain="d",
        style="t", author="teacher", licence="Apache-2.0", group="s/a",
    )  # fmt: skip


def spoil_plan(folder: Path) -> None:
    (folder / "pair-1.plan.md").unlink()


def spoil_document(folder: Path) -> None:
    (folder / "pair-1.document.md").unlink()


def latin(folder: Path) -> None:
    (folder / "pair-1.document.md").write_bytes("Größe für Straßen und Plätze\n".encode("latin-1"))


def latin_plan(folder: Path) -> None:
    (folder / "pair-1.plan.md").write_bytes("# Plän\n".encode("latin-1"))


def empty(folder: Path) -> None:
    (folder / "pair-1.document.md").write_text("", "utf-8")


def binary(folder: Path) -> None:
    (folder / "pair-1.document.md").write_bytes(bytes(range(256)) * 9)


def no_header(folder: Path) -> None:
    (folder / "pair-1.plan.md").write_text("# P\n", "utf-8")


def other_header(folder: Path) -> None:
    path = folder / "pair-1.plan.md"
    path.write_text(path.read_text("utf-8").replace("domain: shops", "domain: edge"), "utf-8")


def unknown_field(folder: Path) -> None:
    path = folder / "pair-1.plan.md"
    path.write_text(path.read_text("utf-8").replace("style:", "stile: x\nstyle:"), "utf-8")


def too_large(folder: Path) -> None:
    (folder / "pair-1.plan.md").write_text("x" * (5 * 1024 * 1024 + 1), "utf-8")


def a_folder(folder: Path) -> None:
    spoil_plan(folder)
    (folder / "pair-1.plan.md").symlink_to(folder / "nowhere")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoil_plan, "no-plan"),
        (spoil_document, "no-document"),
        (latin, "encoding"),
        (latin_plan, "unreadable"),
        (empty, "unreadable"),
        (binary, "unreadable"),
        (no_header, "header"),
        (other_header, "header"),
        (unknown_field, "header"),
        (too_large, "unreadable"),
        (a_folder, "unreadable"),
    ],
)
def test_one_bad_file_ends_nothing(
    tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    write_pairs(tmp_path, *(make_pair(n) for n in range(3)))
    spoil(tmp_path)
    source = pairs_in(tmp_path)
    assert reasons(source) == {"s/pair-1": reason}
    assert [each.id for each in read(source) if isinstance(each, Pair)] == ["pair-0", "pair-2"]


def test_empty_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="source s: holds nothing"):
        find_batches(pairs_in(tmp_path))
    with pytest.raises(InputError, match="no such folder"):
        find_batches(pairs_in(tmp_path / "none"))
    (tmp_path / "rows.jsonl").write_text("", "utf-8")
    with pytest.raises(InputError, match="holds nothing"):
        find_batches(LinesSource(name="s", kind="jsonl", path=tmp_path / "rows.jsonl"))


def test_folders_are_paired_by_path(tmp_path: Path) -> None:
    for name in ("documents/x/one.txt", "documents/two.md", "plans/x/one.md", "plans/three.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n", "utf-8")
    source = FoldersSource(
        name="s", kind="folders", documents=tmp_path / "documents", plans=tmp_path / "plans",
        licence="MIT",
    )  # fmt: skip
    assert reasons(source) == {"s/three": "no-document", "s/two": "no-plan"}
    (pair,) = (each for each in read(source) if isinstance(each, Pair))
    assert (pair.id, pair.group, pair.licence) == ("s/x/one", "s/x", "MIT")


def test_two_documents_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A", "utf-8")
    (tmp_path / "a.txt").write_text("A", "utf-8")
    source = FoldersSource(name="s", kind="folders", documents=tmp_path, plans=tmp_path)
    with pytest.raises(InputError, match="have one name"):
        find_batches(source)


def test_a_git_checkout(tmp_path: Path) -> None:
    checkout, plans = tmp_path / "enhancements", tmp_path / "plans"
    for name in ("docs/a.md", "docs/b.md", "other/c.md", "docs/untracked.md"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(f"# {name}\n", "utf-8")
    (checkout / "LICENSE").write_text("Permission is hereby granted, free of charge", "utf-8")
    (plans / "docs").mkdir(parents=True)
    (plans / "docs" / "a.plan.md").write_text("# P\n", "utf-8")
    source = GitSource(name="s", kind="git", path=checkout, documents="docs/**", plans=plans)
    with pytest.raises(InputError, match="git cannot read this checkout"):
        find_batches(source)

    def git(*arguments: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        done = subprocess.run(
            ["git", "-C", checkout, *who, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", "docs/a.md", "docs/b.md", "other", "LICENSE")
    git("commit", "-q", "-m", "first")
    assert reasons(source) == {"s/docs/b": "no-plan"}
    (pair,) = (each for each in read(source) if isinstance(each, Pair))
    assert (pair.id, pair.group, pair.licence) == ("s/docs/a", "s/enhancements", "MIT")
    assert source_facts(source) == {"commit": git("rev-parse", "HEAD"), "licence": "MIT"}
    (checkout / "docs" / "a.md").write_text("# changed\n", "utf-8")
    assert source_facts(source)["commit"].endswith("-dirty")


def test_rows_of_a_jsonl_file(tmp_path: Path) -> None:
    good = [make_pair(n).model_dump() for n in range(600)]
    lines = [json.dumps(row, ensure_ascii=False) for row in good]
    lines[1] = json.dumps({**good[1], "extra": 1})
    lines[2] = lines[2][: len(lines[2]) // 2]
    lines[300] = json.dumps({key: value for key, value in good[300].items() if key != "plan"})
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    source = LinesSource(name="s", kind="jsonl", path=path)
    found = read(source)
    assert len(found) == 600
    bad = {each.id: each.detail for each in found if isinstance(each, Rejection)}
    assert [*bad] == ["s/rows.jsonl:2", "s/rows.jsonl:3", "s/rows.jsonl:301"]
    assert "extra: Extra inputs" in bad["s/rows.jsonl:2"]
    assert "plan: Field required" in bad["s/rows.jsonl:301"]


def test_a_further_file_changes_one_batch(tmp_path: Path) -> None:
    write_pairs(tmp_path, *(make_pair(n) for n in range(400)))
    before = [batch.digest for batch in find_batches(pairs_in(tmp_path))]
    write_pairs(tmp_path, make_pair("150x"))
    after = [batch.digest for batch in find_batches(pairs_in(tmp_path))]
    assert len(before) > 5
    assert len(set(after) - set(before)) <= 2
