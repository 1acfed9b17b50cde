"""Rows whose examples begin alike, computed as a tree: the beginning once, then each branch.

A branch attends to the trunk and to itself, and its positions go on where the trunk's end, so each
example is computed as if it stood alone (as speculative decoding verifies several continuations at
once: Miao et al. 2023, "SpecInfer", tree attention).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from training.rows import IGNORED


class TreeCollator:
    """Makes batches of rows, trees among them or not.

    Args:
        pad: the token that fills up shorter rows.
    """

    def __init__(self, pad: int) -> None:
        self._pad = pad

    def __call__(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """A batch: `input_ids`, `labels`, `position_ids` [rows, tokens], and `attention_mask`
        [rows, 1, tokens, tokens], true where a token attends to another.

        Args:
            rows: `input_ids` and `labels` [n], `parts` (see `training.rows.Row`).
        """
        most = max(len(row["input_ids"]) for row in rows)
        return {
            "input_ids": _padded([row["input_ids"] for row in rows], self._pad),
            "labels": _padded([row["labels"] for row in rows], IGNORED),
            "position_ids": _padded([positions(row["parts"]).tolist() for row in rows], 0),
            "attention_mask": torch.stack([mask(row["parts"], most) for row in rows])[:, None],
        }


def positions(parts: Sequence[int]) -> torch.Tensor:
    """The position of each token of a row: [n]."""
    trunk, *branches = parts
    return torch.cat([torch.arange(trunk), *(trunk + torch.arange(size) for size in branches)])


def mask(parts: Sequence[int], size: int) -> torch.Tensor:
    """Whether a token (first axis) attends to another: [size, size].

    Tokens behind the row, which pad it, attend to themselves alone.
    """
    branch = torch.full((size,), -1)
    branch[: sum(parts)] = torch.repeat_interleave(torch.arange(len(parts)), torch.tensor(parts))
    seen = (branch[:, None] == branch) | ((branch == 0) & (branch[:, None] > 0))
    seen &= torch.ones(size, size, dtype=torch.bool).tril()
    seen[branch == -1] = False
    return seen | torch.eye(size, dtype=torch.bool)


def _padded(rows: Sequence[Sequence[int]], value: int) -> torch.Tensor:
    tensors = [torch.tensor(row) for row in rows]
    return pad_sequence(tensors, batch_first=True, padding_value=value)
