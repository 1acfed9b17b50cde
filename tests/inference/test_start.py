import os
from pathlib import Path

import pytest

from inference import start
from inference.models import read_folder
from tickets.files import InputError


def test_what_the_libraries_print_stays_off_standard_output(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with start._captured(verbose=False):
        os.write(1, b"from a library\n")
        os.write(2, b"from another\n")
    assert capfd.readouterr() == ("", "")
    with start._captured(verbose=True):
        os.write(1, b"from a library\n")
    assert capfd.readouterr() == ("", "from a library\n")


def test_a_crash_shows_what_was_printed(capfd: pytest.CaptureFixture[str]) -> None:
    def crash() -> None:
        with start._captured(verbose=False):
            os.write(1, b"the reason\n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    assert capfd.readouterr() == ("", "the reason\n")


def test_too_little_memory_is_said(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = read_folder("tiny", tiny_model)
    monkeypatch.setattr(start, "free_memory", lambda: 1 << 20)
    with pytest.raises(InputError, match=r"0\.0 GiB are to spare; ask for a smaller --context"):
        start.cpu_settings(model, 8192, 1)
    monkeypatch.setattr(start, "free_memory", lambda: 1 << 30)
    # 2 x 2 layers x 2 heads x 8 wide x 2 bytes, for 8 blocks of 128 tokens and a spare one.
    for batch, contexts in ((1, 1), (5, 2)):
        settings = start.cpu_settings(model, 1024, batch)
        assert settings["kv_cache_memory_bytes"] == contexts * 128 * 9 * 128


def test_bytes_of_a_token() -> None:
    smollm = {
        "num_hidden_layers": 30,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "hidden_size": 576,
    }
    assert start.kv_bytes(smollm) == 23_040


def test_vllm_is_set_up_for_one_process_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VLLM_LOGGING_STREAM", "VLLM_ENABLE_V1_MULTIPROCESSING", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(start, "device", lambda: "cpu")
    monkeypatch.setattr(start, "compute_threads", lambda: 7)
    start.prepare()
    assert os.environ["VLLM_LOGGING_STREAM"] == "ext://sys.stderr"
    assert os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert os.environ["OMP_NUM_THREADS"] == "7"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")  # the user's own choice stands
    start.prepare()
    assert os.environ["OMP_NUM_THREADS"] == "3"
