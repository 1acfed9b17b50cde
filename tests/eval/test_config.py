"""A benchmark's configuration: which seeds make a difference to which system."""

from typing import Any

import pytest

from eval.config import EvalConfig


@pytest.mark.parametrize(
    ("fields", "seeds"),
    [
        ({"adapter": "whole"}, 1),
        ({"adapter": "none"}, 1),
        ({"adapter": "whole", "samples": 4}, 3),
        ({"adapter": "whole", "temperature": 0.7}, 3),
        ({"adapter": "staged"}, 3),
        ({"adapter": "staged", "samples": 1}, 1),
        ({"adapter": "staged", "samples": 4, "temperature": 0}, 1),
    ],
)
def test_only_systems_that_are_drawn_get_all_seeds(fields: dict[str, Any], seeds: int) -> None:
    config = EvalConfig.model_validate(
        {
            "output": "run",
            "documents": [{"path": "documents"}],
            "systems": [{"name": "one", "kind": "engine", **fields}],
            "seeds": [0, 1, 2],
        }
    )
    assert len(config.seeds_of(config.systems[0])) == seeds
