import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.progress import Progress, describe


def test_of_two_guesses_at_the_time_left_the_lower_one_is_told() -> None:
    # 3 of 4 took 30 s, so the last takes 10 s; by tokens it would be (4000 - 1000) / 33 a second.
    line = describe("tuned", 3, 4, 1000, 1000, 30.0)
    assert line == "tuned: 3 of 4 plans, 1000 tokens, 33/s, about 10 s left"
    # None is done: (4000 - 1000) * 30 / 1000.
    assert describe("tuned", 0, 4, 1000, 1000, 30.0).endswith("about 2 min left")
    assert "left" not in describe("tuned", 0, 4, 1000, 4, 30.0)


@given(
    done=st.integers(0, 50),
    more=st.integers(0, 50),
    tokens=st.integers(0, 10**7),
    seconds=st.floats(0.1, 10**6),
)
def test_the_time_left_is_never_negative(done: int, more: int, tokens: int, seconds: float) -> None:
    assert "-" not in describe("x", done, done + more + 1, 3072, tokens, seconds)


def test_it_is_told_now_and_then_only(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("eval.progress.time.monotonic", lambda: clock[0])
    told: list[str] = []
    at = Progress("tuned", 2, 100, told.append)
    for second in range(50):
        clock[0] = float(second)
        at.tell(0, second)
    assert len(told) == 2
