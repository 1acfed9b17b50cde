"""The folder of a teacher's labels: pairs, what is to be reviewed, records, and paid replies.

ID.document.md, ID.plan.md     pairs that passed; the build reads these
review/                        what did not pass, with its findings; the build reads none of it
records/ID.json                how each label came about
.planloom/replies/             every reply that was paid for, by its request's content
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import filelock
from pydantic import ValidationError

from data.headers import write_header
from data.teacher_gate import Verdict
from tickets.diagnostics import Diagnostic
from tickets.endpoint import Reply
from tickets.files import InputError, write_atomic
from tickets.headers import HeaderError, read_header
from tickets.rows import Pair
from tickets.schema import Model

STATE: Final = ".planloom"

Outcome = Literal["accepted", "review", "failed", "kept", "duplicate"]
"""`failed`: there was no answer, or the document cannot be read. `kept`: a person has reviewed the
pair, so it stays as it is. `duplicate`: the run has had a document with this content."""


class Attempt(Model):
    """An answer of the teacher, judged."""

    request_sha256: str
    reply: Reply
    verdict: Verdict


class Result(Model):
    """What became of a document; `reason` says why there is no pair."""

    source: str
    outcome: Outcome
    id: str = ""
    reason: str = ""
    attempts: tuple[Attempt, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The one that counts: that of the label which passed, else that of the best answer."""
        if self.outcome == "accepted":
            return self.attempts[-1].verdict
        verdicts = (attempt.verdict for attempt in self.attempts)
        return max(verdicts, key=lambda verdict: (bool(verdict.plan), verdict.score))


class Output:
    """A folder of labels; one run at a time may have it."""

    def __init__(self, folder: Path) -> None:
        """Make the folder and lock it until `close`.

        Raises:
            InputError: it cannot be written, or another run has it.
        """
        self.folder = folder
        self._lock = filelock.FileLock(folder / STATE / "lock", timeout=0)
        try:
            (folder / STATE).mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except filelock.Timeout as error:
            raise InputError(f"{folder}: another run is labelling into this folder") from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(f"{folder}: cannot be written ({reason}); name another one") from error

    def close(self) -> None:
        """Let other runs have the folder."""
        self._lock.release()

    def reply(self, request: str) -> Reply | None:
        """The reply to the request with this hash, if one was kept."""
        try:
            return Reply.model_validate_json(self._reply(request).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def keep_reply(self, request: str, reply: Reply) -> None:
        """Keep a reply under its request's hash.

        Raises:
            InputError: it cannot be written.
        """
        write_atomic(self._reply(request), reply.model_dump_json() + "\n")

    def _reply(self, request: str) -> Path:
        return self.folder / STATE / "replies" / request[:2] / f"{request}.json"

    def is_reviewed(self, name: str) -> bool:
        """Whether a person has set `reviewed: true` in the plan of the pair `name`."""
        try:
            header, _ = read_header((self.folder / f"{name}.plan.md").read_text("utf-8"))
        except (OSError, UnicodeDecodeError, HeaderError):
            return False
        return header is not None and header.reviewed

    def write(self, pair: Pair, result: Result, settings: Mapping[str, Any]) -> None:
        """Write a pair, or what is to be reviewed, and the record; remove what this replaces.

        Args:
            pair: its plan is empty; the label comes from `result`.
            result: accepted, or to be reviewed.
            settings: what the label depends on beside the document; `model` among them.

        Raises:
            InputError: the folder cannot be written any more.
        """
        name, verdict, review = pair.id, result.verdict, self.folder / "review"
        header = write_header(pair).removesuffix("---\n\n")
        header = f"{header}# written by the model {settings['model']}\n---\n\n"
        pairs = {
            self.folder / f"{name}.document.md": header + pair.document,
            self.folder / f"{name}.plan.md": header + verdict.plan,
        }
        reviews = {
            # No names that the build takes for a pair's, wherever it is pointed at.
            review / f"{name}.source.md": header + pair.document,
            review / f"{name}.label.md": header + verdict.plan,
            review / f"{name}.findings.txt": _findings(result),
        }
        wanted, unwanted = (pairs, reviews) if result.outcome == "accepted" else (reviews, pairs)
        for path in unwanted:
            path.unlink(missing_ok=True)
        for path, content in wanted.items():
            _put(path, content)
        record = json.dumps(_record(result, settings), ensure_ascii=False, indent=1)
        _put(self.folder / "records" / f"{name}.json", record + "\n")


def _record(result: Result, settings: Mapping[str, Any]) -> dict[str, Any]:
    verdict = result.verdict
    return {
        **result.model_dump(exclude={"attempts"}),
        **settings,
        **verdict.model_dump(include={"score", "coverage", "grounding"}),
        "repairs": _lines(verdict.repairs),
        "findings": _lines(verdict.findings),
        "attempts": [
            {
                "request_sha256": attempt.request_sha256,
                **attempt.reply.model_dump(exclude={"text"}),
                "faults": attempt.verdict.faults,
            }
            for attempt in result.attempts
        ],
    }


def _lines(diagnostics: Sequence[Diagnostic]) -> list[str]:
    return [diagnostic.render() for diagnostic in diagnostics]


def _findings(result: Result) -> str:
    tries = "\n\n".join(
        f"Answer {number}\n{attempt.verdict.feedback()}"
        for number, attempt in enumerate(result.attempts, start=1)
    )
    name = result.id
    remedy = (
        f"The best of these is in {name}.label.md. Once it is mended, set `reviewed: true` in both "
        f"headers and move both files to the folder above, as {name}.plan.md (the label) and "
        f"{name}.document.md (the source)."
        if result.verdict.plan
        else "None of these holds a plan."
    )
    return f"{result.source}\n\n{tries}\n\n{remedy}\n"


def _put(path: Path, content: str) -> None:
    """Write `content` unless the file holds it: a run that only goes on writes nothing twice."""
    try:
        if path.read_bytes() == content.encode("utf-8"):
            return
    except FileNotFoundError:
        pass
    write_atomic(path, content)
