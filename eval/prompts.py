"""The prompts that endpoints are asked with."""

from pathlib import Path
from typing import Final

from tickets.files import InputError
from tickets.prompt import build_messages, neutral
from tickets.sections import fit_document

PLACE: Final = "{{document}}"
_FULL: Final = Path(__file__).resolve().parent / "prompts" / "full.md"


def read_prompt(name: str) -> str | None:
    """The text of a prompt with `{{document}}` in it; None for `short`, which is built by code.

    Raises:
        InputError: `name` is a file that cannot be read, or has no place for the document.
    """
    if name == "short":
        return None
    path = _FULL if name == "full" else Path(name)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"prompt {name}: cannot be read ({error}); write short, full or a file's path"
        ) from error
    if text.count(PLACE) != 1:
        raise InputError(f"{path}: needs {PLACE} once, where the document is to stand")
    return text


def prompt_messages(prompt: str | None, document: str, words: int | None) -> list[dict[str, str]]:
    """The messages that ask for the plan of a document, cut to so many words if it is longer."""
    if words is not None:
        document = fit_document(document, words, lambda text: len(text.split())).text
    if prompt is None:
        return build_messages(document)
    return [{"role": "user", "content": prompt.replace(PLACE, neutral(document).strip("\n"))}]
