"""Run configurations: YAML into a frozen model, all faults reported at once."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tickets.files import InputError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Config = TypeVar("Config", bound=BaseModel)


def load_config(model: type[Config], path: Path, overrides: Iterable[str] = ()) -> Config:
    """The `model` in the YAML file at `path`, after overrides such as `sources.0.weight=3`.

    An override's value is read as YAML; numbers in its key count list items from 0.

    Raises:
        InputError: the file or an override cannot be used; it names every fault, one per line.
    """
    try:
        content = yaml.safe_load(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; configs/ has examples") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text in UTF-8 ({error})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else f"{path}"
        raise InputError(f"{place}: this is no YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: this is no configuration but {type(content).__name__}")
    faults = [fault for each in overrides if (fault := _override(content, each))]
    try:
        config = model.model_validate(content)
    except ValidationError as error:
        found = error.errors()
        faults += [f"{path}: {_fault(**fault)}" for fault in found if not _follows(fault, found)]
    if faults:
        raise InputError("\n".join(faults))
    return config


def _follows(fault: "ErrorDetails", faults: "list[ErrorDetails]") -> bool:
    """Whether a list is called too short only because its items are faulty."""
    place = fault["loc"]
    return fault["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in faults
    )


def _override(content: dict[str, Any], text: str) -> str:
    """Put `key.sub=value` into `content`; what is wrong with it, empty if nothing."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        return f"{text}: this is no override; write key.sub=value"
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        return f"{text}: the value is no YAML; put it in quotes"
    *parents, last = key.split(".")
    place: Any = content
    for part in parents:
        if isinstance(place, list) and part.isdecimal() and int(part) < len(place):
            place = place[int(part)]
        elif isinstance(place, dict):
            place = place.setdefault(part, {})
        else:
            return f"{text}: there is no {part} to set {last} in"
    if isinstance(place, dict):
        place[last] = parsed
    elif isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = parsed
    else:
        return f"{text}: there is no {last} at that place"
    return ""


def _fault(*, loc: tuple[str | int, ...], msg: str, type: str, input: Any, **_: object) -> str:  # noqa: A002 - pydantic's names
    place = ".".join(map(str, loc)) or "all"
    if type == "extra_forbidden":
        return f"{place}: there is no such key"
    given = f" (given: {input!r})" if isinstance(input, str | int | float) else ""
    return f"{place}: {msg.removeprefix('Value error, ')}{given}"
