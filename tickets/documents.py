"""Feature documents from files and standard input, as one kind of text.

Markdown and plain text keep every line as it is, front matter and comments included: findings
name line numbers, and they must be those of the author's file.
"""

import codecs
import glob
import hashlib
import os
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from tickets.convert import ConversionError, docx_to_markdown, html_to_markdown, pdf_to_markdown
from tickets.files import InputError, nearest
from tickets.schema import Model

SUFFIXES = (
    ".md", ".markdown", ".txt", ".text", ".rst", ".adoc", ".html", ".htm", ".docx", ".pdf",
)  # fmt: skip
"""What is taken from a directory; a file that is named itself may have any suffix."""
LARGEST = 20 * 1024 * 1024
"""Bytes. A feature document of hundreds of pages has 1 MB of text; beyond 20 MB it is no such."""
STANDARD_INPUT = Path("-")

_BOMS = (
    # The longer one first: UTF-32's little-endian mark begins with UTF-16's.
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESS_BYTES = 256 * 1024
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROL = 0.01


class Document(Model):
    """A feature document: `text` is markdown with LF line ends and no byte order mark.

    `name` is the file's without suffix, `source` its path or `-`, `sha256` that of the text in
    UTF-8 (hex), `note` what a reader should know of how it was read ("" if nothing).
    """

    name: str
    text: str
    source: str
    sha256: str
    note: str = ""


def read_document(path: Path) -> Document:
    """The document at `path`; `-` is standard input. The format is told by content and suffix.

    Raises:
        InputError: it is missing, unreadable, empty, too large, binary or damaged.
    """
    if path == STANDARD_INPUT:
        return read_standard_input()
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a directory; name a document in it")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file{nearest(path)}") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be read ({reason}); check its permissions") from error
    return _document(data, path.stem, str(path), path.suffix.lower())


def read_standard_input() -> Document:
    """The document on standard input, in any format that a file may have.

    Raises:
        InputError: it is empty, too large, binary or damaged, or a terminal.
    """
    if sys.stdin.isatty():
        raise InputError("-: standard input is a terminal; pipe a document into it or name a file")
    return _document(sys.stdin.buffer.read(LARGEST + 1), "standard-input", "-", "")


def find_documents(arguments: Iterable[str | Path]) -> list[Path]:
    """The documents that `arguments` name: files as they are, `-` for standard input, those in
    directories (at any depth, by `SUFFIXES`, hidden ones left out), those that globs match.

    In the order of the arguments, within one by name; each once.

    Raises:
        InputError: an argument names nothing.
    """
    found: dict[Path, Path] = {}
    for argument in arguments:
        for path in _find(Path(argument)):
            found.setdefault(path if path == STANDARD_INPUT else path.resolve(), path)
    if not found:
        raise InputError(
            "no document given; name files, directories, globs or - for standard input"
        )
    return list(found.values())


def _find(path: Path) -> Iterator[Path]:
    if path.is_dir():
        inside = sorted(_walk(path))
        if not inside:
            raise InputError(
                f"{path}: no documents in this directory ({', '.join(SUFFIXES)}); "
                "name the file itself if it has another suffix"
            )
        yield from inside
    elif glob.has_magic(str(path)) and not path.exists():
        # Path.glob refuses absolute patterns.
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
        files = [match for match in matches if match.is_file()]
        if not files:
            raise InputError(f"{path}: matches no file; check the pattern and where you are")
        yield from files
    elif path == STANDARD_INPUT or path.exists():
        yield path
    else:
        raise InputError(f"{path}: no such file or directory{nearest(path)}")


def _walk(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(folder, name)


def _document(data: bytes, name: str, source: str, suffix: str) -> Document:
    if len(data) > LARGEST:
        raise InputError(
            f"{source}: is over {LARGEST // 2**20} MB; give the parts that describe the feature"
        )
    if not data.strip():
        raise InputError(f"{source}: is empty; give a document that describes the feature")
    note = ""
    try:
        if data.startswith(b"%PDF-"):
            text = pdf_to_markdown(data)
        elif _is_docx(data):
            text = docx_to_markdown(data)
        else:
            text, note = _decoded(data, source)
            if suffix in (".html", ".htm") or _is_html(text):
                text = html_to_markdown(text)
    except ConversionError as error:
        raise InputError(f"{source}: {error}") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError(f"{source}: holds no text; give a document that describes the feature")
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Document(name=name, text=text, source=source, sha256=digest, note=note)


def _is_docx(data: bytes) -> bool:
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return "word/document.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def _is_html(text: str) -> bool:
    return bool(re.match(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", text, re.IGNORECASE))


def _decoded(data: bytes, source: str) -> tuple[str, str]:
    """The text of bytes, and a note if its encoding had to be guessed."""
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise InputError(
                f"{source}: begins as {encoding.upper()} but is damaged at byte {error.start}; "
                "save it as UTF-8"
            ) from error
        return _guessed(data, source, error)
    if len(_CONTROL.findall(text)) > _MOST_CONTROL * len(text) or "\x00" in text:
        raise _binary(source)
    return text, ""


def _guessed(data: bytes, source: str, error: UnicodeDecodeError) -> tuple[str, str]:
    sample = data[:_GUESS_BYTES]
    controls = sum(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in sample)
    if b"\x00" in sample or controls > _MOST_CONTROL * len(sample):
        raise _binary(source)
    from charset_normalizer import from_bytes

    # The sample has to hold what is no UTF-8, or any encoding fits it.
    start = max(0, error.start - _GUESS_BYTES // 2)
    best = from_bytes(data[start : start + _GUESS_BYTES]).best()
    try:
        if best is None:
            raise UnicodeError
        # Of several that read the same, the most common one.
        name = "cp1252" if "cp1252" in best.could_be_from_charset else best.encoding
        return data.decode(name), (
            f"{source}: is not UTF-8 (byte {error.start}), read as {name}; "
            "save it as UTF-8 if letters are wrong"
        )
    except UnicodeError:
        raise InputError(
            f"{source}: is not UTF-8 (byte {error.start}) and its encoding cannot be told; "
            "save it as UTF-8"
        ) from error


def _binary(source: str) -> InputError:
    return InputError(f"{source}: is a binary file; give markdown, text, HTML, DOCX or PDF")
