"""What stands in for the engine under commands: the functions they call, and records of plans."""

from typing import Any

import pytest

import inference.plan
from inference.record import Maker, Record, Settings
from tickets.documents import Document
from tickets.parse import parse_plan
from tickets.rubric import score_plan
from tickets.rules import check_plan


def replace_engine(monkeypatch: pytest.MonkeyPatch, fakes: Any) -> None:
    """Let commands open the engine of `fakes`, and plan with it."""
    monkeypatch.setattr(inference.plan, "open_engine", fakes.open_engine)
    monkeypatch.setattr(inference.plan, "plan_documents", fakes.plan_documents)


def make_record(
    document: Document,
    maker: Maker,
    settings: Settings,
    markdown: str,
    *,
    whole: bool,
    **fields: Any,
) -> Record:
    """The record of a plan that nobody wrote."""
    plan = parse_plan(markdown).plan
    return Record(
        key="k",
        document=document.name,
        source=document.source,
        document_sha256=document.sha256,
        maker=maker,
        settings=settings,
        whole=whole,
        finish="stop" if whole else "length",
        prompt_tokens=10,
        completion_tokens=20,
        seconds=1.5,
        diagnostics=check_plan(plan),
        rubric=score_plan(plan),
        coverage=0.5,
        grounding=1.0,
        **fields,
    )
