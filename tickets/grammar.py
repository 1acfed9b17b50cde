"""The grammar that holds a model to the contract: EBNF of xgrammar, for vLLM's structured outputs.

It is made from the template's words and the schema's enumerations. Each line is a rule that ends in
its newline: xgrammar then works out the allowed tokens once for all places that use the rule.
Lists are bounded, so that none goes on for ever; lines are not, since bounded repeats take seconds
to compile, which is what the line budget of `inference.decoding` is for. So a line may end wherever
it has words, and texts in brackets, which cannot, are numbers and short codes.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from tickets import template as t
from tickets.bounds import Bounds as Bounds
from tickets.schema import FIBONACCI, PRIORITIES, TICKET_TYPES
from tickets.vocabulary import Vocabulary

BLANK: Final = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""All that `tickets.text.one_line` makes a single blank of or takes out, for a character class."""
_LOOSE: Final = r"[^\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]"
"""What `tickets.text.many_lines` leaves in a line: blanks and tabs too."""


def build_grammar(bounds: Bounds | None = None, vocabulary: Vocabulary | None = None) -> str:
    """The EBNF of the plans within `bounds` (default: `Bounds()`).

    Args:
        bounds: how many of each; where they are `free`, all that `render_plan` writes.
        vocabulary: the only components, teams and key prefix to write, unless the bounds are free;
            an empty list allows any.

    Returns:
        One rule a line, `root` first. Nothing follows the total; further sections have no rule.
    """
    bounds = bounds or Bounds()
    if bounds.free:
        parts = [_free_plan(bounds), _free_tickets(bounds), _free_sections(bounds)]
    else:
        names = _names(bounds, vocabulary or Vocabulary())
        tickets = "".join(_numbered_tickets(bounds))
        parts = [_plan(), tickets, _fields(bounds), names, _refs(bounds), _sections(bounds)]
    return "".join(part.lstrip("\n") for part in (*parts, _texts(bounds)))


def _texts(bounds: Bounds) -> str:
    """Lines of words with one blank between them, beginning with the blank behind a label."""
    first = '" " loose' if bounds.free else "line"
    further = ""
    if bounds.description_lines > 1:
        last = bounds.description_lines - 1
        further = rf' | "**{t.DESCRIPTION}**:\n" loose ({_LOOSE}* "\n"){{1,{last}}}'
    return rf"""
description ::= "**{t.DESCRIPTION}**:" {first}{further}
loose ::= [^{BLANK}] {_LOOSE}* "\n"
line ::= word+ " "? "\n"
word ::= " " [^{BLANK}]+
name ::= (" " [^,{BLANK}]+)+
"""


# What a model is held to.


def _plan() -> str:
    # llguidance (vLLM's other backend) reads a rule as a word of a greedy lexer, except the root,
    # whose words cannot overlap: so the root is the whole plan as one word.
    return rf"""
root ::= plan
plan ::= "# {t.TITLE} -" line "\n## {t.EPIC_STRUCTURE}\n" epic-1 cross phases allocation total
"""


def _numbered_tickets(bounds: Bounds) -> Iterator[str]:
    """A rule for each number that a ticket may have, so that numbers and parents are right."""
    for e in range(1, bounds.epics + 1):
        next_epic = f" epic-{e + 1}?" if e < bounds.epics else ""
        yield (
            rf'epic-{e} ::= "\n### Epic {e}:" line "**{t.EPIC_TITLE}**:" line '
            rf'"**{t.EPIC_KEY}**: {t.KEY_OPEN}" key "-{e:03}{t.KEY_CLOSE}\n" epic-fields '
            rf'"\n#### {t.CHILD_STORIES}\n" story-{e}-1{next_epic}' + "\n"
        )
        for s in range(1, bounds.stories + 1):
            first_task = f" task-{e}-{s}-1?" if bounds.tasks else ""
            next_story = f" story-{e}-{s + 1}?" if s < bounds.stories else ""
            yield (
                rf'story-{e}-{s} ::= "\n##### Story {e}.{s}:" story-head "{e}\n" story-fields'
                f"{first_task}{next_story}\n"
            )
            for k in range(1, bounds.tasks + 1):
                next_task = f" task-{e}-{s}-{k + 1}?" if k < bounds.tasks else ""
                yield (
                    rf'task-{e}-{s}-{k} ::= "\n##### Task {e}.{s}.{k}:" task-head "{e}.{s}\n" '
                    f"task-fields{next_task}\n"
                )


def _fields(bounds: Bounds) -> str:
    """The fields of each kind of ticket: all of the template's, in its order."""
    label = f'"**{t.DEPENDENCIES}**: "'
    some = listed = ""
    if bounds.dependencies:
        some = f" ({label} dependencies)?"
        further = f'(", " dependency){{0,{bounds.dependencies - 1}}}'
        listed = rf"""
dependencies ::= dependency {further} "\n"
dependency ::= ref " {t.COMPLETION}"?
"""
    criteria = f"{{{min(2, bounds.criteria)},{bounds.criteria}}}"
    return rf"""
story-head ::= line title-type ({either(TICKET_TYPES)}) "\n**{t.PARENT}**: Epic "
task-head ::= line title-type ({either(("Task", "Bug"))}) "\n**{t.PARENT}**: Story "
title-type ::= "**{t.TICKET_TITLE}**:" line "**{t.TYPE}**: "
epic-fields ::= description "**{t.COMPONENT}**:" names owner "**{t.POINTS}**: " sum priority{some}
story-fields ::= description criteria "**{t.COMPONENTS}**:" names points priority waits
task-fields ::= description points waits
criteria ::= "\n**{t.CRITERIA}:**\n" bullet{criteria} "\n"
points ::= "**{t.POINTS}**: " ({either(map(str, FIBONACCI))}) "\n"
sum ::= [1-9] [0-9]{{0,3}} "\n"
priority ::= "**{t.PRIORITY}**: " ({either(PRIORITIES)}) "\n"
waits ::= {label} ("{t.NONE}\n"{" | dependencies" if listed else ""})
bullet ::= "- " [^*\x5b_{BLANK}] [^{BLANK}]* word* " "? "\n"
""" + listed.lstrip("\n")


def _names(bounds: Bounds, vocabulary: Vocabulary) -> str:
    """Components, teams and keys: the vocabulary's, or any.

    Where a team is free its heading may end without the colon: no tokenizer is sure to have a
    token for colon and newline, so the line budget could not end it there.
    """
    component = f'" " ({either(vocabulary.components)})' if vocabulary.components else "name"
    epics = f'" (" epic-ref (", " epic-ref){{0,{bounds.epics - 1}}} ")'
    owner, team = "line", rf'(" " [^():{BLANK}]+)+ ({epics}")? ":"? "\n"'
    if vocabulary.teams:
        owner = rf'" " ({either(vocabulary.teams)}) "\n"'
        team = rf'" " ({either(vocabulary.teams)}) {epics}:\n"'
    prefix, codes = "[A-Z] [A-Z0-9]{0,11}", "{0,2}"
    if vocabulary.key_prefix:
        prefix, codes = f'"{vocabulary.key_prefix}"', "?"
    return rf"""
names ::= {component} ("," {component}){{0,{bounds.components - 1}}} "\n"
owner ::= "**{t.EPIC_OWNER}**:" {owner}
team-heading ::= "\n###" {team}
key ::= {prefix} ("-" [A-Z0-9]{{1,12}}){codes}
"""


def _refs(bounds: Bounds) -> str:
    """References to tickets that can be there."""
    epic, story = upto(bounds.epics), upto(bounds.stories)
    task = f' | "Task " {epic} "." {story} "." {upto(bounds.tasks)}' if bounds.tasks else ""
    return rf"""
epic-ref ::= "Epic " {epic}
ref ::= epic-ref | "Story " {epic} "." {story}{task}
"""


def _sections(bounds: Bounds) -> str:
    """What stands below the tickets. No line on people begins like duration or story points."""
    cross = rf'"\n{t.NONE}\n"'
    if bounds.critical_links:
        cross += f" | critical{' relating?' if bounds.integration_points else ''}"
    if bounds.integration_points:
        cross += " | relating"
    sections = rf"""
cross ::= "\n## {t.CROSS_EPIC}\n" ({cross})
phases ::= "\n## {t.PHASES}\n" phase-1
allocation ::= "\n## {t.ALLOCATION}\n" team{{1,{bounds.epics}}}
team ::= team-heading people{{1,{bounds.staffing}}} "- {t.DURATION}: " weeks "- {t.POINTS}: " sum
people ::= "- " [0-9A-CE-RT-Z] [^{BLANK}]* word* " "? "\n"
weeks ::= [1-9] [0-9]? " week" "s"? "\n"
total ::= "\n**{t.TOTAL}**: " [1-9] [0-9]{{0,3}} " story points across " teams "\n"
teams ::= "1 team" | ([2-9] | [1-9] [0-9]) " teams"
"""
    if bounds.critical_links:
        sections += rf'critical ::= "\n### {t.CRITICAL_PATH}\n" link-1' + "\n"
    if bounds.integration_points:
        point = rf'("- **" ref " {t.RELATES} " ref "**:" line){{1,{bounds.integration_points}}}'
        sections += rf'relating ::= "\n### {t.INTEGRATION}\n" {point}' + "\n"
    for n in range(1, bounds.critical_links + 1):
        following = f" link-{n + 1}?" if n < bounds.critical_links else ""
        sections += f'link-{n} ::= "{n}. **" ref " {t.BEFORE} " ref "**:" line{following}\n'
    for n in range(1, bounds.phases + 1):
        following = f" phase-{n + 1}?" if n < bounds.phases else ""
        sections += (
            rf'phase-{n} ::= "\n### Phase {n} (" [A-Z] [a-z]{{1,11}} " " [1-9] [0-9]{{0,3}} '
            rf'("." [0-9]{{1,2}})? "):" line bullet{{1,{bounds.items}}}{following}' + "\n"
        )
    return sections


# All that is written.


def _free_plan(bounds: Bounds) -> str:
    return rf"""
root ::= "# {t.TITLE} -" rest epics cross phases allocation total?
epics ::= "\n## {t.EPIC_STRUCTURE}\n" epic{{0,{bounds.epics}}}
rest ::= line | "\n"
ref ::= "Epic " n | "Story " n "." n | "Task " n "." n "." n
refs ::= ref (", " ref)*
n ::= "0" | [1-9] [0-9]{{0,4}}
"""


def _free_tickets(bounds: Bounds) -> str:
    label = f'"**{t.DEPENDENCIES}**: "'
    listed = f'dependency (", " dependency){{0,{max(0, bounds.dependencies - 1)}}} "\\n"'
    return rf"""
epic ::= "\n### Epic " n ":" rest epic-fields stories
stories ::= "\n#### {t.CHILD_STORIES}\n" story{{0,{bounds.stories}}}
story ::= "\n##### Story " n "." n ":" rest fields task{{0,{bounds.tasks}}}
task ::= "\n##### Task " n "." n "." n ":" rest fields
epic-fields ::= ("**{t.EPIC_TITLE}**:" line)? key? description? ("**{t.COMPONENT}**:" names)? more
more ::= ("**{t.EPIC_OWNER}**:" line)? points? priority? ({label} dependencies)?
key ::= "**{t.EPIC_KEY}**: {t.KEY_OPEN}" [^\x5b\x5d{BLANK}]+ "{t.KEY_CLOSE}\n"
fields ::= ("**{t.TICKET_TITLE}**:" line)? type? parent? description? criteria? others
others ::= ("**{t.COMPONENTS}**:" names)? points? priority? {label} ("{t.NONE}\n" | dependencies)
type ::= "**{t.TYPE}**: " ({either(TICKET_TYPES)}) "\n"
parent ::= "**{t.PARENT}**: " ref "\n"
criteria ::= "\n**{t.CRITERIA}:**\n" ("-" line){{1,{bounds.criteria}}} "\n"
names ::= name ("," name){{0,{bounds.components - 1}}} "\n"
points ::= "**{t.POINTS}**: " n "\n"
priority ::= "**{t.PRIORITY}**: " ({either(PRIORITIES)}) "\n"
dependencies ::= {listed}
dependency ::= ref " {t.COMPLETION}"? (" " note)?
note ::= "(" ([^()\n] | note)* ")"
"""


def _free_sections(bounds: Bounds) -> str:
    link = f'[1-9] [0-9]* ". **" ref " {t.BEFORE} " ref "**" why'
    point = f'"- **" ref " {t.RELATES} " ref "**" why'
    return rf"""
cross ::= "\n## {t.CROSS_EPIC}\n" ("\n{t.NONE}\n" | critical relating? | relating)
critical ::= "\n### {t.CRITICAL_PATH}\n" ({link}){{1,{max(1, bounds.critical_links)}}}
relating ::= "\n### {t.INTEGRATION}\n" ({point}){{1,{max(1, bounds.integration_points)}}}
why ::= ":" line | "\n"
phases ::= "\n## {t.PHASES}\n" phase{{0,{bounds.phases}}}
phase ::= "\n### Phase " n (" (" [^()\n]+ ")")? ":" rest ("-" line){{0,{bounds.items}}}
allocation ::= "\n## {t.ALLOCATION}\n" team{{0,{bounds.epics}}}
team ::= "\n### " ([^{BLANK}]+ word*)? (" (" refs ")")? ":\n" people sums
people ::= ("-" line){{0,{bounds.staffing}}}
sums ::= ("- {t.DURATION}:" line)? ("- {t.POINTS}: " n "\n")?
total ::= "\n**{t.TOTAL}**: " n " story points" (" across " teams)? "\n"
teams ::= "1 team" | n " teams"
"""


def either(words: Iterable[str]) -> str:
    """One of `words`."""
    return " | ".join(_quote(word) for word in words)


def _quote(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def upto(most: int) -> str:
    """A number from 1 to `most`."""
    return f"[1-{most}]" if most < 10 else f"({either(map(str, range(1, most + 1)))})"
