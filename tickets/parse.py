"""Markdown into a plan: lenient on what people and models really write, and it says so.

The reader goes through the lines once. Headings and fences come from a markdown tokenizer
(`tickets.blocks`); what stands between two headings is fields, lists or text, by the place that the
heading opened. Nothing is thrown away in silence: words that fit nowhere are kept in a description
or in a further section, with a warning.
"""

import re
from typing import Any, Final

from tickets import template as t
from tickets import values
from tickets.blocks import (
    HEADING,
    LABEL,
    LABELS,
    Blocks,
    allocation_field,
    is_bold_label,
    is_section_structure,
    read_blocks,
    unescape_line,
)
from tickets.diagnostics import Diagnostic, ParseResult
from tickets.headings import Title, heading_text, read_heading
from tickets.links import read_links
from tickets.schema import Loc, Plan, Ref

CODES: Final = {
    "T101": "the text is wrapped in a code fence, or stands among other words",
    "T102": "a byte order mark or foreign line ends",
    "T103": "a heading is not on its level or not worded as the template has it",
    "T104": "a field's label is not written as in the template",
    "T105": "a value is not written as in the template",
    "T106": "a list is not written as in the template",
    "T107": "words stand where the template has none; they are kept",
    "T108": "a field is written twice; the last one counts",
    "T109": "a section that the template does not have",
    "T110": "a dependency names no ticket; it is kept in the description",
    "T111": "a ticket stands under no epic or story of its own",
}
"""What the reader forgives, by code; in strict mode each is an error."""

_LEVELS: Final = {
    "plan": 1,
    "epics": 2,
    "epic": 3,
    "children": 4,
    "story": 5,
    "task": 5,
    "cross": 2,
    "critical": 3,
    "integration": 3,
    "phases": 2,
    "phase": 3,
    "allocation": 2,
}
_CANONICAL = re.compile(r"\*\*(?:([A-Z][A-Za-z ]+)\*\*:(?: (.*)|$)|(Acceptance Criteria):\*\*$)")
_EPIC_LABELS: Final = {label: LABELS[label.lower()] for label in t.EPIC_FIELDS}
_TICKET_LABELS: Final = {label: LABELS[label.lower()] for label in t.STORY_FIELDS}
_BULLET = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+•]|\d{1,4}[.)])(?:[ \t]+(?P<text>.*)|$)")
_RULE = re.compile(r"[ \t]*(?:-[ \t]*){3,}$|[ \t]*(?:\*[ \t]*){3,}$|[ \t]*_{3,}$")


def parse_plan(text: str, *, strict: bool = False) -> ParseResult:
    """Read a plan from markdown.

    Args:
        text: any text; this never raises.
        strict: report each leniency as an error instead of a warning.

    Returns:
        The plan, a diagnostic (codes `T1xx`) for each leniency, and the line of each value.
    """
    return _Reader(text, strict).read()


class _Reader:
    """One pass over the lines, with the place where they go (`where`)."""

    def __init__(self, text: str, strict: bool) -> None:
        self.strict = strict
        self.diagnostics: list[Diagnostic] = []
        self.lines: dict[Loc, int] = {}
        self.plan: dict[str, Any] = {
            "title": "",
            "epics": [],
            "critical_path": [],
            "integration_points": [],
            "phases": [],
            "allocation": [],
            "sections": [],
        }
        self.where = "start"
        self.target: dict[str, Any] = self.plan  # the ticket, phase, team or section being read
        self.loc: Loc = ()
        self.field = ""  # the field of the target that further lines belong to
        self.inline = False  # whether that field had a value on its label's line
        self.source = self._normal(text)

    def read(self) -> ParseResult:
        """The result; see `parse_plan`."""
        blocks = self._unwrapped(read_blocks(self.source))
        for index, line in enumerate(self.source):
            self.number = index + 1
            if index in blocks.fenced:
                self._text(line, fenced=True)
            elif index in blocks.headings:
                self._heading(line, blocks.headings[index])
            else:
                self._line(line)
        return ParseResult.model_construct(
            plan=self._built(), diagnostics=tuple(self.diagnostics), lines=self.lines
        )

    def _warn(self, code: str, message: str, fix: str | None = None, loc: Loc = ()) -> None:
        self.diagnostics.append(
            Diagnostic(
                code=code,
                severity="error" if self.strict else "warning",
                message=message,
                line=self.number,
                fix=fix,
                repairable=code != "T109",
                loc=loc or self.loc,
            )
        )

    # The text before its lines are read.

    def _normal(self, text: str) -> list[str]:
        self.number = 1
        if text.startswith("\ufeff"):
            text = text.lstrip("\ufeff")
            self._warn("T102", "the text begins with a byte order mark")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            self._warn("T102", "the lines end in carriage returns")
        return text.replace("\0", " ").split("\n")

    def _unwrapped(self, blocks: Blocks) -> Blocks:
        """The blocks without a fence around the whole plan, if there is one."""
        for index in sorted(blocks.fenced):
            heading = HEADING.match(self.source[index])
            if heading and read_heading(heading[2] or "").kind in ("plan", "epic"):
                break
        else:
            return blocks
        if any(
            read_heading(self.source[i].strip().lstrip("#")).kind == "epic" for i in blocks.headings
        ):
            return blocks  # a plan stands outside the fences: this one quotes another
        start = index
        while start > 0 and start - 1 in blocks.fenced and not self._opens_fence(start):
            start -= 1
        # A fence inside the plan closes the one around it for the tokenizer: the last one counts.
        ends = [i for i in range(index, len(self.source)) if self._opens_fence(i)]
        end = ends[-1] if ends else len(self.source)
        self.number = start + 1
        self._warn("T101", "the plan is wrapped in a code fence", "write the markdown alone")
        self.source[: start + 1] = [""] * (start + 1)
        self.source[end:] = [""] * (len(self.source) - end)
        return read_blocks(self.source)

    def _opens_fence(self, index: int) -> bool:
        return self.source[index].lstrip().startswith(("```", "~~~"))

    # Headings.

    def _heading(self, line: str, level: int) -> None:
        match = HEADING.match(line)
        words = str(heading_text(match[2] or "")) if match else ""
        title = read_heading(words)
        if self.where in ("allocation", "team") and level == 3 and words.endswith(":"):
            title = Title("other", name=words)  # a team, whatever its name reads like
        kind = title.kind
        if kind == "other":
            self._other_heading(line, level, title.name)
            return
        if kind == "criteria":
            self._warn(
                "T104",
                "the acceptance criteria stand under a heading",
                f"write {self._label(t.CRITERIA)}",
            )
            if self.where == "ticket":
                self.field, self.inline = "acceptance_criteria", False
                self.target.setdefault("acceptance_criteria", [])
            return
        if level != _LEVELS[kind]:
            self._warn(
                "T103",
                f"the heading {title.label or title.name!r} is on level {level}",
                f"write {'#' * _LEVELS[kind]}",
            )
        self.field = ""
        if kind in ("epic", "story", "task"):
            self._ticket(title)
        elif kind == "phase":
            self._open(
                "phases",
                "phase",
                {
                    "number": title.number[0],
                    "sprint": title.sprint,
                    "name": title.name,
                    "items": [],
                },
            )
        elif kind == "plan":
            self.plan["title"] = self.plan["title"] or title.name
            self.lines[("title",)] = self.number
            self.where = "start"
        elif kind != "children":
            self._section_of_template(kind, title.label)

    def _section_of_template(self, kind: str, label: str) -> None:
        self.where, self.target, self.loc = kind, self.plan, ()
        name = {"critical": "critical_path", "integration": "integration_points"}.get(kind, kind)
        self.lines.setdefault((name,), self.number)
        template = {
            "epics": t.EPIC_STRUCTURE,
            "cross": t.CROSS_EPIC,
            "critical": t.CRITICAL_PATH,
            "integration": t.INTEGRATION,
            "phases": t.PHASES,
            "allocation": t.ALLOCATION,
        }[kind]
        if label.rstrip(":") not in (template.rstrip(":"), *t.ALTERNATIVES):
            self._warn("T103", f"the section is called {label!r}", f"write {template!r}")

    def _other_heading(self, line: str, level: int, name: str) -> None:
        if self.where in ("allocation", "team") and level >= 3:
            if level != 3:
                self._warn("T103", f"the heading {name!r} is on level {level}", "write ###")
            self._team(name)
        elif self.where == "section" and level > 2:
            self._text(line)
        elif level == 1 and not self.plan["title"] and not self.plan["epics"]:
            self._warn("T103", f"the title is {name!r}", f"write '# {t.TITLE} - {name}'")
            self.plan["title"] = name
            self.lines[("title",)] = self.number
        elif level >= 4 and self.where == "ticket":
            self._warn("T107", f"the heading {name!r} stands inside a ticket; kept as text")
            self.field = "description"
            self._text(name, raw=True)
        elif name:
            self._warn("T109", f"the section {name!r} is not of the template; kept at the end")
            self._open("sections", "section", {"heading": name, "text": []})

    def _open(self, name: str, where: str, item: dict[str, Any]) -> None:
        self.plan[name].append(item)
        self.where, self.target, self.field = where, item, ""
        self.loc = (name, len(self.plan[name]) - 1)
        self.lines[self.loc] = self.number

    def _ticket(self, title: Title) -> None:
        epics = self.plan["epics"]
        ticket: dict[str, Any] = {"name": title.name, "description": []}
        number = title.number
        if title.kind == "epic":
            ticket |= {"ref": number[:1], "stories": []}
            epics.append(ticket)
            self.loc = ("epics", len(epics) - 1)
        else:
            ticket |= {"acceptance_criteria": [], "type": None, "parent": None}
            if not epics:
                self._warn("T111", f"{title.label} stands under no epic", "write its epic first")
                self.lines[("epics", 0)] = self.number
                epics.append({"ref": number[:1], "name": "", "description": [], "stories": []})
            stories = epics[-1]["stories"]
            if title.kind == "task" and not stories:
                self._warn("T111", f"{title.label} stands under no story", "write its story first")
                self.lines[("epics", len(epics) - 1, "stories", 0)] = self.number
                stories.append({"ref": number[:2], "name": "", "description": [], "tasks": []})
            if title.kind == "task":
                siblings = stories[-1]["tasks"]
                self.loc = ("epics", len(epics) - 1, "stories", len(stories) - 1, "tasks")
            else:
                if len(number) == 1:
                    number = (*epics[-1]["ref"], *number)
                    self._warn(
                        "T103",
                        f"{title.label} {number[1]} has no epic number",
                        f"write 'Story {number[0]}.{number[1]}'",
                    )
                ticket["tasks"] = []
                siblings = stories
                self.loc = ("epics", len(epics) - 1, "stories")
            ticket["ref"] = number
            self.loc = (*self.loc, len(siblings))
            siblings.append(ticket)
        self.where, self.target = "ticket", ticket
        self.lines[self.loc] = self.number
        word = {"epic": "Epic", "story": "Story", "task": "Task"}[title.kind]
        if title.label != word:
            self._warn("T103", f"the heading says {title.label!r}", f"write '{word}' and its type")

    def _team(self, name: str) -> None:
        team, epics = values.read_team(name)
        self._open("allocation", "team", {"team": team, "epics": epics, "staffing": []})

    # Lines that are no headings.

    def _line(self, line: str) -> None:
        if self._canonical_field(line):
            return
        label = LABEL.match(line) if ":" in line or "*" in line else None
        if label and self._is_field(label):
            self._loose_field(label)
        elif not line.strip():
            if self.field == "description" or self.where == "section":
                self._text("")
            elif self.field not in ("acceptance_criteria", ""):
                self.field = "" if self._has_value() else self.field
        elif self.where == "ticket":
            self._ticket_line(line)
        elif self.where == "section":
            self._text(line)
        elif self.where in ("critical", "integration", "cross"):
            self._link_line(line)
        elif self.where == "phase":
            self._item_line(line)
        elif self.where == "team":
            self._team_line(line)
        elif not _RULE.match(line):
            self._stray(line)

    def _canonical_field(self, line: str) -> bool:
        """Read the line if it is a field as the template writes it; whether it was one."""
        exact = _CANONICAL.match(line) if line.startswith("**") else None
        if exact is None:
            return False
        label = exact[1] or exact[3]
        if label == t.TOTAL and self.where in ("allocation", "team"):
            self._total((exact[2] or "").strip())
            return True
        name = self._labels().get(label) if self.where == "ticket" else None
        if name is None:
            return False
        self._set(name, (exact[2] or "").strip())
        return True

    def _labels(self) -> dict[str, str]:
        """The template's labels for the ticket being read, and the fields they stand for."""
        return _EPIC_LABELS if len(self.loc) == 2 else _TICKET_LABELS

    def _is_field(self, label: re.Match[str]) -> bool:
        """Whether a line that looks like a field is one here."""
        name = LABELS[" ".join(label["name"].lower().split())]
        if name == "total":
            return self.where in ("allocation", "team")
        if self.where != "ticket":
            return False
        return self.field != "acceptance_criteria" or not label["bullet"] or bool(label["open"])

    def _has_value(self) -> bool:
        return bool(self.target.get(self.field))

    def _loose_field(self, label: re.Match[str]) -> None:
        written = " ".join(label["name"].split())
        name = LABELS[written.lower()]
        value = label["value"].strip()
        right = t.TOTAL if name == "total" else self._template_label(name)
        if right is not None:
            fix = f"write {self._label(right)}"
            self._warn("T104", f"the label {written!r} is not written as in the template", fix)
        elif name in ("type", "parent"):
            self.field = ""
            self._warn("T107", f"{self._ref()} is an epic, which has no {name}", "it is left out")
            return
        elif name != "acceptance_criteria":
            self.field = ""
            kept = "it is kept in the description"
            self._warn("T107", f"{self._ref()} has the field {written!r} of other tickets", kept)
            self.target.setdefault("extra", []).append(f"{written} is {value}.")
            return
        if name == "total":
            self._total(value)
        else:
            self._set(name, value)

    def _template_label(self, name: str) -> str | None:
        """The template's label for a field of the ticket being read, None if it has no such."""
        return next((label for label, field in self._labels().items() if field == name), None)

    @staticmethod
    def _label(label: str) -> str:
        return f"'**{label}:**'" if label == t.CRITERIA else f"'**{label}**:'"

    def _set(self, name: str, value: str) -> None:
        target = self.target
        loc = (*self.loc, name)
        if loc in self.lines:
            self._warn("T108", f"{self._ref()} has its {name} twice", loc=loc)
        self.lines[loc] = self.number
        self.field, self.inline = name, bool(value)
        if name == "description":
            target["description"] = [value] if value else []
            return
        if name == "acceptance_criteria":
            target.setdefault("acceptance_criteria", [])
            if value:
                target["acceptance_criteria"].append(value)
            return
        if value or name != "dependencies":
            self._read(name, value)

    def _read(self, name: str, value: str) -> None:
        """Set a field of the ticket from its text, and say what was forgiven."""
        target = self.target
        forgiven: list[str] = []
        if name in ("title", "owner"):
            target[name] = value
        elif name == "key":
            target[name], forgiven = values.read_key(value)
        elif name == "components":
            target[name] = [value]
        elif name == "points" and value:
            target[name], forgiven = values.read_points(value)
        elif name == "priority" and value:
            target[name], forgiven = values.read_priority(value)
        elif name == "type" and value:
            target[name], forgiven = values.read_type(value)
        elif name == "parent" and value:
            target[name], forgiven = values.read_parent(value)
        elif name == "dependencies":
            found, forgiven, outside = values.read_dependencies(value)
            target[name] = [*target.get(name, ()), *found]
            for part in outside:
                self._warn(
                    "T110",
                    f"{self._ref()} depends on {part!r}, which names no ticket",
                    "it is kept in the description",
                    loc=(*self.loc, name),
                )
                target.setdefault("extra", []).append(f"Waits for {part} (outside this plan).")
        for sentence in forgiven:
            self._warn("T105", f"{self._ref()}: {sentence}", loc=(*self.loc, name))

    def _ref(self) -> Ref:
        return Ref(number=self.target["ref"])

    def _describe(self, text: str) -> None:
        description = self.target["description"]
        if text not in description:
            description += ["", text] if description else [text]

    def _ticket_line(self, line: str) -> None:
        if self.field == "description":
            self._text(line)
        elif self.field == "acceptance_criteria":
            self._criterion(line)
        elif self.field in ("dependencies", "components") and (
            (bullet := _BULLET.match(line)) or not self.inline
        ):
            value = (bullet["text"] or "") if bullet else line.strip()
            self._warn("T106", f"the {self.field} are written as a list", "write them on one line")
            if self.field == "components":
                self.target["components"] = [*self.target.get("components", ()), value]
            else:
                self._read(self.field, value)
        elif self.field and not self.inline and not self._has_value():
            self._read(self.field, line.strip())
            self._warn("T105", f"the value stands below its label: {line.strip()!r}")
        elif _RULE.match(line):
            self._warn("T107", "a rule stands between the tickets; left out")
        else:
            self._stray(line)

    def _criterion(self, line: str) -> None:
        criteria = self.target["acceptance_criteria"]
        bullet = _BULLET.match(line)
        if bullet is None:
            if _RULE.match(line):
                return
            if criteria:
                criteria[-1] += f" {line.strip()}"
            else:
                criteria.append(line.strip())
            self._warn("T106", "a criterion is not written as '- …'")
            return
        if bullet["mark"] != "-" or bullet["indent"]:
            self._warn("T106", "a criterion is not written as '- …' at the line's start")
        self.lines[(*self.loc, "acceptance_criteria", len(criteria))] = self.number
        criteria.append(unescape_line(bullet["text"] or "", is_bold_label))

    def _link_line(self, line: str) -> None:
        text = _BULLET.match(line)
        words = (text["text"] or "") if text else line.strip()
        if values.is_nothing(words):
            return
        where = "integration" if self.where == "cross" and "↔" in words else self.where
        name = "integration_points" if where == "integration" else "critical_path"
        if self.where == "cross":
            self._warn("T106", "a line stands under no heading", "write it under its own")
        sign = t.RELATES if where == "integration" else t.BEFORE
        pairs, exact = read_links(words, sign)
        if not pairs:
            self._stray(line)
            return
        if not exact:
            self._warn(
                "T106",
                f"the line {words[:60]!r} is not written as in the template",
                "; ".join(f"write '**{a} {sign} {b}**: …'" for a, b, _ in pairs),
            )
        keys = ("first", "second") if where == "integration" else ("before", "after")
        for first, second, reason in pairs:
            self.lines[(name, len(self.plan[name]))] = self.number
            self.plan[name].append({keys[0]: first, keys[1]: second, "text": reason})

    def _item_line(self, line: str) -> None:
        bullet = _BULLET.match(line)
        if bullet is None or bullet["mark"] != "-":
            if _RULE.match(line):
                return
            self._warn("T106", "a phase's line is not written as '- …'")
        items = self.target["items"]
        self.lines[(*self.loc, "items", len(items))] = self.number
        items.append({"text": (bullet["text"] or "") if bullet else line})

    def _team_line(self, line: str) -> None:
        bullet = _BULLET.match(line)
        if bullet is None or bullet["mark"] != "-":
            if _RULE.match(line):
                return
            self._warn("T106", "an allocation's line is not written as '- …'")
        text = ((bullet["text"] or "") if bullet else line).strip()
        field = allocation_field(text)
        if field is None:
            self.target["staffing"].append(unescape_line(text, allocation_field))
            return
        name, value = field
        if name == "total":
            self._total(value)
            return
        self.lines[(*self.loc, name)] = self.number
        if name == "duration":
            self.target["duration"] = value
            return
        self.target["points"], forgiven = values.read_points(value)
        for sentence in forgiven:
            self._warn("T105", sentence, loc=(*self.loc, name))

    def _total(self, value: str) -> None:
        total, forgiven = values.read_total(value)
        self.lines[("total",)] = self.number
        for sentence in forgiven:
            self._warn("T105", sentence, loc=("total",))
        self.plan["total"] = total
        self.where, self.target, self.loc = "end", self.plan, ()

    def _text(self, line: str, *, fenced: bool = False, raw: bool = False) -> None:
        """A line of the description or section being read."""
        if self.where == "section":
            self.target["text"].append(
                line if fenced else unescape_line(line, is_section_structure)
            )
        elif self.where == "ticket" and self.field == "acceptance_criteria" and fenced:
            self._criterion(f"  {line}" if line.strip() else line)
        elif self.where == "ticket":
            if self.field != "description":
                self._stray(line)
                return
            self.target["description"].append(line if fenced or raw else unescape_line(line))
        elif line.strip():
            self._stray(line)

    def _stray(self, line: str) -> None:
        """Words that fit nowhere: kept with the ticket, else in a further section."""
        words = line.strip()
        if self.where == "start" and not self.plan["epics"]:
            self._warn("T101", f"words stand before the plan: {words[:60]!r}", "leave them out")
        elif self.where == "ticket":
            if not self.target["description"] or self.target.get("stray") != self.number - 1:
                self._warn(
                    "T107",
                    f"words stand outside the fields: {words[:60]!r}",
                    "they are kept in the description",
                )
            self._describe(words)
            self.target["stray"] = self.number
        elif words:
            self._warn(
                "T107",
                f"words stand outside the template: {words[:60]!r}",
                "they are kept in a section 'Notes'",
            )
            notes = [s for s in self.plan["sections"] if s["heading"] == "Notes"]
            if not notes:
                notes = [{"heading": "Notes", "text": []}]
                self.plan["sections"] += notes
            notes[0]["text"].append(words)

    # The plan.

    def _built(self) -> Plan:
        plan = self.plan
        for epic in plan["epics"]:
            tasks = [task for story in epic["stories"] for task in story["tasks"]]
            for ticket in (epic, *epic["stories"], *tasks):
                paragraphs = ["\n".join(ticket["description"]).rstrip()]
                if ticket is epic and (done := ticket.pop("acceptance_criteria", ())):
                    paragraphs.append("\n- ".join(("Done when:", *done)))
                paragraphs += ticket.pop("extra", ())
                ticket["description"] = "\n\n".join(filter(None, paragraphs))
                ticket["ref"] = {"number": ticket["ref"]}
                ticket.pop("stray", None)
        for section in plan["sections"]:
            section["text"] = "\n".join(section["text"])
        return Plan.model_validate(plan)
