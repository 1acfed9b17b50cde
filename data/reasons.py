"""Why a pair can be left out, by the code that manifest, card and rejected.jsonl use."""

from typing import Final

REASONS: Final = {
    "bad-row": "a line of a JSONL file is no pair: a field is missing, unknown or of a wrong type",
    "duplicate": "its document has the same words as another one",
    "duplicate-id": "another pair has its id",
    "empty": "document or plan holds nothing",
    "encoding": "the document is not UTF-8",
    "failed": "a fault of the program, to be reported",
    "header": "the headers of document and plan are faulty, or differ",
    "held-out": "it belongs to a split that its source has no share in",
    "leak": "a held-out split, or a document for evaluation, has the same text",
    "near-duplicate": "its document is almost that of another pair",
    "no-document": "a plan without a document",
    "no-plan": "a document without a plan",
    "not-the-same": "the plan, written in the canonical form, reads as another one",
    "plan-errors": "the plan has errors; the findings stand in rejected.jsonl",
    "too-long": "more tokens than the limits allow; nothing is ever cut",
    "unreadable": "a file cannot be read, is damaged or too large",
    "weight": "not drawn, for its source weighs less than 1",
}
"""Each reason why a pair is left out."""
