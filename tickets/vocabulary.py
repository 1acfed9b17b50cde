"""An organisation's own names: the components, teams and key prefix that plans may use."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import AfterValidator, BeforeValidator, ValidationError

from tickets.files import InputError
from tickets.schema import Allocation, Model
from tickets.text import one_line

_PREFIX: Final = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")
_EXAMPLE: Final = "configs/vocabulary.example.yaml shows one"


def _text(value: Any) -> Any:
    # YAML reads unquoted words such as `on` or `1.20` as other types; guessing back loses them.
    if not isinstance(value, str):
        raise ValueError("this is no text; put it in quotes")
    return one_line(value)


def _name(value: str) -> str:
    if not value:
        raise ValueError("the name is empty; take the line out")
    if value.casefold() == "none":
        raise ValueError("'None' means that there is none; use another name")
    return value


def _component(value: str) -> str:
    if "," in value:
        raise ValueError("a comma divides two components; write two lines, or take it out")
    return value


def _team(value: str) -> str:
    if set(value) & set("()") or Allocation(team=value).team != value or value.endswith(":"):
        raise ValueError("a heading cannot name it; leave out brackets, bold and a last colon or #")
    return value


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for name in names:
        if name.casefold() in seen:
            raise ValueError(f"{name!r} is there twice; take one of them out")
        seen[name.casefold()] = name
    return names


def _key_prefix(value: str | None) -> str | None:
    if value is not None and not _PREFIX.fullmatch(value):
        raise ValueError(f"{value!r} begins no Jira key; use letters and digits, as in RHOAI")
    return value


_Name = Annotated[str, BeforeValidator(_text), AfterValidator(_name)]
_Component = Annotated[_Name, AfterValidator(_component)]
_TeamName = Annotated[_Name, AfterValidator(_team)]


class Vocabulary(Model):
    """The names that a plan may use; an empty list (a prefix of None) leaves them open."""

    components: Annotated[tuple[_Component, ...], AfterValidator(_distinct)] = ()
    teams: Annotated[tuple[_TeamName, ...], AfterValidator(_distinct)] = ()
    key_prefix: Annotated[
        Annotated[str, BeforeValidator(_text)] | None, AfterValidator(_key_prefix)
    ] = None


def load_vocabulary(path: Path) -> Vocabulary:
    """The vocabulary in a YAML file with the keys `components`, `teams` and `key_prefix`.

    Raises:
        InputError: the file cannot be read, is no YAML, or breaks the rules; the message names
            every fault with its place.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; {_EXAMPLE}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text in UTF-8 ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else f"{path}"
        reason = getattr(error, "problem", None) or "it cannot be read"
        raise InputError(f"{place}: this is no YAML: {reason}; {_EXAMPLE}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: this is no vocabulary but {_kind(content)}; {_EXAMPLE}")
    try:
        return Vocabulary.model_validate(content)
    except ValidationError as error:
        faults = [_fault(path, f["type"], f["loc"], f["msg"]) for f in error.errors()]
        raise InputError("\n".join(faults)) from error


def _kind(content: object) -> str:
    return "an empty file" if content is None else f"a single {type(content).__name__}"


def _fault(path: Path, kind: str, loc: tuple[str | int, ...], message: str) -> str:
    """A fault as a line: `file: components.2: …`, places in a list counted from 1."""
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)
    if kind == "extra_forbidden":
        known = ", ".join(Vocabulary.model_fields)
        return f"{path}: {place}: there is no such key; the keys are {known}"
    if kind == "tuple_type":
        return f"{path}: {place}: this is no list; write one name a line, each behind a hyphen"
    return f"{path}: {place}: {message.removeprefix('Value error, ')}"
