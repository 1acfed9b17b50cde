"""Checkpoints on a disk that may be full: the last good one stays."""

import shutil
from pathlib import Path
from typing import Any

from transformers import Trainer

from tickets.files import InputError
from training.checkpoints import is_disk_error, newest_whole


class SafeSaves:
    """For a trainer of TRL: a checkpoint is written wholly, or taken away again.

    TRL writes a card of its own into each checkpoint; ours comes with the adapter.
    """

    args: Any
    state: Any

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        try:
            Trainer._save_checkpoint(self, model, trial)
        except Exception as error:
            if not is_disk_error(error):
                raise
            shutil.rmtree(folder, ignore_errors=True)
            last = newest_whole(Path(self.args.output_dir))
            raise InputError(
                f"{folder}: the checkpoint cannot be written ({error}); free space there, then the "
                f"same command goes on from {last.name if last else 'the beginning'}"
            ) from error
