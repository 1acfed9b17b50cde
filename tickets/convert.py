"""HTML, DOCX and PDF to markdown, by the libraries beneath markitdown.

markitdown itself is not used: its front door loads magika and onnxruntime (1.6 s) to guess a
format that the first bytes tell, and knows converters that fetch from the network. What it calls
for these three formats is called here directly: mammoth for DOCX, markdownify over BeautifulSoup
for HTML, pdfplumber for PDF. None of them opens a connection, loads a linked file or runs a
script. PDF has no headings of its own; they are told by the size and weight of the type.
"""

import io
import re
import statistics
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

LARGEST_UNPACKED = 200 * 1024 * 1024
"""Bytes that a DOCX may hold when unpacked; far more is an archive made to fill the memory."""

_BULLET = re.compile(r"^[•◦▪●○■‣∙·–]\s*")
_HEADING_RATIO = 1.15
"""Type larger than the body's by this factor makes a heading."""
_LONGEST_HEADING = 100


class ConversionError(Exception):
    """A file that cannot be read as its format; the message says why and what to do."""


class _Line(NamedTuple):
    text: str
    top: float
    bottom: float
    size: float
    bold: bool


def html_to_markdown(html: str) -> str:
    """The body of a page as markdown, without scripts, styles and pictures.

    Raises:
        ConversionError: its elements are nested too deeply.
    """
    from bs4 import BeautifulSoup
    from markdownify import ATX, MarkdownConverter

    soup = BeautifulSoup(html, "html.parser")
    for element in soup(["script", "style", "noscript", "template", "img", "svg", "nav", "head"]):
        element.decompose()
    for cell in soup(["td", "th"]):
        for string in cell.find_all(string=lambda text: text is not None and "|" in text):
            string.replace_with(string.replace("|", "\\|"))
    # Asterisks and underscores of identifiers are left alone: a model reads this, no browser.
    converter = MarkdownConverter(
        heading_style=ATX,
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        table_infer_header=True,
    )
    try:
        markdown = str(converter.convert_soup(soup))
    except RecursionError as error:
        raise ConversionError("its HTML is nested too deeply; save it as text") from error
    return _tidy(markdown)


def docx_to_markdown(data: bytes) -> str:
    """A Word document as markdown: headings, lists, tables, links; no pictures.

    Raises:
        ConversionError: it is damaged, no Word document, or unpacks to too much.
    """
    import mammoth  # type: ignore[import-untyped]

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_UNPACKED:
                raise ConversionError("it unpacks to over 200 MB; save it as text")
        html = mammoth.convert_to_html(io.BytesIO(data), convert_image=lambda image: []).value
    except ConversionError:
        raise
    except Exception as error:  # mammoth raises whatever its XML and ZIP readers do
        raise ConversionError(
            f"it is no Word document that can be read ({error}); open it and save it as DOCX again"
        ) from error
    return html_to_markdown(html)


def pdf_to_markdown(data: bytes) -> str:
    """The text of a PDF as markdown: ruled tables as tables, large or bold lines as headings.

    Raises:
        ConversionError: it is damaged, needs a password, or holds no text.
    """
    import pdfplumber
    from pdfminer.pdfdocument import PDFPasswordIncorrect

    try:
        with pdfplumber.open(io.BytesIO(data)) as pdf:
            pages = [_read_page(page) for page in pdf.pages]
    except Exception as error:  # pdfminer raises whatever a damaged file makes it
        if isinstance(error, PDFPasswordIncorrect) or isinstance(
            error.args[0] if error.args else None, PDFPasswordIncorrect
        ):
            raise ConversionError("it is locked by a password; save it without one") from error
        raise ConversionError(
            f"it is no PDF that can be read ({type(error).__name__}); print it to PDF again"
        ) from error
    lines = [line for page in pages for line in page if isinstance(line, _Line)]
    if not lines and not any(pages):
        raise ConversionError("its pages hold no text (a scan?); run it through OCR first")
    body = statistics.median_low([line.size for line in lines]) if lines else 0.0
    sizes = sorted({line.size for line in lines if line.size > _HEADING_RATIO * body}, reverse=True)
    parts = (part for page in pages for part in _page_to_markdown(page, body, sizes))
    return _tidy("\n".join(parts))


def _tidy(markdown: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", markdown).strip() + "\n"


def _read_page(page: Any) -> list[_Line | str]:
    """The lines of a PDF page and, in their places, its tables as markdown."""
    tables = page.find_tables()
    rest = page
    for table in tables:
        # A border may lie outside the page, which outside_bbox refuses.
        rest = rest.filter(lambda item, box=table.bbox: not _is_inside(item, box))
    parts: list[tuple[float, _Line | str]] = [
        (table.bbox[1], _table_to_markdown(table.extract())) for table in tables
    ]
    for line in rest.extract_text_lines(return_chars=True):
        chars = line["chars"]
        size = statistics.median_low([round(char["size"], 1) for char in chars])
        bold = all("bold" in char["fontname"].lower() for char in chars if char["text"].strip())
        parts.append((line["top"], _Line(line["text"], line["top"], line["bottom"], size, bold)))
    return [part for _, part in sorted(parts, key=lambda part: part[0])]


def _is_inside(item: Mapping[str, Any], box: Sequence[float]) -> bool:
    """Whether the middle of a PDF object lies in a box (left, top, right, bottom; points)."""
    x, y = (item["x0"] + item["x1"]) / 2, (item["top"] + item["bottom"]) / 2
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _table_to_markdown(rows: Sequence[Sequence[str | None]]) -> str:
    cells = [[" ".join((cell or "").split()).replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    rule = "|" + " --- |" * max((len(row) for row in cells), default=0)
    return "\n" + "\n".join([*lines[:1], rule, *lines[1:]]) + "\n"


def _page_to_markdown(
    page: Sequence[_Line | str], body: float, heading_sizes: Sequence[float]
) -> list[str]:
    """Lines to paragraphs (a gap ends one), bullets to list items, large lines to headings."""
    parts: list[str] = []
    last: _Line | None = None
    for line in page:
        if isinstance(line, str):
            parts.append(line)
            last = None
            continue
        text = _BULLET.sub("- ", line.text.strip())
        is_short = len(text) <= _LONGEST_HEADING and not text.startswith("- ")
        is_large = line.size in heading_sizes
        if is_short and (is_large or (line.bold and not text.endswith((".", ",")))):
            # Bold lines of the body's size are headings below all that are larger.
            level = (heading_sizes.index(line.size) if is_large else len(heading_sizes)) + 1
            parts.append(f"\n{'#' * min(6, level)} {text}\n")
            last = None
            continue
        if last is None or line.top - last.bottom > 0.7 * (line.bottom - line.top):
            parts.append("")
        parts.append(text)
        last = line
    return parts
