"""The phrases by which English documents ask for something, or only seem to.

`tickets.requirements` applies them; each is there because documents that people wrote need it.
"""

import re

_WRITINGS = (
    "appendix|article|card|chapter|documentation|entry|faq|guide|handbook|help|how-to|leaflet"
    "|letter|manual|notes?|page|paragraph|procedure|readme|reference|runbook|section|sheet"
    "|training|tutorial"
)
WRITING = re.compile(rf"\b(?:{_WRITINGS})(?:s|es)?\b", re.IGNORECASE)
"""What a section on documentation asks for, often without a verb."""
MODAL = re.compile(
    r"\b(?:must|shall|should|ought to|needs? to|has to|have to|(?:is|are|be) required"
    r"|required to|will be able to|(?:is|are) to be \w+(?:d|n|t)"
    r"|(?:fix|mend|repair)(?:ed)? (?:(?:it|that|this) )?(?:first|with)"
    r"|needs? (?:a fix|fixing|mending)|to be (?:corrected|fixed|mended|repaired)"
    rf"|needs? (?:an? )?(?:\w+ )?(?:{_WRITINGS})s?"
    r"|please (?:add|change|fix|give|keep|make|mend|mention|remove|repair|show|test|write))\b",
    re.IGNORECASE,
)
NO_DEMAND = re.compile(
    r"^(?:no|(?:this|the) (?:document|page|rfc|section) (?:covers|describes|lists|outlines)"
    r"|for example|for instance|e\.g\.|there (?:is|are|will be) no"
    r"|(?:must|shall|should) (?:I|it|the|they|this|we|you))\b"
    r"|\b(?:should|must) (?:also )?(?:be noted|note|have been)\b|\bshould we\b"
    r"|^(?:it|that|this) (?:should|will) help\b|\b(?:unable|likely|undecided|unsure|whether)\b"
    r"|\bnot in (?:the first|this) (?:release|version)"
    r"|\b(?:I|we)(?: would|['’]d)? (?:like|want) to (?:ask|discuss|hear|know)\b"
    r"|\b(?:no one|nobody) (?:must|shall|should|has to|needs? to)\b|\bno \w+ needs? to\b"
    r"|(?:\b(?:may|might|would|could|not|did|used to)|n['’]?t) (?:\w+ )?(?:need|have) to\b"
    r"|\b(?:must|has to|have to|needs? to) (?:at present|currently|now|still|today)\b"
    r"|\b(?:at present|currently|so far|today)\b.{0,60}\b(?:must|has to|have to|needs? to)\b"
    r"|^(?:it|(?:the|this) \w+) (?:covers|defines|describes|explains|lists|says|shows|states)"
    r" (?:how|what|which|who)\b|\bnothing\b.{0,40}\bwill (?:be|change)\b"
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
_NOUNS = (
    "build|change|design|document|import|list|log|monitor|move|query|record|release|report"
    "|schedule|search|set|ship|sign|store|stream|support|switch|test|track|update|upgrade|use"
)
_NO_NOUN = (
    # `Support had 410 calls` and `Test: Mirela has six phones` begin with a noun, not with a verb.
    rf"(?!(?:{_NOUNS})s?(?: (?!that|which|who)[\w.'-]+){{0,5}}? (?:are|asked|asks|becomes|can"
    r"|failed|fails|found|gets|got|had|has|hangs|is|may|might|said|says|showed|shows|takes|told|took|wants"
    rf"|was|went|were|will|writes|wrote)\b)(?!(?:{_NOUNS})s?:)"
)
STARTS_WITH_INTENT = re.compile(
    rf"(?:to |optionally,? )?{_NO_NOUN}(?:{_INTENT_VERBS})\b", re.IGNORECASE
)
HAS_INTENT = re.compile(
    rf"\b(?:will|propos\w+ (?:to|that|an?|the|new|two|three)|we(?:'d| would) like to|introduc\w+"
    rf"|aims? to|plan to|(?:I|they|we)(?:'d)? (?:like|want)"
    rf"|this (?=(?!document|page)(?:\w+ ){{1,3}}(?!makes)(?:{_INTENT_VERBS})s))\b"
    rf"(?=.*\b(?:{_INTENT_VERBS})(?:s|es|d|ed|ing)?\b)|^{_NO_NOUN}(?:{_INTENT_VERBS})\b",
    re.IGNORECASE,
)
DECLARES = re.compile(
    rf"\b(?:(?:can|could|may|might) (?!be (?:an?|any|hard|more|the|too|very)\b)\w+|cannot|can['’]t"
    r"|never|no longer|gets?"
    r"|becomes?|stays?|remains?|lets?"
    r"|(?:is|are) (?:\w+ly |then |also |not |only |no longer )*\w+(?:ed|en|wn|nt|ld|pt|ut|ght)"
    rf"|at (?:least|most)|(?:{_INTENT_VERBS})(?:s|es)|[A-Z]{{2,}}-\d+)\b",
    re.IGNORECASE,
)
"""How a plain sentence says what the thing to be built does, or which defect is to be mended."""
NO_PROMISE = re.compile(
    r"\b(?:ago|already|at present|currently|had|so far|today|was|were|yesterday"
    r"|(?:I|we) (?:accept|are|assume|believe|count|expect|have|know|like|live|think)"
    r"|asked|expects?|guess\w*|insist\w*|said|says|think\w*|wonders?|writes (?:it|them))\b"
    r"|^(?:but|this is|that is|these are|there)\b|^I\b|\b(?:nobody|no one) can\b"
    r"|\bmay come\b|\b(?:is|are) affected\b|^all (?:of )?(?:it|this)\b",
    re.IGNORECASE,
)
"""A sentence with such words tells how things are or what people think."""
USER_STORY = re.compile(
    r"as (?:an?|the) .{2,80}?,? (?:i|we) (?:want|need|would|can|could|get|should|am|may)",
    re.IGNORECASE,
)
WANTS = re.compile(r"\b(?:I|we) (?:need|want|would like)\b", re.IGNORECASE)
LEADS_BACK = re.compile(
    r"(?:both|fix (?:it|this)|it|must|needs?|such|that|these|they|this|those|to be)\b"
    r"|.*\bso (?:that )?(?:it|they|this) (?:ha(?:s|ve) to|must|needs? to)\b",
    re.IGNORECASE,
)
"""How a sentence begins that says little without the one before it."""
ASIDE = re.compile(
    r"(?:note|notice|n/?a|none|tbd|todo|tba|example|e\.g|see|why|pros?|cons?)\b(?!\w)"
    r"|(?:ask|no|not|open|questions?|later)(?::| - | – |, )|don['’]t know\b"
    r"|(?:authors?|date|deadline|deciders?|issue|jira|owners?|reviewers?|state|status|when|who):",
    re.IGNORECASE,
)
MAIL_HEADER = re.compile(
    r"\A(?:[>*_ ]*(?:from|to|cc|bcc|date|sent|subject|von|an|datum|betreff)[*_ ]*:[^\n]*"
    r"(?:\n|\Z))+",
    re.IGNORECASE,
)
NOTHING = re.compile(r"^[^:]{2,40}:\s*(?:(?:none|n/a|nil|tbd|no change)\b|[-–—]+$)", re.IGNORECASE)
"""A topic under which nothing is asked for: `Disconnected needs: None`."""
STEP = re.compile(
    r"^(?:(?:step|user story|story|phase|use case)\s*\d+\s*[-:–—.]?"
    r"|(?:goal|requirement)\s*\d*:)\s*",
    re.IGNORECASE,
)
LABEL = re.compile(r"\s*(\*\*|__|\*|_)(?=\S)([^\n]{2,80}?)(?<=\S)\1\s*:?\s*")
LABELLED = re.compile(
    r"\s*(?P<mark>\*\*|__)(?=\S)(?P<label>[^\n*]{2,80}?)(?<=\S)(?P=mark)\s*:?\s+(?P<rest>\S.*)",
    re.DOTALL,
)
"""A paragraph that begins with a heading of its own: `**Health.** A provider becomes ...`."""
NUMBERED = re.compile(r"^(?:[A-Z]{1,3}-?\d{1,3}(?:\.\d+)*)[.):]\s+", re.MULTILINE)
"""Lines that begin with an identifier, `F1. Every release ...`, are a list without its marks."""
CHECKBOX = re.compile(r"^\[[ xX]\]\s*")
KEY = re.compile(r"\b[A-Z]{2,}-\d+\b")
DEFECT = re.compile(
    r"\b(?:bug|BUG|defect)\b.*\b[A-Z]{2,}-\d+\b|\b[A-Z]{2,}-\d+\b.*\b(?:bug|defect)\b"
)
"""Who names a defect with its ticket wants it mended."""
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
