"""LoRA adapters: found, checked before anything is loaded, and on a CPU merged into the model.

vLLM applies an adapter at run time on a GPU; on a CPU that costs more than half of the speed, so
there the merged model is made once and kept in the cache.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any, Final, NamedTuple

from inference.checksums import MANIFEST, Say, built_folder, file_hashes, text_hash
from inference.models import ModelFolder, read_folder, read_header, weight_files
from tickets.adapters import RECORD, check_adapter_config
from tickets.files import InputError, nearest
from tickets.formats import FORMATS, Format, FormatName, find_format
from tickets.models import cache_folder

SHIPPED: Final = Path(__file__).parent / "adapters"
"""A folder for each adapter that comes with Planloom, named like its model and its format."""

DEFAULT_FORMAT: Final[FormatName] = "staged"
"""The format of the adapter that is used where none is named."""

PARITY_NATS: Final = 0.005
"""How far the merged model may lie from model + adapter: mean Kullback-Leibler divergence of the
next token, in nats. Rounding to bf16 alone makes about 0.0001."""

_PARITY_TEXT = """# Jira Tickets Structure - Saved Searches

## Epic Structure

### Epic 1: Search Service
**Epic Title**: Store and run saved searches
**Epic Owner**: Platform Team
**Story Points**: 21

##### Story 1.1: Search storage
**Description**: Keep each user's searches, with a name and a time of change.
"""

_LORA_KEY = re.compile(r"base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight")


class Adapter(NamedTuple):
    """A checked adapter: its folder, the hash of its files, its rank (as vLLM counts it), and the
    format that it was trained on.
    """

    name: str
    path: Path
    hash: str
    rank: int
    form: Format


def shipped_adapter(model: ModelFolder, form: FormatName = DEFAULT_FORMAT) -> Path | None:
    """The folder of the adapter that comes with Planloom for `model`, None if there is none."""
    folder = SHIPPED / f"{model.name}-{form}"
    return folder if (folder / "adapter_config.json").is_file() else None


def find_adapter(name: str, model: ModelFolder) -> Path | None:
    """The folder of the adapter that is wanted, None for the base model alone.

    Args:
        name: a folder; `auto`, the one that comes with the model, if one does; `whole` or `staged`,
            the one of that format; `none`.
        model: the model it is for.

    Raises:
        InputError: none of that format comes with the model.
    """
    if name == "none":
        return None
    if name == "auto":
        return shipped_adapter(model)
    for form in FORMATS:
        if name == form:
            folder = shipped_adapter(model, form)
            if folder is None:
                raise InputError(
                    f"adapter {name}: none of this format comes with {model.name}; train one, and "
                    "name its folder"
                )
            return folder
    return Path(name).expanduser()


def read_adapter(path: Path, model: ModelFolder) -> Adapter:
    """The adapter in `path`, checked against the model, the format and what vLLM loads.

    Args:
        path: a folder with `adapter_config.json`, `adapter_model.safetensors` and `planloom.json`,
            in which `format_hash` says what it was trained on.
        model: the model it is to be used with.

    Raises:
        InputError: a file is missing or damaged, the format is unknown, the weights do not
            fit the model, or it uses something that vLLM does not load.
    """
    if not path.is_dir():
        raise InputError(f"adapter {path}: there is no such folder{nearest(path)}")
    config = _read_json(path / "adapter_config.json")
    weights = path / "adapter_model.safetensors"
    if not weights.is_file():
        other = " (only a pickle, which could run code)" * (path / "adapter_model.bin").is_file()
        raise InputError(
            f"adapter {path}: adapter_model.safetensors is missing{other}; copy the whole folder"
        )
    form = _format(path)
    rank = check_adapter_config(config, f"adapter {path}")
    _check_shapes(path, read_header(weights), model)
    hashes = file_hashes([path / "adapter_config.json", weights])
    digest = text_hash(*(hashes[name] for name in sorted(hashes)))
    return Adapter(path.name, path, digest, rank, form)


def stable_copy(adapter: Adapter) -> Path:
    """The adapter's folder under a name made from its content.

    vLLM's prefix cache tells adapters apart by name and path, so a folder whose content changes
    in place would be answered from what the old one computed.

    Raises:
        InputError: the cache cannot be written.
    """
    folder = cache_folder() / "adapters" / adapter.hash[:16]

    def build(new: Path) -> None:
        for name in ("adapter_config.json", "adapter_model.safetensors"):
            shutil.copyfile(adapter.path / name, new / name)

    return built_folder(folder, build, lambda _: None, f"the adapter {adapter.name}")


def merged_model(model: ModelFolder, adapter: Adapter, say: Say) -> ModelFolder:
    """The model with the adapter merged into its weights, made once and kept in the cache.

    Raises:
        InputError: see `merge_into`; or the cache cannot be written.
    """
    folder = cache_folder() / "merged" / f"{model.hash[:12]}-{adapter.hash[:12]}"

    def build(new: Path) -> None:
        say(f"merging the adapter {adapter.name} into {model.name}, once")
        merge_into(model, adapter, new)

    built_folder(folder, build, say, f"the model {model.name} with {adapter.name}")
    return read_folder(model.name, folder)


def merge_into(model: ModelFolder, adapter: Adapter, folder: Path) -> float:
    """Write the model with the adapter merged into its weights to `folder`, which is there.

    Returns:
        How far it lies from model + adapter, in nats (see `PARITY_NATS`).

    Raises:
        InputError: it lies farther away than is allowed.
    """
    for file in model.path.iterdir():
        if file.is_file() and file.suffix != ".safetensors" and file.name != MANIFEST:
            shutil.copyfile(file, folder / file.name)
    (folder / "model.safetensors.index.json").unlink(missing_ok=True)
    distance = _merge(model.path, adapter.path, folder)
    if not distance <= PARITY_NATS:
        raise InputError(
            f"adapter {adapter.path}: merged into {model.name} it lies {distance:.4f} nats "
            f"from model + adapter (at most {PARITY_NATS} are allowed); train it with a "
            "smaller alpha or learning rate, or use it on a GPU, where it is not merged"
        )
    return distance


def _merge(model: Path, adapter: Path, folder: Path) -> float:
    """Write the merged weights in bf16 and measure them as read back; returns nats."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    tokenizer = AutoTokenizer.from_pretrained(model, local_files_only=True)
    ids = torch.tensor([tokenizer.encode(_PARITY_TEXT)])

    def load(path: Path) -> Any:
        return AutoModelForCausalLM.from_pretrained(
            path, dtype=torch.float32, local_files_only=True, trust_remote_code=False
        )

    with torch.inference_mode():
        tuned = PeftModel.from_pretrained(load(model), str(adapter)).eval()
        expected = tuned(input_ids=ids).logits[0].log_softmax(-1)
        tuned.merge_and_unload().to(torch.bfloat16).save_pretrained(folder)
        found = load(folder).eval()(input_ids=ids).logits[0].log_softmax(-1)
        return float((expected.exp() * (expected - found)).sum(-1).mean())


def _format(path: Path) -> Format:
    trained = str(_read_json(path / RECORD).get("format_hash"))
    form = find_format(trained)
    if form is None:
        known = " or ".join(f"{each.hash[:12]} ({each.name})" for each in FORMATS.values())
        raise InputError(
            f"adapter {path}: it was trained with the format {trained[:12]}, this version "
            f"uses {known}; train it anew, or use the version that it was trained with"
        )
    return form


def _check_shapes(path: Path, tensors: dict[str, list[int]], model: ModelFolder) -> None:
    """Each low-rank pair must stand beside a weight of the model and have its sides."""
    base: dict[str, list[int]] = {}
    for file in weight_files(model.name, model.path):
        base |= read_header(file)
    if not tensors:
        raise InputError(f"adapter {path}: it holds no weights")
    for key, shape in tensors.items():
        match = _LORA_KEY.fullmatch(key)
        weight = base.get(f"{match[1]}.weight") if match else None
        if match is None or weight is None:
            raise InputError(
                f"adapter {path}: {key} has no counterpart in the model {model.name}; the "
                "adapter belongs to another model"
            )
        # A: [rank, in]; B: [out, rank]; the weight: [out, in].
        own, needed = (shape[1], weight[1]) if match[2] == "A" else (shape[0], weight[0])
        if own != needed:
            raise InputError(
                f"adapter {path}: {key} has {own} where the model {model.name} has {needed}; "
                "the adapter belongs to another model"
            )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"adapter {file.parent}: {file.name} is missing; name the folder that training wrote"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({error}); copy it again") from error
    if not isinstance(content, dict):
        raise InputError(f"{file}: is not a JSON object; copy it again")
    return content
