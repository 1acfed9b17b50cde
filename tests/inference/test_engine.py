"""The real model on the real vLLM. It takes half a minute, and as long again the first time."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference import engine as engine_module
from inference.checksums import cache_folder
from inference.engine import Done, Engine, Sampling, kv_bytes
from inference.models import DEFAULT_MODEL, ModelFolder, find_model, read_folder
from tickets.files import InputError

GRAMMAR = """root ::= "# Plan\\n" item{3}
item ::= "- " [^\\n]+ "\\n"
"""
# vLLM's own, of its grammar backend; as an error it would fail the request.
pytestmark = pytest.mark.filterwarnings("ignore:max_rollback_tokens is deprecated")
QUESTION = [{"role": "user", "content": "Name three things that a search engine does."}]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    home = cache_folder()  # made before each test gets a cache of its own
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANLOOM_CACHE", str(home))
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield Engine(find_model(DEFAULT_MODEL, print), batch=4, context=1024)


def run(engine: Engine) -> dict[str, Done]:
    done: dict[str, Done] = {}
    try:
        while engine.pending:
            done |= {each.key: each for each in engine.step()}
    finally:
        engine.drop()
    return done


def test_constrained_free_and_drawn_in_one_batch(engine: Engine) -> None:
    prompt = engine.encode(QUESTION)
    engine.add("bound", prompt, Sampling(max_tokens=200, grammar=GRAMMAR, line_tokens=12))
    engine.add("free", prompt, Sampling(max_tokens=20))
    engine.add(
        "drawn",
        prompt,
        Sampling(100, grammar=GRAMMAR, line_tokens=12, samples=3, temperature=0.9, seed=1),
    )
    assert engine.pending == 3
    before = engine.written
    done = run(engine)
    assert engine.written - before == sum(c.tokens for d in done.values() for c in d.completions)

    (bound,) = done["bound"].completions
    assert bound.finish == "stop"
    lines = bound.text.splitlines()
    assert lines[0] == "# Plan"
    assert len(lines) == 4
    assert all(line.startswith("- ") for line in lines[1:])
    assert all(engine.count_tokens(line + "\n") <= 13 for line in lines)

    (free,) = done["free"].completions
    assert (free.finish, free.tokens) == ("length", 20)
    assert done["free"].prompt_tokens == len(prompt)

    drawn = done["drawn"].completions
    assert len({c.text for c in drawn}) == 3
    assert all(c.text.startswith("# Plan\n- ") and c.text.count("\n") == 4 for c in drawn)


def test_greedy_and_seeded_completions_repeat(engine: Engine) -> None:
    prompt = engine.encode(QUESTION)
    for sampling in (Sampling(24), Sampling(24, samples=2, temperature=1.0, seed=5)):
        texts = []
        for _ in range(2):
            engine.add("x", prompt, sampling)
            texts.append([c.text for c in run(engine)["x"].completions])
        assert texts[0] == texts[1]


def test_going_round_in_circles_is_noticed(engine: Engine) -> None:
    prompt = engine.encode(
        [{"role": "user", "content": "Repeat the same line forever: " + "the log is long\n" * 12}]
    )
    engine.add("x", prompt, Sampling(max_tokens=300))
    (completion,) = run(engine)["x"].completions
    assert completion.finish in ("repetition", "stop")
    assert completion.tokens < 300


def test_dropped_requests_leave_nothing(engine: Engine) -> None:
    engine.add("x", engine.encode(QUESTION), Sampling(500))
    engine.step()
    with pytest.raises(ValueError, match="is not finished"):
        engine.add("x", engine.encode(QUESTION), Sampling(5))
    engine.drop()
    assert engine.pending == 0
    engine.add("x", engine.encode(QUESTION), Sampling(5))
    assert run(engine)["x"].completions[0].tokens == 5


def test_more_than_the_context_is_refused(engine: Engine) -> None:
    assert engine.context == 1024
    with pytest.raises(ValueError, match="exceed the context"):
        engine.add("x", [1] * 600, Sampling(500))


def test_what_the_libraries_print_stays_off_standard_output(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with engine_module._captured(verbose=False):
        os.write(1, b"from a library\n")
        os.write(2, b"from another\n")
    assert capfd.readouterr() == ("", "")
    with engine_module._captured(verbose=True):
        os.write(1, b"from a library\n")
    assert capfd.readouterr() == ("", "from a library\n")


def test_a_crash_shows_what_was_printed(capfd: pytest.CaptureFixture[str]) -> None:
    def crash() -> None:
        with engine_module._captured(verbose=False):
            os.write(1, b"the reason\n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert capfd.readouterr() == ("", "the reason\n")


def test_too_little_memory_is_said(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model: ModelFolder = read_folder("tiny", tiny_model)
    monkeypatch.setattr(engine_module, "free_memory", lambda: 1 << 20)
    with pytest.raises(InputError, match=r"0\.0 GiB are to spare; ask for a smaller --context"):
        engine_module._cpu_settings(model, 8192, 1)
    monkeypatch.setattr(engine_module, "free_memory", lambda: 1 << 30)
    settings = engine_module._cpu_settings(model, 1024, 3)
    # 2 x 2 layers x 2 heads x 8 wide x 2 bytes, for 8 blocks of 128 tokens and a spare one.
    assert settings["kv_cache_memory_bytes"] == 3 * 128 * 9 * 128


def test_bytes_of_a_token() -> None:
    smollm = {
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "hidden_size": 576,
    }
    assert kv_bytes(smollm) == 23_040
