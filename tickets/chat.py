"""Messages into tokens: the same way when a model is trained and when it is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

Messages = Sequence[Mapping[str, str]]


def encode_prompt(tokenizer: Any, messages: Messages) -> list[int]:
    """The token ids of a prompt, up to where the model's turn begins.

    Args:
        tokenizer: of Transformers, with a chat template.
        messages: with `role` and `content` each.
    """
    return _encode(tokenizer, messages, add_generation_prompt=True)


def encode_example(tokenizer: Any, prompt: Messages, completion: Messages) -> list[int]:
    """The token ids of a prompt with its completion, the end of the model's turn included."""
    return _encode(tokenizer, [*prompt, *completion], add_generation_prompt=False)


def _encode(tokenizer: Any, messages: Messages, *, add_generation_prompt: bool) -> list[int]:
    return list(
        tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            add_generation_prompt=add_generation_prompt,
            tokenize=True,
            return_dict=False,
            enable_thinking=False,  # of no effect in templates that know no thinking
        )
    )
