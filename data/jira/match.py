"""Which document belongs to which plan: by a mapping file, by links, by keys in file names."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

import yaml

from data.jira.to_plan import HistoryPlan
from tickets.files import InputError

How = Literal["mapping", "link", "key"]
Mapped = Mapping[str, tuple[str, ...]]
"""The keys that each document stands for, by the document's path or file name."""

_KEYS = re.compile(r"[\s,;+]+")
_KEY_IN_NAME = re.compile(r"(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9_]*?-\d+)(?!\d)")
_SHAPE = "write lines like 'payments.md: [PAY-1, PAY-7]', or a CSV file with document,keys"


class Match(NamedTuple):
    """A plan, the document that it belongs to, and what told so."""

    plan: HistoryPlan
    document: Path
    how: How


class Matches(NamedTuple):
    """What fits, and what does not: documents with the reason, plans by their key."""

    matches: tuple[Match, ...]
    documents: tuple[tuple[Path, str], ...]
    plans: tuple[str, ...]


def read_mapping(path: Path) -> dict[str, tuple[str, ...]]:
    """The mapping in a YAML file (document to key or list of keys) or a CSV file (with the columns
    `document` and `keys`; several rows of one document add up).

    Raises:
        InputError: it cannot be read, or has another shape.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {_SHAPE}") from error
    rows = _csv_rows(text, path) if path.suffix.lower() == ".csv" else _yaml_rows(text, path)
    mapping: dict[str, tuple[str, ...]] = {}
    for place, document, keys in rows:
        if not document or not keys:
            raise InputError(f"{place}: names no document or no key; {_SHAPE}")
        mapping[document] = tuple(dict.fromkeys([*mapping.get(document, ()), *keys]))
    return mapping


def _csv_rows(text: str, path: Path) -> Iterable[tuple[str, str, list[str]]]:
    header = text.split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
    column = names.get("keys", names.get("key", names.get("epics", names.get("epic"))))
    if "document" not in names or column is None:
        raise InputError(f"{path}:1: has no columns 'document' and 'keys'; {_SHAPE}")
    for row in reader:
        document, keys = (row[names["document"]] or "").strip(), (row[column] or "").strip()
        yield f"{path}:{reader.line_num}", document, [key for key in _KEYS.split(keys) if key]


def _yaml_rows(text: str, path: Path) -> Iterable[tuple[str, str, list[str]]]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(
            f"{path}: is no YAML ({' '.join(str(error).split())}); {_SHAPE}"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: is no mapping of documents to keys; {_SHAPE}")
    for document, keys in content.items():
        values = keys if isinstance(keys, list) else [keys]
        if not all(isinstance(value, str) for value in values):
            raise InputError(f"{path}: {document}: {keys!r} are no issue keys; {_SHAPE}")
        yield (
            f"{path}: {document}",
            str(document),
            [key for value in values for key in _KEYS.split(value) if key],
        )


def match_documents(
    plans: Iterable[HistoryPlan], documents: Sequence[Path], mapping: Mapped | None = None
) -> Matches:
    """Each document with its plan, if exactly one fits: by `mapping` (made with the same sets of
    keys as the plans), else by a link in the plan's tickets that ends with the file's name, else
    by the key of the plan's top issue or only epic in the file's name.

    What is doubtful is not matched, and says why. A plan has one document at most.
    """
    mapping = mapping or {}
    every = list(plans)
    found: dict[str, list[tuple[Path, How]]] = {}
    unmatched: list[tuple[Path, str]] = []
    for document in documents:
        plan, how, reason = _find(document, every, mapping)
        if plan is None:
            unmatched.append((document, reason))
        else:
            found.setdefault(plan.key, []).append((document, how))
    matches = []
    for plan in every:
        chosen = found.get(plan.key, [])
        if len(chosen) > 1:
            # A mapping is a person's word; everything else is a sign.
            mapped = [pair for pair in chosen if pair[1] == "mapping"]
            rest = [pair for pair in chosen if pair not in mapped] if len(mapped) == 1 else chosen
            names = ", ".join(sorted(str(document) for document, _ in chosen))
            reason = f"{plan.key} has several documents ({names}); name one in the mapping"
            unmatched += [(document, reason) for document, _ in rest]
            chosen = mapped if len(mapped) == 1 else []
        matches += [Match(plan, document, how) for document, how in chosen]
    matched = {match.plan.key for match in matches}
    left = tuple(plan.key for plan in every if plan.key not in matched)
    return Matches(tuple(matches), tuple(unmatched), left)


def _find(
    document: Path, plans: Sequence[HistoryPlan], mapping: Mapped
) -> tuple[HistoryPlan | None, How, str]:
    keys = _mapped(document, mapping)
    if keys:
        fits = [plan for plan in plans if plan.key == "+".join(keys)]
        reason = f"the mapping names {', '.join(keys)}, of which there is no plan"
        return (fits[0] if fits else None), "mapping", reason
    linked = [plan for plan in plans if document.name in map(_file_name, plan.urls)]
    if linked:
        reason = f"linked from {', '.join(plan.key for plan in linked)}; name one in the mapping"
        return (linked[0] if len(linked) == 1 else None), "link", reason
    named = {key.upper() for key in _KEY_IN_NAME.findall(document.stem)}
    fits = [p for p in plans if named & {p.key, *(p.epics if len(p.epics) == 1 else ())}]
    if fits:
        reason = f"its name fits {', '.join(plan.key for plan in fits)}; name one in the mapping"
        return (fits[0] if len(fits) == 1 else None), "key", reason
    part = next(((p, key) for p in plans for key in p.epics if key in named), None)
    if part:
        plan, key = part
        reason = (
            f"its name has {key}, one of {len(plan.epics)} epics of {plan.key}; give the mapping a "
            f"line '{document.name}: {key}' to make that epic a plan"
        )
        return None, "key", reason
    return None, "key", "no mapping, link or key names it; give the mapping a line for it"


def _mapped(document: Path, mapping: Mapped) -> tuple[str, ...]:
    """The entry for a document: by its path or the end of it, so also by the bare name."""
    path = PurePosixPath(document.as_posix())
    for name, keys in mapping.items():
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if path.parts[-len(parts) :] == parts:
            return keys
    return ()


def _file_name(url: str) -> str:
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).name
    except ValueError:
        return ""
