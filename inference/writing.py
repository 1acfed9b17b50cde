"""One document's way through the engine: its first step, and at once all that follow from it.

Nothing waits for another document, nor one ticket's details for another's: each request is queued
the moment its prompt is known.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from inference.drafts import Draft, Written, best_of, make_draft
from inference.engine import Completion, Done, Engine, Sampling
from inference.record import MOST_SAMPLES, LeftOutPart, Settings
from tickets.bounds import Bounds
from tickets.documents import Document
from tickets.excerpts import excerpt
from tickets.formats import Format, Step, step_of
from tickets.prompt import neutral
from tickets.schema import Epic
from tickets.sections import LeftOut, fit_document

TITLE_TOKENS: Final = 64
"""Tokens kept in a context for the title in a request for details."""

LEAST_TOKENS: Final = 64
"""With less room than that behind its prompt, a step is not begun."""

Steps = dict[str, tuple[Completion, ...]]
"""Completions by the name of their step: all samples of the first, one of a later one."""


class Writer:
    """Writes documents in a format: what all of them have in common.

    Attributes:
        room: tokens that a document may have.
    """

    def __init__(self, engine: Engine, form: Format, settings: Settings) -> None:
        self.engine = engine
        self.form = form
        self.settings = settings
        frame = len(engine.encode(form.begin("").messages))
        later = TITLE_TOKENS if form.begin("").share < 1 else 0
        self.room = engine.context - frame - later - settings.max_tokens
        self.frame = frame

    @cached_property
    def tight(self) -> Bounds | None:
        """Bounds whose longest plan fits into its tokens, with all lines at their budget.

        None where even the smallest plan might not fit.
        """
        return Bounds.within(self.settings.max_tokens, self.settings.line_tokens)

    def count(self, text: str) -> int:
        """The tokens of a part of a document as it stands in the prompt."""
        return self.engine.count_tokens(neutral(text))

    def sampling(self, step: Step, *, is_first: bool, tight: bool) -> Sampling:
        """How a step is to be completed."""
        settings = self.settings
        tokens = self.tokens(step)
        is_bound = settings.decoding == "constrained"
        bounds = self.tight if tight else None
        return Sampling(
            max_tokens=tokens,
            grammar=step.bind(bounds, settings.vocabulary) if is_bound else None,
            line_tokens=settings.line_tokens if is_bound else None,
            close_at=self.close_at(step) if is_bound else None,
            distinct=step.distinct if is_bound else None,
            samples=(settings.samples or 1) if is_first else 1,
            temperature=(settings.temperature or 0.0) if is_first else 0.0,
            seed=settings.seed * MOST_SAMPLES,  # each of the samples has one of its own from there
        )

    def tokens(self, step: Step) -> int:
        """The most tokens of a step's completion."""
        return int(self.settings.max_tokens * step.share)

    def close_at(self, step: Step) -> int:
        """After how many of its tokens a completion is brought to its end, if it is bound."""
        return max(1, self.tokens(step) - step.closing)

    def prompt(self, step: Step) -> list[int]:
        """The tokens of a step's prompt."""
        return self.engine.encode(step.messages)


class Writing:
    """A document on its way.

    Attributes:
        place: among all documents.
        document: it.
        steps: the completions that are there by now.
        samples: what the first step was drawn to, judged; `chosen` is the place of the best, which
            the later steps go on from with what the others have `given` to it: stories of each.
        tokens: of all completions that this run has written, those given up included.
        prompt_tokens: of all their prompts; `cached_tokens` are those of them that the engine had
            computed before.
        closed_early: some step took so many tokens that it was brought to its end.
        seconds: from its start to its last token; `first_token_seconds` to its first.
    """

    def __init__(self, writer: Writer, place: int, document: Document, kept: Steps) -> None:
        """Fit the document into the context.

        Args:
            writer: what documents have in common.
            place: among all documents.
            document: it.
            kept: steps that an earlier run has done.
        """
        self.place = place
        self.document = document
        self.closed_early = False
        self.tokens = 0
        self.prompt_tokens = 0
        self.cached_tokens = 0
        self.seconds = 0.0
        self.first_token_seconds: float | None = None
        self.steps: Steps = dict(kept)
        self.samples: tuple[Draft, ...] = ()
        self.chosen = 0
        self.given: tuple[int, ...] = ()
        self._base: Completion | None = None  # the chosen sample, complemented
        self._writer = writer
        self._open: dict[str, tuple[Step, float]] = {}  # with when it was queued
        self._tried: set[str] = set()
        self._names: list[str] = []  # of the later steps
        self._lacking: dict[str, dict[str, int]] = {}  # tokens by heading, of each epic's step
        self._first, self._prompt, self._left_out = self._fitted()

    @property
    def fits(self) -> bool:
        """Whether anything of the document fits into the context."""
        return bool(self._prompt)

    @property
    def tightened(self) -> bool:
        """Whether some step was cut at first, and written again under narrower bounds."""
        return bool(self._tried)

    def left_out(self) -> tuple[LeftOutPart, ...]:
        """What did not fit into the first prompt, and for which epics it is read later."""
        return tuple(
            LeftOutPart(
                heading=heading,
                tokens=tokens,
                read_by=tuple(
                    name
                    for name, lacking in self._lacking.items()
                    if name in self._names and lacking.get(heading, 0) < tokens
                ),
            )
            for heading, tokens in self._left_out
        )

    def _fitted(self) -> tuple[Step, list[int], tuple[LeftOut, ...]]:
        """The first step and its prompt, the document cut by sections where it must be."""
        writer = self._writer
        room = writer.room
        while True:
            fitted = fit_document(self.document.text, room, writer.count)
            step = writer.form.begin(fitted.text)
            if not fitted.text.strip():
                return step, [], ()
            prompt = writer.prompt(step)
            over = len(prompt) - writer.frame - writer.room
            if over <= 0:
                break
            room -= over  # where frame and document meet, tokens may differ by a few
        return step, prompt, fitted.left_out

    def start(self) -> bool:
        """Queue what is to be written; returns whether nothing is."""
        first, writer = self._first, self._writer
        if writer.settings.outline is not None:
            self.steps.setdefault(first.name, (Completion(writer.settings.outline, "stop", 0),))
        if first.name not in self.steps:
            self._add(first, self._prompt)
            return False
        return self._follow()

    def _add(self, step: Step, prompt: list[int]) -> None:
        engine, name = self._writer.engine, step.name
        sampling = self._writer.sampling(
            step, is_first=step is self._first, tight=name in self._tried
        )
        spare = engine.context - len(prompt)
        if spare < min(sampling.max_tokens, LEAST_TOKENS):
            self.steps[name] = (Completion("", "length", 0),)
            return
        self._open[name] = step, self.seconds
        tokens = min(sampling.max_tokens, spare)
        close_at = sampling.close_at and max(1, min(sampling.close_at, tokens - step.closing))
        sampling = sampling._replace(max_tokens=tokens, close_at=close_at)
        engine.add(f"{self.place} {name}", prompt, sampling)

    def take(self, done: Done) -> bool:
        """Take in a finished request of this document; returns whether it was the last."""
        name = done.key.partition(" ")[2]
        step, queued = self._open.pop(name)
        self.tokens += sum(completion.tokens for completion in done.completions)
        self.prompt_tokens += done.prompt_tokens
        self.cached_tokens += done.cached_tokens
        self.seconds = max(self.seconds, queued + done.seconds)
        if self.first_token_seconds is None:
            self.first_token_seconds = done.first_token_seconds
        is_bound = self._writer.settings.decoding == "constrained"
        is_cut = all(completion.finish != "stop" for completion in done.completions)
        if is_cut and is_bound and self._writer.tight and name not in self._tried:
            self._tried.add(name)
            self._add(step, self._prompt_of(step))
            return False
        self.steps[name] = done.completions
        is_last = self._follow() if step is self._first else not self._open
        if is_bound:
            taken = done.completions[self.chosen if step is self._first else 0]
            self.closed_early |= taken.tokens > self._writer.close_at(step)
        return is_last

    def _prompt_of(self, step: Step) -> list[int]:
        return self._prompt if step is self._first else self._writer.prompt(step)

    def _follow(self) -> bool:
        """Queue the steps that follow from the best sample of the first; returns whether there are
        none to write.
        """
        writer, first = self._writer, self._first
        self.samples = tuple(
            make_draft(
                self._as_written([(first.name, completion)]),
                writer.form,
                self.document.text,
                writer.settings,
                outline=writer.form.name == "staged",
            )
            for completion in self.steps[first.name]
        )
        self.chosen = best_of(self.samples)
        self._base = self._complemented(self.steps[first.name])
        if writer.settings.outline_only:
            return True
        for step in writer.form.follow(self._base.text, self._part, writer.settings.vocabulary):
            self._names.append(step.name)
            if step.name not in self.steps:
                self._add(step, writer.prompt(step))
        return not self._open

    def _complemented(self, samples: Sequence[Completion]) -> Completion:
        """The chosen sample with what it lacks of the other whole ones."""
        writer, best = self._writer, samples[self.chosen]
        others = {n: s for n, s in enumerate(samples) if n != self.chosen and s.finish == "stop"}
        text, given = writer.form.complement(
            best.text,
            [other.text for other in others.values()],
            self.document.text,
            writer.settings.vocabulary,
        )
        by_place = dict(zip(others, given, strict=True))
        self.given = tuple(by_place.get(place, 0) for place in range(len(samples)))
        return best._replace(text=text)

    def _part(self, epic: Epic) -> str:
        """What of the document the details of an epic are written from: all of it, if it fits."""
        if not self._left_out:
            return self.document.text
        fitted = excerpt(self.document.text, epic, self._writer.room, self._writer.count)
        self._lacking[step_of(epic)] = dict(fitted.left_out)
        return fitted.text

    def written(self) -> Written:
        """The completions that the plan is made of, once all are done."""
        if self._base is None:
            raise RuntimeError("the first step is not done")
        later = [(name, self.steps[name][0]) for name in self._names]
        return self._as_written([(self._first.name, self._base), *later])

    @staticmethod
    def _as_written(steps: Sequence[tuple[str, Completion]]) -> Written:
        cut = tuple(name for name, completion in steps if completion.finish != "stop")
        return Written(tuple(completion for _, completion in steps), cut)
