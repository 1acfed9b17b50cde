"""The YAML header that documents and plans of a pair carry in our folders, read and removed."""

import re
from typing import Final

import yaml
from pydantic import ValidationError

from tickets.schema import Model

_HEADER: Final = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


class Header(Model):
    """What a header says; the same in both files of a pair. `group` is the id if not given."""

    id: str
    domain: str
    style: str
    author: str
    licence: str
    reviewed: bool = False
    group: str | None = None


class HeaderError(ValueError):
    """A header that cannot be used; the message says why."""


def read_header(text: str) -> tuple[Header | None, str]:
    """Our header at the top of `text`, if there is one, and the text without it.

    Front matter without an `id` is the author's own, and stays part of the text.

    Raises:
        HeaderError: it is ours, but fields are missing, unknown or of a wrong type.
    """
    match = _HEADER.match(text)
    if match is None:
        return None, text
    try:
        content = yaml.safe_load(match[1])
    except yaml.YAMLError:
        return None, text
    if not isinstance(content, dict) or "id" not in content:
        return None, text
    try:
        header = Header.model_validate(content)
    except ValidationError as error:
        faults = (_fault(**fault) for fault in error.errors())
        raise HeaderError("its header: " + "; ".join(faults)) from error
    return header, text[match.end() :]


def _fault(*, loc: tuple[str | int, ...], msg: str, type: str, **_: object) -> str:  # noqa: A002 - pydantic's name
    name = ".".join(map(str, loc))
    if type == "extra_forbidden":
        return f"{name} is no field of it; the fields are {', '.join(Header.model_fields)}"
    return f"{name}: {msg}"
