"""Plan files as the commands take them: read, with standard input and a YAML header, and written.

A plan in a repository may begin with a YAML header between two lines of `---`; it is no part of
the plan, and is kept as it is.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tickets.files import InputError, nearest, write_atomic

if TYPE_CHECKING:
    from tickets.schema import Plan
    from tickets.vocabulary import Vocabulary

_HEADER = re.compile(r"\ufeff?---[ \t]*\r?\n(?:.*\n)*?---[ \t]*(?:\r?\n|$)")


class PlanText(NamedTuple):
    """What was read from `name`. In `body` the header's lines are blank: line numbers hold."""

    name: str
    header: str
    body: str


def read_plan_text(source: str) -> PlanText:
    """The text of a plan file, or of standard input for `-`.

    Raises:
        InputError: it is missing, unreadable, a folder, empty, binary or not UTF-8.
    """
    name = "<stdin>" if source == "-" else source
    text = decode(name, read_bytes(source))
    if not text.strip("\ufeff \t\r\n"):
        raise InputError(f"{name}: is empty; give a plan, or make one with `./planloom plan`")
    match = _HEADER.match(text)
    header = match[0] if match else ""
    return PlanText(name, header, "\n" * header.count("\n") + text[len(header) :])


def read_plan(source: str) -> "Plan":
    """The plan in a file or, for `-`, on standard input: markdown, or JSON that `export` wrote.

    Raises:
        InputError: as `read_plan_text`, or the JSON is no plan.
    """
    text = read_plan_text(source)
    if text.body.lstrip().startswith("{"):
        from tickets.export import from_json

        return from_json(text.body, text.name)
    from tickets.parse import parse_plan

    return parse_plan(text.body).plan


def read_bytes(source: str) -> bytes:
    """The content of a file, or of standard input for `-`.

    Raises:
        InputError: it is missing, unreadable or a folder.
    """
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{source}: there is no such file{nearest(Path(source))}") from None
    except IsADirectoryError:
        raise InputError(f"{source}: is a folder; name the plan files in it") from None
    except OSError as error:
        reason = error.strerror
        raise InputError(f"{source}: cannot be read ({reason}); check its permissions") from error


def decode(name: str, data: bytes) -> str:
    """`data` as UTF-8 text, line ends as they are.

    Raises:
        InputError: it is binary or in another encoding.
    """
    if b"\0" in data:
        raise InputError(f"{name}: is a binary file; a plan is markdown text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name}:{line}: is not UTF-8 (byte 0x{data[error.start]:02x}); save the file as UTF-8"
        ) from None


def write_output(content: str, output: Path | None) -> None:
    """Write `content` to a file, or to standard output if there is none.

    Raises:
        InputError: the file cannot be written.
    """
    if output is None:
        sys.stdout.write(content)
    else:
        write_atomic(output, content)


def read_vocabulary(path: Path | None) -> "Vocabulary | None":
    """The vocabulary that an option names, if it does.

    Raises:
        InputError: it cannot be read or has a fault.
    """
    if path is None:
        return None
    from tickets.vocabulary import load_vocabulary

    return load_vocabulary(path)


def count(number: int, word: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
