"""Acceptance criteria in the places where teams keep them.

In this order: a field of their own (`read_criteria`), then in the description (`take_criteria`) a
heading or label that says so, a checklist, Given/When/Then lines.
"""

import re
from collections.abc import Sequence

_NAME = (
    r"(?:acceptance\s+(?:criteri(?:a|on)|tests?|conditions?)|a\.?c\.?|definition\s+of\s+done"
    r"|conditions\s+of\s+satisfaction|done\s+when)(?:\s*\([^()]*\))?"
)
_HEADING = re.compile(rf"(?P<marks>#{{1,6}})\s+\W*{_NAME}\s*:?\W*", re.IGNORECASE)
_BOLD = re.compile(
    rf"(?:[*_]{{2,3}})\s*{_NAME}\s*:?\s*(?:[*_]{{2,3}})\s*:?\s*(?P<rest>.*)", re.IGNORECASE
)
_LABEL = re.compile(rf"{_NAME}\s*:\s*(?P<rest>.*)", re.IGNORECASE)
_ANY_HEADING = re.compile(r"(?P<marks>#{1,6})\s+\S")
_ANY_LABEL = re.compile(
    r"[*_]{2}[^*_]+[*_]{2}\s*:?\s*$|[*_]{2}[^*_]+:[*_]{2}|[A-Z][\w ]{2,40}:\s*$"
)
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:[-*+•]|\d{1,3}[.)])[ \t]+(?P<text>.*)")
_BOX = re.compile(r"[ \t]*[-*+][ \t]+\[[ xX]\][ \t]+\S")
_BOX_START = re.compile(r"^(?:\[[ xX]?\]\s*)+")
_GHERKIN = re.compile(
    r"\W{0,4}(?P<word>given|when|then|and|but)\b(?:\*\*|__)?:?[ \t]+(?P<rest>\S.*)", re.IGNORECASE
)
_SCENARIO = re.compile(r"\W{0,4}(?:scenario(?: outline)?|background|example)\b.*:.*", re.IGNORECASE)
_FENCE = re.compile(r"\s*(?:```|~~~)")
_CHECKLIST_LINE = re.compile(r"\s*(?:[-+*~xX]\s+)?(?P<text>\S.*)")


def read_criteria(markdown: str) -> tuple[str, ...]:
    """The criteria of a text that holds nothing else, such as a custom field."""
    return _criteria(markdown.split("\n"))


def read_checklist(text: str) -> tuple[str, ...]:
    """The items of a checklist field (Smart Checklist's text form: `-` open, `+` done, `~` in
    progress, `x` skipped, `#` a heading, `>` a detail, `---` a line).
    """
    items = []
    for line in text.split("\n"):
        match = _CHECKLIST_LINE.fullmatch(line)
        if match and not line.lstrip().startswith(("#", ">", "---")):
            items.append(_BOX_START.sub("", match["text"]).strip())
    return tuple(item for item in items if item)


def take_criteria(markdown: str) -> tuple[str, tuple[str, ...]]:
    """A description without its acceptance criteria, and these; as it was if it has none."""
    lines = markdown.split("\n")
    code = _in_code(lines)
    for find in (_labelled, _checklist, _scenarios):
        found = find(lines, code)
        if found is not None:
            taken, criteria = found
            rest = (line for number, line in enumerate(lines) if number not in taken)
            return re.sub(r"\n{3,}", "\n\n", "\n".join(rest)).strip(), criteria
    return markdown, ()


def _in_code(lines: Sequence[str]) -> set[int]:
    inside: set[int] = set()
    fenced = False
    for number, line in enumerate(lines):
        fence = _FENCE.match(line) is not None
        if fence or fenced:
            inside.add(number)
        fenced = fenced != fence
    return inside


def _labelled(lines: Sequence[str], code: set[int]) -> tuple[set[int], tuple[str, ...]] | None:
    """What stands below the first heading or label that names acceptance criteria."""
    for start, line in enumerate(lines):
        if start in code:
            continue
        heading = _HEADING.fullmatch(line.strip())
        label = None if heading else _BOLD.fullmatch(line.strip()) or _LABEL.fullmatch(line.strip())
        if heading is None and label is None:
            continue
        level = len(heading["marks"]) if heading else 0
        end = _section_end(lines, start + 1, level, code)
        body = list(lines[start + 1 : end])
        if label and label["rest"].strip(" *_"):
            body.insert(0, label["rest"])
        criteria = _criteria(body)
        if criteria:
            return set(range(start, end)), criteria
    return None


def _section_end(lines: Sequence[str], start: int, level: int, code: set[int]) -> int:
    """Where a section ends: at a heading as high as its own; one under a label also at the next
    label, and behind its list.
    """
    listed = False
    for number in range(start, len(lines)):
        line = lines[number]
        if number in code or not line.strip():
            continue
        heading = _ANY_HEADING.match(line)
        if heading and (level == 0 or len(heading["marks"]) <= level):
            return number
        item = _ITEM.fullmatch(line) is not None
        steps = _GHERKIN.fullmatch(line) or _SCENARIO.fullmatch(line)
        if not item and not steps:
            is_label = _ANY_LABEL.match(line.strip()) is not None
            is_paragraph = not lines[number - 1].strip() and not line[0].isspace()
            # Below a heading, labels part its lists; a label of its own ends at the next.
            if (is_label and level == 0) or (listed and is_paragraph and not is_label):
                return number
        listed = listed or item
    return len(lines)


def _checklist(lines: Sequence[str], code: set[int]) -> tuple[set[int], tuple[str, ...]] | None:
    taken = {n for n, line in enumerate(lines) if n not in code and _BOX.match(line)}
    criteria = _criteria([lines[number] for number in sorted(taken)])
    return (taken, criteria) if criteria else None


def _scenarios(lines: Sequence[str], code: set[int]) -> tuple[set[int], tuple[str, ...]] | None:
    """Runs of lines that begin with Given, When, Then; a lone `When …` is an ordinary sentence."""
    taken: set[int] = set()
    run: list[int] = []
    for number in range(len(lines) + 1):
        line = lines[number] if number < len(lines) else ""
        if line.strip() and number not in code and (_step(line) or _SCENARIO.fullmatch(line)):
            run.append(number)
            continue
        words = {_step(lines[n])[0] for n in run if _step(lines[n])}
        if "then" in words and words & {"given", "when"}:
            taken |= set(run)
        run = []
    criteria = _criteria([lines[number] for number in sorted(taken)])
    return (taken, criteria) if criteria else None


def _step(text: str) -> tuple[str, str]:
    """The keyword (lower case) and the rest of a Gherkin step, two empty texts if it is none."""
    item = _ITEM.fullmatch(text)
    match = _GHERKIN.fullmatch(_BOX_START.sub("", item["text"]) if item else text)
    return (match["word"].lower(), match["rest"].strip()) if match else ("", "")


def _criteria(lines: Sequence[str]) -> tuple[str, ...]:
    """List items, or lines where there is no list, with nested items and steps joined."""
    listed = any(_ITEM.fullmatch(line) for line in lines)
    entries: list[tuple[int, str]] = []  # indentation and text
    base: int | None = None
    blank = False
    for line in lines:
        item = _ITEM.fullmatch(line)
        if not line.strip() or _FENCE.match(line) or _SCENARIO.fullmatch(line):
            blank = True
        elif item:
            indent = len(item["indent"].expandtabs(4))
            base = indent if base is None else min(base, indent)
            entries.append((indent, _BOX_START.sub("", item["text"]).strip()))
            blank = False
        elif _ANY_HEADING.match(line):
            blank = True
        elif listed and entries and not blank:
            indent, text = entries[-1]
            entries[-1] = (indent, f"{text} {line.strip()}")
        elif not listed or _step(line)[0]:
            entries.append((base or 0, line.strip()))
    return _joined(entries, base or 0)


def _joined(entries: Sequence[tuple[int, str]], base: int) -> tuple[str, ...]:
    criteria: list[str] = []
    step = ""
    nested = False
    for indent, text in entries:
        word, rest = _step(text)
        if indent > base + 1 and criteria:
            joint = "; " if nested else " " if criteria[-1].endswith(":") else ": "
            criteria[-1] = f"{criteria[-1].rstrip('.')}{joint}{text}"
            nested = True
            continue
        nested = False
        if word and word != "given" and step and criteria:
            criteria[-1] = f"{criteria[-1].rstrip(' ,;.')}, {word} {rest}"
        elif word:
            criteria.append(f"{word.capitalize()} {rest}")
        elif text.strip(" *_-"):
            criteria.append(text)
        # A step goes on where one stood before; "And" alone begins nothing.
        step = word
    return tuple(criteria)
