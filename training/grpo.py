"""A second stage: the adapter learns from the scores of its own plans (GRPO, Shao et al. 2024).

    ./planloom train grpo configs/train/smollm2-135m-grpo-gpu.yaml [KEY=VALUE ...]

For each document several plans are drawn without a grammar and scored by the core's rules
(`training.reward`); what scores above the mean of its group becomes likelier.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from training.arguments import check_processes, common_arguments
from training.callbacks import Interrupt, MarkWhole, Progress, Say
from training.checkpoints import claim
from training.config import Count, TrainConfig
from training.identity import identity
from training.model import load_model
from training.reward import PlanReward
from training.rows import chosen_chats, make_rows, manifest_hash
from training.train import leave_adapter, ran_to_its_end


class GrpoConfig(TrainConfig):
    """A run of the second stage, from the adapter of the first on.

    `samples` plans of up to `tokens` are drawn per document at `temperature`; `beta` weighs the
    distance to the model before. Several rows of `optimizer.batch` x `accumulation` make a group,
    so their product must be a multiple of `samples`.
    """

    samples: Annotated[int, Field(ge=2)] = 8
    tokens: Count = 2048
    temperature: float = Field(default=1, gt=0)
    beta: float = Field(default=0, ge=0)
    vllm: bool = False

    @model_validator(mode="after")
    def _groups(self) -> Self:
        a_step = self.optimizer.batch * self.optimizer.accumulation
        if a_step % self.samples:
            raise ValueError(
                f"optimizer.batch x optimizer.accumulation ({a_step}) must be a multiple of "
                f"samples ({self.samples})"
            )
        if self.examples.format != "whole":
            raise ValueError("a drawn plan is one completion; set examples.format to whole")
        if self.packing:
            raise ValueError("packing is for the first stage; drawn plans are not packed")
        return self


def reinforce(config: GrpoConfig, folder: Path, say: Say) -> Path | None:
    """Train as `config` says; the adapter's folder, or None if it was interrupted.

    Raises:
        InputError: the adapter, the dataset or a row cannot be used.
    """
    from datasets import Dataset
    from transformers import AutoTokenizer, PrinterCallback
    from trl import GRPOConfig, GRPOTrainer

    from training.estimate import check_room, estimate_memory
    from training.saving import SafeSaves

    class Reinforcer(SafeSaves, GRPOTrainer):  # type: ignore[misc]
        """TRL's trainer with our checkpoints."""

    check_processes(config)
    manifest = manifest_hash(config.examples.path, "whole")
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    pairs = list(chosen_chats(config.examples))
    rows = make_rows(pairs, tokenizer, config.examples.length)
    model = load_model(config, folder)
    longest = max(row.prompt for row in rows) + config.tokens
    memory = estimate_memory(model, config, longest, config.tokens)
    check_room(model, memory, config.output)
    decides = {"examples", "lora", "optimizer", "seed", "samples", "tokens", "temperature", "beta"}
    ours = identity(config, folder, manifest, decides, teaches=False)
    claim(config.output, ours)
    interrupt = Interrupt(say)
    trainer = Reinforcer(
        model=model,
        reward_funcs=PlanReward(tokenizer.eos_token_id),
        args=GRPOConfig(
            **common_arguments(config),
            num_generations=config.samples,
            max_completion_length=config.tokens,
            temperature=config.temperature,
            beta=config.beta,
            use_vllm=config.vllm,
            vllm_mode="colocate",
            include_num_input_tokens_seen="no",
        ),
        train_dataset=Dataset.from_list([{"prompt": chat.prompt} for (chat,) in pairs]),
        processing_class=tokenizer,
        callbacks=[Progress(say), interrupt, MarkWhole()],
    )
    trainer.remove_callback(PrinterCallback)
    if not ran_to_its_end(trainer, config, interrupt, say):
        return None
    return leave_adapter(trainer, config, ours, len(rows), say)
