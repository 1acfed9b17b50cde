"""What the headings of feature documents promise: one table, by the words that people use.

`tickets.requirements` reads the roles, `tickets.sections.fit_document` the weights.
"""

import re
from typing import Literal, NamedTuple

Role = Literal["demand", "proposal", "context", "question", "excluded"]


class Kind(NamedTuple):
    """What the sections under a heading are: their role and their weight for a plan (0 to 10).

    `demand`: each list item is a requirement. `proposal`: what is to be built, in prose.
    `context`: says how things are today. `question`: a question that is answered yes or no.
    `excluded`: no requirement is read from it, nor from anything below it. Where a demand is
    `plain`, sentences need no modal verb: `The console lists open disputes` under `Requirements`.
    """

    role: Role
    weight: int
    plain: bool = False


DEMAND = Kind("demand", 9)
STATED = Kind("demand", 10, plain=True)
DEFECTS = Kind("demand", 9, plain=True)
WRITINGS = Kind("demand", 7, plain=True)
OVERVIEW = Kind("proposal", 8)
"""What stands in it is said again where requirements are listed."""
NEUTRAL = Kind("proposal", 5)
TITLE = Kind("proposal", 10)
OUT_OF_SCOPE = Kind("excluded", 5)

HEADING_KINDS: tuple[tuple[str, Kind], ...] = (
    # The first pattern that is found in the heading (lower case, without numbering) counts.
    (r"^(will|does|do|is|are|can|should|has|have|would)\b.*\?$", Kind("question", 9)),
    (r"^(table of )?contents$|^toc$", Kind("excluded", 0)),
    (
        r"^(\w+ )?(references?|bibliography|resources|links( and resources)?|reading)$"
        r"|^related |^see also|^prior art|^standards? references?|\backnowledge?ments?\b"
        r"|^further (reading|information)",
        Kind("excluded", 1),
    ),
    (
        # Who owns what tells teams apart, so it is worth its place and supports tickets.
        r"^(\w+ )?(owners?|ownership|stewardship)\b|^responsibilit",
        Kind("excluded", 4),
    ),
    (
        r"^(\w+ ){0,2}(history|change ?log|revisions?|versions?)$|^release notes$"
        r"|^(\w+ )?(authors?|contacts?|contributors?)\b|\bshepherd\b"
        r"|^((required|design|peer|final) )?(review(er)?s?|approv(al|er)s?|sponsors?|sign-?offs?)\b"
        r"|sign-?off checklist|^stakeholders?\b|^licen[cs]es?$|^copyright$"
        r"|^metadata$|^outcome$|\bpull requests?\b|^appendi|^annex|^glossary"
        r"|^terminolog|^definitions?$"
        r"|^(tracking|infrastructure|meeting|document) (needed|issues?|notes|information|control)",
        Kind("excluded", 1),
    ),
    (
        r"\bgoals? (and|&|/) non-?goals?|\bin[- ]scope (and|&|/) out",
        DEMAND,
    ),
    (
        r"\b(non?|not|anti)[- ]?(goals?|requirements?|objectives?)\b|\bout[- ]of[- ]scope"
        r"|\bnot in scope|^exclusions?$|^(known )?limitations?$|^left out\b|^won't\b|^don't$"
        r"|^not\b(?! (agreed|clear|decided|sure|yet))"
        r"|^what (i|they|we|you) (do(n't| not)|leave out|won't|will not)\b",
        OUT_OF_SCOPE,
    ),
    (
        r"\balternatives?\b|\brationale\b|^drawbacks?|\bdrawbacks?$|\btrade-?offs?\b|^rejected"
        r"|^(pros|disadvantages|comparison)\b|^(considered |other )?options?( \w+)?$"
        r"|^(status quo|current (state|status|situation|behaviou?r|limitations?))",
        Kind("excluded", 2),
    ),
    (
        r"^future\b|\bideas$"
        r"|\bfuture (work|plans?|considerations?|extensions?|releases?|scope|ideas)"
        r"|\bfollow[- ]?(on|up)\b|^later\b|^(post[- ]mvp|nice to have|stretch goals?|next steps)",
        Kind("excluded", 3),
    ),
    (
        r"^examples?\b|\bexamples?( \w+)?$|^removing a deprecated",
        Kind("excluded", 3),
    ),
    (
        r"^known\b.*\b(bugs?|defects?|faults?)\b|^(bugs?|defects?)\b",
        DEFECTS,
    ),
    (r"^known (issues?|problems?)$", Kind("proposal", 6)),
    (
        r"\brisks?\b|\bmitigations?\b|\b(open|potential|known|unresolved|outstanding) (issues?"
        r"|questions?|problems?|points?)|^(open |other )?questions?\b|^faqs?$|^assumptions?$"
        r"|\bcaveats?\b|^concerns?$|^(still )?(open|unclear)$|^(unanswered|unresolved|parked)\b"
        r"|^(don't know|loose ends|still to)\b|^(what (is|was) )?not (agreed|clear|decided)\b",
        Kind("excluded", 4),
    ),
    (
        r"^(the )?(agreed|agreements?|decided|decisions?)( \(.*\))?$"
        r"|^what (?!.*\b(measure|now|reach|today)\b)([\w' ]{1,30} )(agreed?|asks?|asked|builds?"
        r"|decided?|do|needs?|requests?|requested|wants?)\b"
        r"|^what (has to|must|shall|should|will) (be|change)\b",
        STATED,
    ),
    (r"^((end-)?user |technical )?(docs?|documentation)$", WRITINGS),
    (
        r"^(\w+ )?(motivations?|background|context|inspiration|introduction|prerequisites?)$"
        r"|^(looking back|situation|where (it|they|we))\b"
        r"|^(the )?why\b|\bproblems?\b|^purpose$|^audience|^success: |^(dependencies|related)"
        r"|\bdependencies$|\blimitations?\b|^graduation|\bdev preview|\btech preview"
        r"|^version skew|^decision making|\bentit(y|ies)$|^data model",
        Kind("context", 4),
    ),
    (r"\brequirements?( \(.*\))?$|\brequirements?: ", STATED),
    (
        r"^(requested|requests?|asks?)( \(.*\))?$"
        r"|\brequirements?\b|\bacceptance criteri|\bdeliverables?\b|\bdelivery plan|\bwork"
        r" ?(plan|breakdown|items?|packages?|to deliver)|\bdefinition of done|^scope\b"
        r"|^((in|mvp|release|alpha|beta|ga|project|feature|initial)[- ]){1,3}scope\b"
        r"|\bmvp\b|\baction items?|\bmust[- ]haves?",
        Kind("demand", 10),
    ),
    (
        r"^(\w+ ){0,2}(goals?|objectives?)\b|\buser stor(y|ies)|^stories$"
        r"|\bsuccess (criteria|metrics)|^use[- ]?cases?\b|^(\w+ )?expectations?$"
        r"|\bimplementation (plan|phases|steps)|^milestones?|\bcompletion checklist"
        r"|^(key|major|main|core|new)( new)? (features|capabilities)|^(tasks?|to-?dos?)$",
        DEMAND,
    ),
    (
        r"\btest(s|ing)?\b( plan| strategy|$)|\bverification\b|^(rollout|migration|upgrade)\b"
        r"|\bconsiderations?$|^(security|privacy|performance|compatibility|observability)\b",
        Kind("proposal", 6),
    ),
    (r"\boverview\b", OVERVIEW),
    (
        r"\bproposals?\b|^propos|\bsolution\b|\bdesign\b|^(how|what)\b|^summary|^abstract"
        r"|\bapproach\b|^implementation|^capabilit|\bjourney\b|^decision$",
        Kind("proposal", 7),
    ),
)
_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in HEADING_KINDS)
_NUMBERING = re.compile(r"^\s*(?:\d+(?:\.\d+)*[.):]?|[ivx]+[.)]|[a-z][.)])\s+", re.IGNORECASE)
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}")
_LONGEST_HEADING = 500


def plain_heading(text: str) -> str:
    """A heading's words, without markup, numbering and a colon at the end."""
    words = " ".join(_MARKUP.sub(lambda match: match[1] or "", text[:_LONGEST_HEADING]).split())
    return _NUMBERING.sub("", words).rstrip(":#. ").strip()


def kind_of(heading: str) -> Kind | None:
    """What a heading promises by `HEADING_KINDS`; None where it says nothing about that."""
    name = plain_heading(heading).lower()
    return next((kind for pattern, kind in _PATTERNS if pattern.search(name)), None)
