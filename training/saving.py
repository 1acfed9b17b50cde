"""Checkpoints on a disk that may be full."""

import shutil
from pathlib import Path
from typing import Any

from transformers import Trainer


class SafeSaves:
    """For a trainer of TRL: a checkpoint is written wholly, or taken away again.

    TRL writes a card of its own into each checkpoint; ours comes with the adapter.
    """

    args: Any
    state: Any

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            Trainer._save_checkpoint(self, model, trial)  # type: ignore[arg-type]
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)
            raise
