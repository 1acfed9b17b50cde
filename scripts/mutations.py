"""What people, editors and models do to a plan, at random, on the level of text."""

import random
import re
from collections.abc import Callable

_WORDS = (
    "**Story Points**: 8 points", "**Dependencies**: Story 9.9", "**Dependencies**: Story 1.1, ",
    "**Parent**: Epic 7", "**Type**: Spike", "**Priority**: Urgent", "Story Points: -3",
    "**Epic Key**:", "* [ ] star", "1) one", "+ plus", "#", "######", "##### Story", "### Epic 0:",
    "### Epic 99999: far", "##### Task 1: odd", "#### Child Stories:", "## Cross-Epic Dependencies",
    "1. **Story 1.1 → Story 1.1**: itself", "- **Story 1.2 ↔ Story 2.1**:", "1. Epic 2 <- Epic 1",
    "### Phase 0", "- Story 1.1: again", "**Total Effort**: many", "## Questions", "---", "***",
    "| a | b |", "|---|---|", "> quoted", "<div>", "<!-- gone -->", "&amp;", "[a](b)", "![](x)",
    "\\*\\*", "`", "~~~", "```", "```markdown", "    indented", "\t", "  ", "Description", ":",
    "**", "__bold__:", "None", "N/A", "(", ")", "→", "↔", "->", "%s", "{0}", "=cmd()", "@", "1e9",
)  # fmt: skip
_CHARACTERS = (
    "*_`~#>|-+.:,;()[]{}<>\\/&!=%@0123456789 \t\n\r\v\f\x00\x1c\x85\u200b\u2028\ufeff"
    "éßİǅ中🦀\u0301\u202e→↔–"
)
_NUMBERS = ("0", "1", "2", "4", "7", "13", "40", "100", "9999", "1" * 30, "-1", "1.5", "")


def mutated(seed: int, case: int, seeds: list[str]) -> str:
    """The text of a case: one of the seeds (a small one mostly) after one to ten mutations."""
    rng = random.Random(f"{seed}:{case}")
    # A tenth of the cases are of any size; the others come from the smaller of two, to be quick.
    text = rng.choice(seeds)
    if rng.random() < 0.9:
        text = min(text, rng.choice(seeds), rng.choice(seeds), key=len)
    if rng.random() < 0.1:
        text = _splice(text, rng.choice(seeds), rng)
    for _ in range(min(10, int(rng.expovariate(0.5)) + 1)):
        text = rng.choice(MUTATIONS)(text, rng)
    return text


def _splice(text: str, other: str, rng: random.Random) -> str:
    lines, further = text.split("\n"), other.split("\n")
    at, start = rng.randrange(len(lines) + 1), rng.randrange(len(further))
    length = int(rng.expovariate(1 / 12)) + 1
    return "\n".join(lines[:at] + further[start : start + length] + lines[at:])


def _delete_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    start = rng.randrange(len(lines))
    del lines[start : start + int(rng.expovariate(0.5)) + 1]
    return "\n".join(lines)


def _repeat_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    start, at = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[at:at] = lines[start : start + int(rng.expovariate(0.3)) + 1]
    return "\n".join(lines)


def _swap_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def _change_number(text: str, rng: random.Random) -> str:
    numbers = list(re.finditer(r"\d+", text))
    if not numbers:
        return text
    number = rng.choice(numbers)
    value = rng.choice(_NUMBERS)
    return text[: number.start()] + value + text[number.end() :]


def _change_word(text: str, rng: random.Random) -> str:
    words = list(re.finditer(r"\S+", text))
    if not words:
        return text
    word, other = rng.choice(words), rng.choice(words)
    new = rng.choice([other[0], "", word[0].upper(), word[0][::-1]])
    return text[: word.start()] + new + text[word.end() :]


def _insert_words(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    words = rng.choice(_WORDS)
    if rng.random() < 0.5:
        lines.insert(at, words)
    else:
        lines[at] = rng.choice([f"{words} {lines[at]}", f"{lines[at]} {words}", words + lines[at]])
    return "\n".join(lines)


def _change_characters(text: str, rng: random.Random) -> str:
    characters = list(text)
    for _ in range(rng.randrange(1, 6)):
        if characters:
            at = rng.randrange(len(characters))
            characters[at] = rng.choice(
                [
                    "",
                    rng.choice(_CHARACTERS),
                    characters[at] * 2,
                    rng.choice(_CHARACTERS) + characters[at],
                ]
            )
    return "".join(characters)


def _change_heading(text: str, rng: random.Random) -> str:
    headings = list(re.finditer(r"^#+", text, re.MULTILINE))
    if not headings:
        return text
    marks = rng.choice(headings)
    return text[: marks.start()] + "#" * rng.randrange(0, 8) + text[marks.end() :]


def _change_form(text: str, rng: random.Random) -> str:
    """A change of the whole text that people's tools make."""
    forms = (
        text.replace("\n", "\r\n"),
        f"```markdown\n{text}\n```",
        f"Here is the plan:\n\n{text}",
        "\ufeff" + text,
        text.replace("**", ""),
        text.replace("- ", "* "),
        re.sub(r"^#", "", text, flags=re.MULTILINE),
        re.sub(r"^(?=.)", "> ", text, flags=re.MULTILINE),
        re.sub(r"^", "   ", text, flags=re.MULTILINE),
        text.replace("\n\n", "\n"),
    )
    return rng.choice(forms)


def _cut_off(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _delete_lines,
    _repeat_lines,
    _swap_lines,
    _change_number,
    _change_word,
    _insert_words,
    _change_characters,
    _change_heading,
    _change_form,
    _cut_off,
)
