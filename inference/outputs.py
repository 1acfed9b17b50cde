"""Where plans go: names that are distinct, folders that can be written, records of what is done."""

import contextlib
import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from inference.engine import Completion
from inference.record import Record
from inference.writing import Steps
from tickets.documents import Document
from tickets.files import InputError, write_atomic

RECORDS = ".planloom"
"""The folder beside the plans that holds a record for each, by which a second run skips it."""


class Output:
    """A folder of plans, or one file.

    Attributes:
        paths: where each document's plan goes, in the documents' order.
    """

    def __init__(self, out: str, documents: Sequence[Document]) -> None:
        """Check the place before any model runs.

        Args:
            out: as the user wrote it: a folder if it is one, ends in a slash, has no suffix, or
                there are several documents; a file otherwise.
            documents: all that will be planned.

        Raises:
            InputError: it cannot be written, or a plan would replace its document.
        """
        path = Path(out).expanduser()
        is_folder = out.endswith("/") or path.is_dir() or not path.suffix or len(documents) > 1
        if is_folder and path.is_file():
            raise InputError(
                f"{path}: is a file, and the plans are to go into a folder; name another with -o"
            )
        folder = path if is_folder else path.parent
        _check_folder(folder)
        self.paths = (
            [folder / f"{n}.md" for n in distinct_names(documents)] if is_folder else [path]
        )
        for plan, document in zip(self.paths, documents, strict=True):
            with contextlib.suppress(OSError):
                if plan.samefile(document.source):
                    raise InputError(
                        f"{plan}: the plan would replace its document; name another folder with -o"
                    )

    def find(self, index: int, key: str) -> Record | None:
        """The record of a whole plan that was made under this `key`, if the plan is still there."""
        with contextlib.suppress(OSError, ValueError):
            record = Record.model_validate_json(self._record(index).read_text("utf-8"))
            if record.key == key and record.whole and self.paths[index].is_file():
                return record
        return None

    def write(
        self,
        index: int,
        markdown: str,
        record: Record,
        document: str,
        samples: Sequence[str] = (),
    ) -> Path:
        """Write a plan, the text of its document, and then its record; returns the plan's path.

        A plan that was cut goes to `NAME.partial.md`. The record comes last: a run that is killed
        in between makes this plan again.

        Raises:
            InputError: the disk is full, or the folder cannot be written any more.
        """
        whole, partial = self.paths[index], self.paths[index].with_suffix(".partial.md")
        path = whole if record.whole else partial
        write_atomic(path, markdown)
        for number, sample in enumerate(samples, start=1):
            write_atomic(whole.with_suffix(f".sample-{number}.md"), sample)
        if record.whole:
            partial.unlink(missing_ok=True)
        write_atomic(kept_document(whole), document)
        content = json.dumps(record.model_dump(mode="json"), ensure_ascii=False, indent=1)
        write_atomic(self._record(index), content + "\n")
        self._steps(index).unlink(missing_ok=True)
        return path

    def keep_steps(self, index: int, key: str, steps: Steps) -> None:
        """Keep the completions of a plan that is not finished, for a run that goes on with it.

        Raises:
            InputError: as `write`.
        """
        kept = {name: [each._asdict() for each in step] for name, step in steps.items()}
        write_atomic(self._steps(index), json.dumps({"key": key, "steps": kept}) + "\n")

    def steps(self, index: int, key: str) -> Steps:
        """What `keep_steps` has kept under this `key`."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            content = json.loads(self._steps(index).read_text("utf-8"))
            if content["key"] == key:
                return {
                    name: tuple(Completion(**each) for each in step)
                    for name, step in content["steps"].items()
                }
        return {}

    def _record(self, index: int) -> Path:
        path = self.paths[index]
        return path.parent / RECORDS / f"{path.stem}.json"

    def _steps(self, index: int) -> Path:
        return self._record(index).with_suffix(".steps.json")


def kept_document(plan: Path) -> Path:
    """Where the text of the document that a plan was made from is kept."""
    return plan.parent / RECORDS / f"{plan.stem}.document.md"


def distinct_names(documents: Sequence[Document]) -> list[str]:
    """A file name without suffix for each document.

    Documents of the same name are told apart by the folders that they lie in, which stays the same
    from run to run, and where that is not enough by a number. Upper and lower case do not count,
    as on many disks.
    """
    depth = [0] * len(documents)
    parents = [Path(d.source).resolve().parent.parts[1:] for d in documents]

    def name(i: int) -> str:
        folders = parents[i][len(parents[i]) - depth[i] :] if depth[i] else ()
        return "-".join([*folders, documents[i].name or "plan"])

    while True:
        counts = Counter(name(i).lower() for i in range(len(documents)))
        longer = [
            i
            for i in range(len(documents))
            if counts[name(i).lower()] > 1 and depth[i] < len(parents[i])
        ]
        if not longer:
            break
        for i in longer:
            depth[i] += 1
    taken: set[str] = set()
    names = []
    for i in range(len(documents)):
        free = (name(i) if n == 1 else f"{name(i)}-{n}" for n in itertools.count(1))
        names.append(next(n for n in free if n.lower() not in taken))
        taken.add(names[-1].lower())
    return names


def _check_folder(folder: Path) -> None:
    try:
        (folder / RECORDS).mkdir(parents=True, exist_ok=True)
        for place in (folder, folder / RECORDS):
            with tempfile.NamedTemporaryFile(dir=place) as probe:
                probe.write(b"\n")
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error.strerror or error}); name another place with -o"
        ) from error
