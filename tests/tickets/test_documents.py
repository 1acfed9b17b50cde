import codecs
import hashlib
import io
import os
import sys
import zipfile
from pathlib import Path

import pytest

from tickets import convert
from tickets.convert import ConversionError, docx_to_markdown, html_to_markdown, pdf_to_markdown
from tickets.documents import LARGEST, find_documents, read_document, read_standard_input
from tickets.files import InputError

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def table(*rows: tuple[str, ...]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def docx(body: str) -> bytes:
    """A Word document with one heading style."""
    relation = f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/></Types>',
        "_rels/.rels": relation
        + f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": relation
        + f'Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles {W}><w:style w:type="paragraph" w:styleId="H1"><w:name '
        'w:val="heading 1"/></w:style></w:styles>',
        "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, f'<?xml version="1.0"?>{content}')
    return data.getvalue()


def words_at(x: int, y: int, text: str, size: int = 11, font: str = "F1") -> str:
    return f"BT /{font} {size} Tf {x} {y} Td ({text}) Tj ET\n"


def pdf(content: str) -> bytes:
    """A page of a PDF with two fonts: F1 plain, F2 bold."""
    font = b"<</Type/Font/Subtype/Type1/Encoding/WinAnsiEncoding/BaseFont/"
    stream = content.encode("latin-1")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream),
        font + b"Helvetica>>",
        font + b"Helvetica-Bold>>",
    ]
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return data + (
        b"xref\n0 7\n0000000000 65535 f \n%strailer<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (entries, len(data))
    )


def failure(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_document(path)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        "# Plän\n\n- a\n".encode(),
        codecs.BOM_UTF8 + "# Plän\r\n\r\n- a\r\n".encode(),
        "# Plän\r\r- a\r".encode(),
        "# Plän\n\n- a\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "# Plän\r\n\r\n- a\r\n".encode("utf-16-be"),
        "# Plän\n\n- a\n".encode("utf-32"),
    ],
)
def test_encodings_and_line_ends_come_out_the_same(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "plan.v2.md"
    path.write_bytes(data)
    document = read_document(path)
    assert document.text == "# Plän\n\n- a\n"
    assert document.sha256 == hashlib.sha256("# Plän\n\n- a\n".encode()).hexdigest()
    assert (document.name, document.source, document.note) == ("plan.v2", str(path), "")


def test_every_line_of_markdown_is_kept(tmp_path: Path) -> None:
    text = "---\ntitle: a\n---\n<!-- aside -->\n\n\n\nText  \n"
    path = tmp_path / "a.md"
    path.write_text(text, "utf-8")
    assert read_document(path).text == text


def test_another_encoding_is_guessed_and_said(tmp_path: Path) -> None:
    text = "Die Fahrerin bestätigt die geänderte Strecke über das Gerät.\n" * 20
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode("cp1252"))
    document = read_document(path)
    assert document.text == text
    assert f"{path}: is not UTF-8 (byte 17), read as cp1252" in document.note
    assert document.note.endswith("save it as UTF-8 if letters are wrong")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.md", b"", "is empty; give a document"),
        ("a.md", b" \n\t", "is empty; give a document"),
        ("a.md", codecs.BOM_UTF8 + b"\n", "holds no text; give a document"),
        ("a.md", b"\x7fELF\x01\x00\x00\x00", "is a binary file; give markdown, text, HTML, DOCX"),
        ("a.md", b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "is a binary file; give markdown"),
        ("a.zip", b"PK\x03\x04junk", "is a binary file; give markdown"),
        ("a.md", codecs.BOM_UTF16_LE + b"a", "is damaged at byte 2; save it as UTF-8"),
        ("a.pdf", b"%PDF-1.7 junk", "is no PDF that can be read"),
        ("a.html", b"<html><body><script>x</script></body></html>", "holds no text"),
        ("a.md", b"x" * (LARGEST + 1), "is over 20 MB; give the parts"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_remedy(
    tmp_path: Path, name: str, data: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    said = failure(path)
    assert said.startswith(f"{path}: ")
    assert message in said


def test_five_megabytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("A sentence about routes. " * 210_000, "utf-8")
    assert len(read_document(path).text) > 5 * 1024 * 1024


def test_missing_files_name_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "feature.md").write_text("a", "utf-8")
    assert failure(tmp_path / "featur.md").endswith(f"did you mean {tmp_path / 'feature.md'}?")
    (tmp_path / "big.md").write_text("a", "utf-8")
    for far in ("zzz.md", "missing.md"):
        assert failure(tmp_path / far).endswith("no such file; check the path")
    assert failure(tmp_path / "no" / "a.md").endswith(f"there is no directory {tmp_path / 'no'}")
    assert failure(tmp_path).endswith("is a directory; name a document in it")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("a", "utf-8")
    path.chmod(0)
    assert failure(path).endswith("cannot be read (Permission denied); check its permissions")


def test_a_read_error_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "a.md"
    path.write_text("a", "utf-8")
    monkeypatch.setattr(Path, "open", refuse)
    assert failure(path).endswith("cannot be read (Permission denied); check its permissions")


class Stream(io.TextIOWrapper):
    """A stream that may be a terminal."""

    def __init__(self, data: bytes, terminal: bool) -> None:
        super().__init__(io.BytesIO(data))
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stream(b"<!DOCTYPE html><h1>Plan</h1>", terminal=False))
    document = read_document(Path("-"))
    assert (document.name, document.source, document.text) == ("standard-input", "-", "# Plan\n")
    monkeypatch.setattr(sys, "stdin", Stream(b"", terminal=True))
    with pytest.raises(InputError, match="-: standard input is a terminal"):
        read_standard_input()


def test_files_directories_and_globs_are_found_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b.md", "a.docx", "sub/c.TXT", "sub/d.png", ".hidden/e.md", "odd.feature"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", "utf-8")
    found = find_documents([tmp_path / "odd.feature", tmp_path, f"{tmp_path}/*.md", "-"])
    assert [str(path.relative_to(tmp_path)) for path in found[:-1]] == [
        "odd.feature",
        "a.docx",
        "b.md",
        "sub/c.TXT",
    ]
    assert found[-1] == Path("-")
    assert find_documents([f"{tmp_path}/**/*.TXT"]) == [tmp_path / "sub" / "c.TXT"]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("empty", "no documents in this directory (.md, .markdown"),
        ("*.md", "matches no file; check the pattern"),
        ("emty", "no such file or directory; did you mean"),
    ],
)
def test_arguments_that_name_nothing(tmp_path: Path, argument: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        find_documents([tmp_path / argument])
    assert message in str(caught.value)
    with pytest.raises(InputError, match="no document given"):
        find_documents([])


def test_html_becomes_markdown() -> None:
    html = """<html><head><title>t</title><style>b{}</style></head><body><script>x()</script>
    <h2>Goals</h2><ul><li>Share a <b>route_id</b></li></ul><img src="https://example.org/p.png">
    <table><tr><td>Team</td><td>Work</td></tr><tr><td>A</td><td>this | that</td></tr></table>
    <pre><code># no heading
</code></pre></body></html>"""
    assert html_to_markdown(html) == (
        "## Goals\n\n- Share a **route_id**\n\n| Team | Work |\n| --- | --- |\n"
        "| A | this \\| that |\n\n```\n# no heading\n```\n"
    )
    with pytest.raises(ConversionError, match="nested too deeply"):
        html_to_markdown("<div>" * 5000 + "a")


def test_word_documents_become_markdown(tmp_path: Path) -> None:
    body = paragraph("Requirements", "H1") + paragraph("Share a route.")
    body += table(("Team", "Work"), ("A", "Share button"))
    path = tmp_path / "feature.docx"
    path.write_bytes(docx(body))
    assert read_document(path).text == (
        "# Requirements\n\nShare a route.\n\n| Team | Work |\n| --- | --- |\n| A | Share button |\n"
    )


def test_damaged_and_swollen_word_documents_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConversionError, match="no Word document that can be read"):
        docx_to_markdown(b"PK\x03\x04junk")
    monkeypatch.setattr(convert, "LARGEST_UNPACKED", 100)
    with pytest.raises(ConversionError, match="unpacks to over"):
        docx_to_markdown(docx(paragraph("a")))


def test_pdf_becomes_markdown_with_headings_lists_and_tables() -> None:
    content = (
        words_at(50, 750, "Fleet planner", 20)
        + words_at(50, 700, "Requirements", 11, "F2")
        + words_at(50, 680, "The planner must show each")
        + words_at(50, 667, "vehicle on a map.")
        + words_at(50, 640, "\\225 Import routes")
        + words_at(55, 585, "Team")
        + words_at(155, 585, "Work to deliver")
        + words_at(55, 565, "Map")
        + words_at(155, 565, "Tiles | layers")
    )
    content += "".join(f"50 {y} m 350 {y} l S\n" for y in (600, 580, 560))
    content += "".join(f"{x} 560 m {x} 600 l S\n" for x in (50, 150, 350))
    assert pdf_to_markdown(pdf(content)) == (
        "# Fleet planner\n\n## Requirements\n\nThe planner must show each\nvehicle on a map.\n\n"
        "- Import routes\n\n| Team | Work to deliver |\n| --- | --- |\n| Map | Tiles \\| layers |\n"
    )


def test_pdf_without_text_is_refused() -> None:
    with pytest.raises(ConversionError, match="hold no text"):
        pdf_to_markdown(pdf("50 50 m 60 60 l S"))
