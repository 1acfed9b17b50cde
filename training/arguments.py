"""What the trainers of both stages are told alike."""

import os
from typing import Any

from tickets.files import InputError
from training.config import TrainConfig


def common_arguments(config: TrainConfig) -> dict[str, Any]:
    """The arguments of Transformers' trainer that a run's configuration decides."""
    import torch

    optimizer = config.optimizer
    on_gpu = torch.cuda.is_available()
    return {
        "output_dir": str(config.output),
        "per_device_train_batch_size": optimizer.batch,
        "gradient_accumulation_steps": optimizer.accumulation,
        "num_train_epochs": optimizer.epochs,
        "max_steps": optimizer.steps or -1,
        "learning_rate": optimizer.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": optimizer.warmup,
        "weight_decay": optimizer.weight_decay,
        "max_grad_norm": optimizer.most_norm,
        "bf16": True,
        "use_cpu": not on_gpu,
        "ddp_backend": "gloo" if processes() > 1 and not on_gpu else None,
        "gradient_checkpointing": config.checkpoint,
        "save_strategy": "steps",
        "save_steps": config.save,
        "save_total_limit": 2,
        "logging_steps": config.log,
        "report_to": list(config.report) or "none",
        "seed": config.seed,
        "dataloader_pin_memory": on_gpu,
        "disable_tqdm": True,
    }


def processes() -> int:
    """How many processes train together, as accelerate and torchrun tell each of them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def sharded() -> bool:
    """Whether accelerate was asked to spread the weights over the processes (FSDP)."""
    return os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true"


def check_processes(config: TrainConfig) -> None:
    """Refuse what the processes that were started cannot do.

    Raises:
        InputError: plans are wanted of spread weights; or one process sees several GPUs.
    """
    import torch

    if sharded() and config.watch.documents:
        raise InputError(
            f"watch.documents={config.watch.documents}: under FSDP no process has the whole model "
            "to write plans with; set watch.documents=0, and plan the documents with the finished "
            "adapter"
        )
    seen = torch.cuda.device_count()
    if seen > 1 and "LOCAL_RANK" not in os.environ:
        raise InputError(
            f"{seen} GPUs are visible to one process; use one with CUDA_VISIBLE_DEVICES=0, or all "
            f"with accelerate launch --num_processes {seen} -m training.train CONFIG"
        )
