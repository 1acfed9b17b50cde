"""TRL's trainer with what a plan needs: loss on the completion, and apart for what matters."""

import time
from typing import Any

import torch
from trl import SFTTrainer

from training.kinds import KINDS, TokenKinds
from training.rows import IGNORED
from training.saving import SafeSaves


class PlanTrainer(SafeSaves, SFTTrainer):  # type: ignore[misc]
    """Trains on rows that are tokenised and checked (`training.rows`).

    The loss is TRL's: the mean negative log-likelihood of the completion's tokens over the whole
    batch. On a GPU the log-likelihoods come from TRL's fused head; on a CPU that head computes the
    prompt's tokens too, so there only the completion's are computed, 49,152 logits each.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kinds = TokenKinds(self.processing_class)
        self._started = time.monotonic()
        self._before = 0.0
        self._history: Any = None

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The loss of a batch, a scalar that carries the gradient; in nats per token.

        Args:
            model: as the trainer has wrapped it.
            inputs: `input_ids` and `labels` [rows, tokens], and what the collator adds.
            return_outputs: not needed here, since nothing asks for logits.
            num_items_in_batch: tokens with loss in all parts of the step, on all devices.
        """
        inputs = {**inputs, "use_cache": False}
        labels = inputs.pop("labels")
        if labels.device.type == "cpu":
            losses, target = _cpu_losses(model, inputs, labels)
        else:
            outputs = model(**inputs, labels=labels, fused_lm_head=True)
            losses, target = -outputs.log_probs[outputs.label_mask], labels[:, 1:]
            target = target[outputs.label_mask]
        count = losses.numel() if num_items_in_batch is None else num_items_in_batch
        loss = losses.sum() / torch.as_tensor(count, device=losses.device).clamp(min=1)
        if self.args.average_tokens_across_devices and num_items_in_batch is not None:
            # DDP takes the mean of the devices' gradients, and the count is that of all of them.
            loss = loss * self.accelerator.num_processes
        self._note(losses.detach(), target)
        return (loss, None) if return_outputs else loss

    def _note(self, losses: torch.Tensor, target: torch.Tensor) -> None:
        """Put the batch's figures where TRL's `log` takes its means from."""
        mode = "train" if self.model.training else "eval"
        metrics = self._metrics[mode]
        values = losses.float().cpu()
        kinds = torch.tensor(self._kinds.of(target.tolist()))
        for place, name in enumerate(KINDS):
            own = values[kinds == place]
            if own.numel():
                metrics[f"loss_{name}"].append(own.mean().item())

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log with the `seconds` that the run has taken, those before a resumption included."""
        history = self.state.log_history
        if history is not self._history:
            self._history, self._started = history, time.monotonic()
            self._before = history[-1].get("seconds", 0.0) if history else 0.0
        logs["seconds"] = round(self._before + time.monotonic() - self._started, 1)
        super().log(logs, start_time)

    def prediction_step(
        self,
        model: Any,
        inputs: Any,
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[torch.Tensor, None, None]:
        """The loss of held-out rows; logits are never kept."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad(), self.compute_loss_context_manager():
            return self.compute_loss(model, inputs).detach(), None, None


def _cpu_losses(
    model: Any, inputs: dict[str, Any], labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The losses of the tokens that carry one, and the tokens: [n] each, rows one after another.

    Args:
        model: as the trainer has wrapped it.
        inputs: without labels.
        labels: [rows, tokens].
    """
    mask = inputs.get("attention_mask")
    if mask is not None and bool(mask.all()):
        inputs = {key: value for key, value in inputs.items() if key != "attention_mask"}
    wanted = labels[:, 1:] != IGNORED
    places = wanted.any(dim=0).nonzero().squeeze(1)
    logits = model(**inputs, logits_to_keep=places).logits
    chosen = wanted[:, places]
    target = labels[:, 1:][:, places][chosen]
    # Of one row all are chosen, and choosing would copy them.
    logits = logits.flatten(0, 1) if bool(chosen.all()) else logits[chosen]
    losses = torch.nn.functional.cross_entropy(logits.float(), target, reduction="none")
    return losses, target
