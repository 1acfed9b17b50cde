"""What is kept about each plan: how it was made, from what, and how good it is."""

from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from inference.checksums import text_hash
from inference.engine import Finish
from tickets.diagnostics import Diagnostic
from tickets.formats import Format, find_format
from tickets.rubric import Rubric
from tickets.schema import Model
from tickets.vocabulary import Vocabulary

TEMPERATURE: Final = 0.4
"""Of several samples. At 0.8 the best of four outlines was no better than at 0.4, and more of its
tickets had no ground in the document."""

MOST_SAMPLES: Final = 64


class Settings(Model):
    """How plans are made. Two runs with equal settings make the same plan of a document, but for
    what rounding does: vLLM adds up in another order from batch to batch.

    Attributes:
        decoding: whether the grammar binds what the model writes.
        repair: put right what is arithmetic or reference.
        samples: completions that the first step of each document is drawn to; the later steps go on
            from the best, complemented by the others if the format can. None is the format's own
            number, see `of`.
        keep_samples: write the other ones too.
        temperature: of the first step, later ones are greedy; None is 0.4 for several samples and 0
            (greedy) for one. With 0 there is one sample.
        seed: of the draws.
        max_tokens: where a plan is cut.
        line_tokens: the most tokens of one line under constrained decoding.
        vocabulary: an organisation's names, which narrow the grammar.
        outline: the outline that the details are written for; None lets the model write it.
        outline_only: end with the outline.
    """

    decoding: Literal["constrained", "free"] = "constrained"
    repair: bool = True
    samples: int | None = Field(default=None, ge=1, le=MOST_SAMPLES)
    keep_samples: bool = False
    temperature: float | None = Field(default=None, ge=0, le=2)
    seed: int = Field(default=0, ge=0)
    max_tokens: int = Field(default=3072, ge=256)
    line_tokens: int = Field(default=64, ge=16)
    vocabulary: Vocabulary | None = None
    outline: str | None = None
    outline_only: bool = False

    @model_validator(mode="before")
    @classmethod
    def _drawn(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Several samples need a temperature, and at temperature 0 they would all be the same."""
        if values.get("temperature") == 0:
            return values | {"samples": 1}
        if (values.get("samples") or 1) != 1 and values.get("temperature") is None:
            return values | {"temperature": TEMPERATURE}
        return values

    def of(self, form: Format) -> Self:
        """The settings with the format's own number of samples where none is said.

        One, where there is nothing to draw from: an outline is given.
        """
        if self.samples is not None:
            return self
        samples = 1 if self.outline is not None else form.samples
        return type(self).model_validate({**dict(self), "samples": samples})


class Maker(Model):
    """What makes the plans: model and adapter with the hashes of their files, and the format."""

    model: str
    model_hash: str
    adapter: str | None = None
    adapter_hash: str | None = None
    format_hash: str

    @property
    def form(self) -> Format:
        """The format that its plans are written in."""
        form = find_format(self.format_hash)
        if form is None:
            raise ValueError(f"{self.format_hash} is the hash of no format")
        return form


class LeftOutPart(Model):
    """A part of the document that did not fit into the first prompt, and its tokens.

    `read_by` names the epics whose details are written from it, or from more of it.
    """

    heading: str
    tokens: int
    read_by: tuple[str, ...] = ()


class Sample(Model):
    """One completion of the first step: how it ended, its tokens, what it is judged by, and the
    stories that it has given to the chosen one.
    """

    finish: Finish
    tokens: int
    score: float
    coverage: float
    grounding: float
    given: int = 0


class Record(Model):
    """One plan's record, as `--json` prints it and as the output folder keeps it.

    Attributes:
        key: equal for runs that would make the same plan; see `run_key`.
        document: its name; `source` is where it was read, `document_sha256` the hash of its text.
        whole: the model ended the plan itself; otherwise it was cut, as `finish` says, in the steps
            that `cut` names.
        closed_early: the plan took so many tokens that it was brought to its end (see
            `inference.decoding`): it is whole in form, and may lack what would have come.
        tightened: it was cut at first, and written again under narrower bounds.
        prompt_tokens: of all prompts; `cached_tokens` are those that the engine had computed for
            another one.
        completion_tokens: of all completions, those that were given up included.
        seconds: from the request to the last token, beside the others of a batch;
            `first_token_seconds` to the first.
        diagnostics: of the plan as it was written out, repairs included.
        repairs: what was put right, in the chosen sample before it was complemented too.
        samples: one for each completion of the first step; `chosen` is the best one's place.
    """

    key: str
    document: str
    source: str
    document_sha256: str
    maker: Maker
    settings: Settings
    whole: bool
    finish: Finish
    cut: tuple[str, ...] = ()
    closed_early: bool = False
    tightened: bool = False
    prompt_tokens: int
    cached_tokens: int = 0
    completion_tokens: int
    first_token_seconds: float | None = None
    seconds: float
    left_out: tuple[LeftOutPart, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    repairs: tuple[Diagnostic, ...] = ()
    rubric: Rubric
    coverage: float
    grounding: float
    samples: tuple[Sample, ...] = ()
    chosen: int = 0


def run_key(document_sha256: str, maker: Maker, settings: Settings) -> str:
    """SHA-256 in hex of all that a plan depends on.

    Names do not count: a model under another name, with the same files, makes the same plan.
    """
    return text_hash(
        document_sha256,
        maker.model_hash,
        maker.adapter_hash or "",
        maker.format_hash,
        settings.model_dump_json(),
    )
