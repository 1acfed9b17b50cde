"""Documents with their reference plans, as they lie in a folder."""

from collections.abc import Iterator
from pathlib import Path

from tickets.documents import read_document
from tickets.files import InputError
from tickets.headers import HeaderError, read_header
from tickets.schema import Model


class Case(Model):
    """A document to plan, with what it is judged by.

    `reference` is a plan in our format, `work_plan` one in its authors' own; both may be lacking.
    `domain` and `style` are `unknown` where no header tells.
    """

    id: str
    document: str
    reference: str | None = None
    work_plan: str | None = None
    domain: str = "unknown"
    style: str = "unknown"


def read_folder(folder: Path) -> Iterator[Case]:
    """The cases of a folder, by name.

    A document is `NAME.document.md`, with `NAME.plan.md` as its reference and
    `NAME.work-plan.md` as its authors' plan; in a folder without such names each `*.md` file is a
    document. Our YAML header, if there is one, names domain and style.

    Raises:
        InputError: the folder is not there or has no document, a file cannot be read, or a
            reference lies there without its document.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; name one with documents")
    documents = sorted(folder.glob("*.document.md"))
    names = {path.name.removesuffix(".document.md") for path in documents}
    lonely = [
        path.name
        for suffix in (".plan.md", ".work-plan.md")
        for path in sorted(folder.glob(f"*{suffix}"))
        if path.name.removesuffix(suffix) not in names
    ]
    if lonely:
        raise InputError(
            f"{folder / lonely[0]}: there is no document beside it; name that "
            "NAME.document.md, or take this file away"
        )
    documents = documents or [
        path for path in sorted(folder.glob("*.md")) if path.name != "README.md"
    ]
    if not documents:
        raise InputError(f"{folder}: holds no document (*.md)")
    for path in documents:
        yield _case(path)


def _case(path: Path) -> Case:
    name = path.name.removesuffix(".md").removesuffix(".document")
    header, text = _without_header(path, read_document(path).text)
    plans = {}
    for field, suffix in (("reference", ".plan.md"), ("work_plan", ".work-plan.md")):
        plan = path.with_name(name + suffix)
        if plan.is_file():
            plans[field] = _without_header(plan, read_document(plan).text)[1]
    return Case(id=name, document=text, **header, **plans)


def _without_header(path: Path, text: str) -> tuple[dict[str, str], str]:
    try:
        header, text = read_header(text)
    except HeaderError as error:
        raise InputError(f"{path}: {error}") from error
    known = {} if header is None else {"domain": header.domain, "style": header.style}
    return known, text.strip("\n") + "\n"
