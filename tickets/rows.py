"""The rows that the parts exchange through files: pairs in, examples out.

`data` writes them, `training` and `eval` read them; none imports the other.
"""

from typing import Literal

from tickets.schema import Model

Split = Literal["train", "validation", "test"]
Role = Literal["system", "user", "assistant"]


class Pair(Model):
    """A feature document and the plan that belongs to it.

    `group` keeps what must not be torn apart by a split (a document's family, a repository);
    `source` says where the pair came from (`curated`, `generated`, a folder, a Jira export);
    `author` what kind of author wrote it (`human`, `synthetic`, `teacher`). `rests_on` has for each
    epic the sentences of the document that its tickets were made from, where the source knows them.
    """

    id: str
    document: str
    plan: str
    source: str
    domain: str
    style: str
    author: str
    licence: str
    group: str
    rests_on: tuple[tuple[str, ...], ...] = ()


class Message(Model):
    """A turn of a conversation, as chat templates take it."""

    role: Role
    content: str


class Example(Model):
    """What the model is trained on: a prompt, and the completion that carries the loss.

    Token counts are with the base model's tokenizer and chat template; `format_hash` names the
    prompt, template and grammar that the example was made with.
    """

    id: str
    prompt: tuple[Message, ...]
    completion: tuple[Message, ...]
    prompt_tokens: int
    completion_tokens: int
    source: str
    domain: str
    style: str
    group: str
    split: Split
    format_hash: str


class Rejection(Model):
    """A pair that did not become an example: a short code as `reason`, and `detail` in words."""

    id: str
    source: str
    reason: str
    detail: str
