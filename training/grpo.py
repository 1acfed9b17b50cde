"""A second stage: the adapter learns from the scores of its own plans (GRPO, Shao et al. 2024).

    ./planloom train grpo configs/train/smollm2-135m-grpo-gpu.yaml [KEY=VALUE ...]

For each document several plans are drawn without a grammar and scored by the core's rules
(`training.reward`); what scores above the mean of its group becomes likelier.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from tickets.prompt import format_hash
from training.adapter import write_adapter
from training.callbacks import Interrupt, MarkWhole, Progress, Say
from training.checkpoints import claim, newest_whole
from training.config import Count, TrainConfig
from training.model import load_model
from training.reward import PlanReward
from training.rows import chosen_chats, make_rows, manifest_hash
from training.train import adapter_hash, run_facts, weights_hash


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
        if self.packing:
            raise ValueError("packing is for the first stage; drawn plans are not packed")
        return self


def reinforce(config: GrpoConfig, folder: Path, say: Say) -> Path | None:
    """Train as `config` says; the adapter's folder, or None if it was interrupted.

    Raises:
        InputError: the adapter, the dataset or a row cannot be used.
    """
    import torch
    from datasets import Dataset
    from transformers import AutoTokenizer, PrinterCallback
    from trl import GRPOConfig, GRPOTrainer

    manifest = manifest_hash(config.examples.path)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    chats = list(chosen_chats(config.examples))
    rows = make_rows(chats, tokenizer, config.examples.length)
    model = load_model(config, folder)
    decides = {"examples", "lora", "optimizer", "seed", "samples", "tokens", "temperature", "beta"}
    identity = {
        "model": weights_hash(folder),
        "data": manifest,
        "format": format_hash(),
        "adapter": adapter_hash(config.adapter),
        **config.model_dump(mode="json", include=decides, exclude={"examples": {"path"}}),
    }
    claim(config.output, identity)
    last = newest_whole(config.output)
    optimizer = config.optimizer
    on_gpu = torch.cuda.is_available()
    interrupt = Interrupt(say)

    trainer = GRPOTrainer(
        model=model,
        reward_funcs=PlanReward(tokenizer.eos_token_id),
        args=GRPOConfig(
            output_dir=str(config.output),
            per_device_train_batch_size=optimizer.batch,
            gradient_accumulation_steps=optimizer.accumulation,
            num_train_epochs=optimizer.epochs,
            max_steps=optimizer.steps or -1,
            learning_rate=optimizer.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=optimizer.warmup,
            weight_decay=optimizer.weight_decay,
            max_grad_norm=optimizer.most_norm,
            num_generations=config.samples,
            max_completion_length=config.tokens,
            temperature=config.temperature,
            beta=config.beta,
            use_vllm=config.vllm,
            vllm_mode="colocate",
            bf16=True,
            use_cpu=not on_gpu,
            gradient_checkpointing=config.checkpoint,
            save_strategy="steps",
            save_steps=config.save,
            save_total_limit=2,
            logging_steps=config.log,
            include_num_input_tokens_seen="no",
            report_to=list(config.report) or "none",
            seed=config.seed,
            dataloader_pin_memory=on_gpu,
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([{"prompt": chat.prompt} for chat in chats]),
        processing_class=tokenizer,
        callbacks=[Progress(say), interrupt, MarkWhole()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    if interrupt.stopped:
        say(f"stopped; the same command goes on from {newest_whole(config.output)}")
        return None
    facts = run_facts(config, identity, len(rows), trainer)
    tuned = trainer.accelerator.unwrap_model(trainer.model)
    made = write_adapter(tuned, config, facts, trainer.state.log_history)
    say(f"the adapter is in {made}")
    return made
