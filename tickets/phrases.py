"""The phrases by which English documents ask for something, or only seem to.

`tickets.requirements` applies them; each is there because documents that people wrote need it.
"""

import re

MODAL = re.compile(
    r"\b(?:must|shall|should|ought to|needs? to|has to|have to|(?:is|are|be) required"
    r"|required to|will be able to|(?:I|we) want)\b",
    re.IGNORECASE,
)
NO_DEMAND = re.compile(
    r"^(?:no|for example|for instance|e\.g\.|there (?:is|are|will be) no|must|should)\b"
    r"|\b(?:should|must) (?:also )?(?:be noted|note|have been)\b|\bshould we\b"
    r"|\b(?:unable|likely)\b"
    r"|\b(?:may|might|would|could|not|n.t|did|used to) (?:\w+ )?(?:need|have) to\b"
    r"|\bwe (?:should|need to|have to) (?:discuss|consider|decide|revisit|note|think|assume)\b"
    r"|\b(?:should|will) (?:not|n.t) (?:be (?:impacted|affected|an? (?:issue|problem))|introduce)\b"
    r"|\bshould be (?:fine|enough|obvious|clear|straightforward)\b",
    re.IGNORECASE,
)
"""Sentences with such words weigh, describe or illustrate; they ask for nothing to be built."""
_INTENT_VERBS = (
    "add|allow|apply|authenticate|automate|avoid|build|bundle|change|collect|configure|consolidate"
    "|convert|create|define|delegate|delete|deliver|deploy|deprecate|describe|design|detect|develop"
    "|disable|display|document|emit|enable|enforce|enhance|ensure|establish|expand|expose|extend"
    "|fetch|generate|handle|hide|identify|implement|import|improve|include|increase|install"
    "|integrate|introduce|keep|launch|let|list|log|maintain|make|manage|migrate|monitor|move"
    "|notify|offer|optimi[sz]e|parse|persist|pin|port|prevent|propagate|provide|provision"
    "|publish|query|read|record|reduce|refactor|register|release|remove|rename|render|replace"
    "|report|retain|retrieve|return|rewrite|scale|schedule|search|secure|send|serve|set|ship|show"
    "|sign|simplify|split|standardi[sz]e|store|stream|submit|support|switch|sync|test|track"
    "|translate|unify|update|upgrade|use|validate|verify|visuali[sz]e|wire|write"
)
STARTS_WITH_INTENT = re.compile(rf"(?:to |optionally,? )?(?:{_INTENT_VERBS})\b", re.IGNORECASE)
HAS_INTENT = re.compile(
    rf"\b(?:will|propos\w+ (?:to|that|an?|the|new|two|three)|we(?:'d| would) like to|introduc\w+"
    rf"|aims? to|plan to|this (?=(?:\w+ ){{1,3}}(?:{_INTENT_VERBS})s))\b"
    rf"(?=.*\b(?:{_INTENT_VERBS})(?:s|es|d|ed|ing)?\b)|^(?:{_INTENT_VERBS})\b",
    re.IGNORECASE,
)
USER_STORY = re.compile(
    r"as an? .{2,80}?,? (?:i|we) (?:want|need|would|can|could|get|should|am)", re.IGNORECASE
)
ASIDE = re.compile(
    r"(?:note|notice|n/?a|none|tbd|todo|tba|example|e\.g|see|why|pros?|cons?)\b(?!\w)",
    re.IGNORECASE,
)
NOTHING = re.compile(
    r"^[^:]{2,40}:\s*(?:(?:none|n/a|nil|tbd|no change)\b|[-–—]+$)", re.IGNORECASE
)
"""A topic under which nothing is asked for: `Disconnected needs: None`."""
STEP = re.compile(
    r"^(?:(?:step|user story|story|phase|use case)\s*\d+\s*[-:–—.]?"
    r"|(?:goal|requirement)\s*\d*:)\s*",
    re.IGNORECASE,
)
LABEL = re.compile(r"\s*(\*\*|__|\*|_)(?=\S)([^\n]{2,80}?)(?<=\S)\1\s*:?\s*")
CHECKBOX = re.compile(r"^\[[ xX]\]\s*")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
ADDRESS = re.compile(r"https?://\S+")
QUESTION = re.compile(
    r"\s*(?P<question>(?:will|does|do|is|are)\b[^?\n]{4,250}\?)\W*(?P<answer>.*)",
    re.IGNORECASE | re.DOTALL,
)
ASKS_FOR_WORK = re.compile(
    r"\b(?:requires?|required|needs?|needed|involves?|introduces?|includes?|impacts?|affects?"
    r"|onboard\w*)\b\s*",
    re.IGNORECASE,
)
YES = re.compile(r"\W*yes\b[\s*_:,.;–—-]*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
YES_OR_NO = re.compile(r"\W*(?:yes|no|n/a|none|tbd|not)\b", re.IGNORECASE)
ID = re.compile(r"(?:[A-Za-z]{1,6}[-_ ]?)?\d{1,4}(?:\.\d{1,3})*\.?")
