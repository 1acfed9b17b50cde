"""The normal forms of text: what a line, and a text of several lines, may hold."""

import re

_LINE_BREAKS = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def one_line(text: object) -> object:
    """The normal form of a single line: no control characters, each white space one blank."""
    if not isinstance(text, str):
        return text
    line = " ".join(text.split())
    return " ".join(_CONTROL.sub("", line).split()) if _CONTROL.search(line) else line


def many_lines(text: object) -> object:
    """The normal form of a text of several lines: line feeds between them, no blank before."""
    if not isinstance(text, str):
        return text
    lines = _CONTROL.sub("", _LINE_BREAKS.sub("\n", text)).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def folded(text: str) -> str:
    """A line without case and final marks: two that say the same are equal then."""
    return " ".join(text.casefold().split()).rstrip(".!;: ")
