"""A model of two layers with a tokenizer of bytes, made in a moment, for all that needs one."""

from pathlib import Path

import pytest

from inference.start import prepare
from tests.tiny_models import make_tiny_model

prepare()  # before any test imports torch, as in use


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a cache of its own, so that none can damage the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("PLANLOOM_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random Llama of two layers."""
    return make_tiny_model(tmp_path_factory.mktemp("tiny-model"))
