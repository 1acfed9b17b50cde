"""What all tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "planloom",
    max_examples=100,
    deadline=None,  # machines are shared: a slow example is no failure
    derandomize=bool(os.environ.get("CI")),
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("planloom")

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT.parent / "shared" / "reference"


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def reference() -> Path:
    """The format's origin and its examples, where this machine has them."""
    if not REFERENCE.is_dir():
        pytest.skip("the format's examples (../shared/reference) are not on this machine")
    return REFERENCE
