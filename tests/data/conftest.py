"""What the tests of `data` share."""

from pathlib import Path

import pytest

from tests.data.making import write_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tokenizer with a chat template."""
    return write_model(tmp_path_factory.mktemp("model") / "tiny")
