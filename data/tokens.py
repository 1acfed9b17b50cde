"""Token counts as the trainer will see them: the base model's tokenizer and chat template.

Transformers would bring torch along, and seconds of start in every process, so the tokenizer's
file is read by `tokenizers` and the template is rendered by jinja2 with Transformers' settings.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from tickets.files import InputError

Messages = Sequence[Mapping[str, str]]

_FILES: Final = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
_DAY: Final = "2025-01-01"
"""What a template that asks for the day is told, so that a build gives the same bytes tomorrow."""


class _Generation(Extension):
    """Templates mark the assistant's part with `{% generation %}`; here it is only its content."""

    tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class TokenCounter:
    """Renders conversations with a model's chat template and counts their tokens.

    `hash` is that of the files that decide the counts.

    Raises:
        InputError: the folder lacks the tokenizer or the template.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hash = tokenizer_hash(folder)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._turn = _before_special(self._tokenizer)
        settings = _settings(folder)
        self._special = {
            key: value["content"] if isinstance(value, dict) else value
            for key, value in settings.items()
            if key.endswith("_token") and isinstance(value, str | dict)
        }
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[_Generation, "jinja2.ext.loopcontrols"],
        )
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = lambda _: _DAY
        self._template = environment.from_string(_template(folder, settings))

    def render(self, prompt: Messages, completion: Messages) -> tuple[str, str]:
        """The text of the prompt, up to where the model's turn begins, and of what it adds.

        Raises:
            InputError: the template does not write the prompt first, or refuses the messages.
        """
        try:
            before = self._render(prompt, add_generation_prompt=True)
            whole = self._render([*prompt, *completion], add_generation_prompt=False)
        except TemplateError as error:
            raise InputError(
                f"{self.folder}: its chat template refuses the prompt format ({error}); "
                "choose a model whose template takes a system message"
            ) from error
        if not whole.startswith(before):
            raise InputError(
                f"{self.folder}: its chat template changes the prompt when the answer is there, "
                "so no part of it can be told to carry loss; choose another model"
            )
        return before, whole[len(before) :]

    def count(self, texts: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
        """The tokens of each prompt, and of what its completion adds, as `render` gave them.

        A text is encoded turn by turn: what begins with a special token has the same tokens
        wherever it stands, so a document is encoded once for all that is asked of it.
        """
        split = [(self._turns(before), self._turns(before + added)) for before, added in texts]
        turns = list({turn: None for both in split for side in both for turn in side})
        # encode_batch runs on all cores unless told otherwise; builds have a process per core.
        encoded = self._tokenizer.encode_batch_fast(turns, add_special_tokens=False)
        sizes = {turn: len(each.ids) for turn, each in zip(turns, encoded, strict=True)}
        lengths = [[sum(sizes[turn] for turn in side) for side in both] for both in split]
        return [(before, whole - before) for before, whole in lengths]

    def _turns(self, text: str) -> list[str]:
        return [turn for turn in self._turn.split(text) if turn]

    def _render(self, messages: Messages, *, add_generation_prompt: bool) -> str:
        return self._template.render(
            messages=[dict(message) for message in messages],
            tools=None,
            documents=None,
            add_generation_prompt=add_generation_prompt,
            **self._special,
        )


def _before_special(tokenizer: Tokenizer) -> re.Pattern[str]:
    """Matches, without a width, where a special token begins that takes nothing from its sides."""
    names = [
        token.content
        for token in tokenizer.get_added_tokens_decoder().values()
        if token.special and not (token.lstrip or token.rstrip or token.single_word)
    ]
    return re.compile("(?=" + "|".join(map(re.escape, names)) + ")" if names else r"(?!)")


def tokenizer_hash(folder: Path) -> str:
    """A hash of the files in a model's folder that decide token counts.

    Raises:
        InputError: there is no tokenizer.json.
    """
    if not (folder / "tokenizer.json").is_file():
        raise InputError(f"{folder}: has no tokenizer.json; name a model with a fast tokenizer")
    digest = hashlib.sha256()
    for name in _FILES:
        file = folder / name
        digest.update(file.read_bytes() if file.is_file() else b"")
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _settings(folder: Path) -> dict[str, Any]:
    file = folder / "tokenizer_config.json"
    content = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return content if isinstance(content, dict) else {}


def _template(folder: Path, settings: dict[str, Any]) -> str:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8")
    template = settings.get("chat_template")
    if isinstance(template, list):  # several by name
        template = {each["name"]: each["template"] for each in template}.get("default")
    if not isinstance(template, str):
        raise InputError(f"{folder}: its tokenizer has no chat template; use an instruct model")
    return template


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> None:
    raise TemplateError(message)
