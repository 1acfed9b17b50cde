import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from inference import lora
from inference.lora import find_adapter, merged_model, read_adapter, stable_copy
from inference.models import ModelFolder, read_folder, read_header
from tickets.files import InputError
from tickets.prompt import format_hash

FORMAT = format_hash()


@pytest.fixture(scope="session")
def made_adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("adapter")
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    config = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
    tuned = get_peft_model(model, config)
    torch.manual_seed(3)
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    tuned.save_pretrained(str(folder))
    (folder / "planloom.json").write_text(json.dumps({"format_hash": FORMAT}))
    return folder


@pytest.fixture
def adapter(made_adapter: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made_adapter, tmp_path / "adapter")


@pytest.fixture
def model(tiny_model: Path) -> ModelFolder:
    return read_folder("tiny", tiny_model)


def configure(adapter: Path, **fields: Any) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_merged_weights_answer_like_model_and_adapter(adapter: Path, model: ModelFolder) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    def load(path: Path) -> Any:
        return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)

    said: list[str] = []
    merged = merged_model(model, read_adapter(adapter, model), said.append)
    assert said == ["merging the adapter adapter into tiny, once"]
    assert merged.hash != model.hash
    ids = torch.arange(1, 60)[None]
    with torch.inference_mode():
        base = load(model.path)(ids).logits
        tuned = PeftModel.from_pretrained(load(model.path), str(adapter))(ids).logits
        found = load(merged.path)(ids).logits
    assert (tuned - found).abs().max() < 0.05
    assert (base - found).abs().max() > 0.2
    again = merged_model(model, read_adapter(adapter, model), pytest.fail)
    assert again == merged


def test_a_merge_that_answers_differently_is_refused(
    adapter: Path, model: ModelFolder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import peft

    monkeypatch.setattr(
        peft.PeftModel, "merge_and_unload", lambda self: self.unload(), raising=False
    )
    with pytest.raises(InputError, match="nats from model"):
        merged_model(model, read_adapter(adapter, model), print)
    assert [path.suffix for path in (cache / "merged").iterdir()] == [".lock"]


def test_an_adapter_of_another_format_is_refused(adapter: Path, model: ModelFolder) -> None:
    (adapter / "planloom.json").write_text(json.dumps({"format_hash": "0123456789abcdef"}))
    with pytest.raises(InputError, match="trained with the format 0123456789ab, this version use"):
        read_adapter(adapter, model)
    (adapter / "planloom.json").unlink()
    with pytest.raises(InputError, match=r"planloom\.json is missing"):
        read_adapter(adapter, model)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"use_dora": True}, "use_dora is set .DoRA., which vLLM does not load"),
        ({"lora_bias": True}, "lora_bias is set"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save is set"),
        ({"bias": "all"}, "bias must be none"),
        ({"r": 1024}, "vLLM takes 1 to 512"),
        ({"r": 0}, "vLLM takes 1 to 512"),
        ({"rank_pattern": {"q_proj": 513}}, "vLLM takes 1 to 512"),
        ({"init_lora_weights": "pissa"}, "changes the base weights"),
        ({"peft_type": "IA3"}, "its type is IA3, not LORA"),
    ],
)
def test_what_vllm_does_not_load_is_refused(
    adapter: Path, model: ModelFolder, fields: dict[str, Any], message: str
) -> None:
    configure(adapter, **fields)
    with pytest.raises(InputError, match=message):
        read_adapter(adapter, model)


def test_the_rank_is_the_next_that_vllm_makes_room_for(adapter: Path, model: ModelFolder) -> None:
    assert read_adapter(adapter, model).rank == 8
    configure(adapter, rank_pattern={"q_proj": 24})
    assert read_adapter(adapter, model).rank == 32


def test_an_adapter_of_another_model_is_refused(
    adapter: Path, model: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = read_header

    def wider(file: Path) -> dict[str, list[int]]:
        return {k: [2 * n for n in shape] for k, shape in real(file).items()}

    def renamed(file: Path) -> dict[str, list[int]]:
        return {k.replace("q_proj", "query"): shape for k, shape in real(file).items()}

    tensors = real(adapter / "adapter_model.safetensors")
    monkeypatch.setattr(lora, "read_header", wider)
    with pytest.raises(InputError, match="belongs to another model"):
        lora._check_shapes(adapter, tensors, model)
    monkeypatch.setattr(lora, "read_header", renamed)
    with pytest.raises(InputError, match="has no counterpart in the model tiny"):
        lora._check_shapes(adapter, tensors, model)


def test_files_that_are_missing_or_unsafe(adapter: Path, model: ModelFolder) -> None:
    weights = adapter / "adapter_model.safetensors"
    weights.rename(adapter / "adapter_model.bin")
    with pytest.raises(InputError, match="only a pickle, which could run code"):
        read_adapter(adapter, model)
    (adapter / "adapter_model.bin").rename(weights)
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(InputError, match="damaged"):
        read_adapter(adapter, model)
    with pytest.raises(InputError, match="there is no such folder"):
        read_adapter(adapter / "nowhere", model)


def test_another_content_gets_another_folder(adapter: Path, model: ModelFolder) -> None:
    first = stable_copy(read_adapter(adapter, model))
    configure(adapter, lora_alpha=99)
    second = stable_copy(read_adapter(adapter, model))
    assert first != second
    assert first.is_dir()
    assert "99" not in (first / "adapter_config.json").read_text()


def test_the_shipped_adapters(
    model: ModelFolder, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "SHIPPED", tmp_path)
    assert find_adapter("auto", model) is None
    with pytest.raises(InputError, match=r"^adapter staged: none of this format comes with tiny"):
        find_adapter("staged", model)
    shutil.copytree(adapter, tmp_path / "tiny-whole")
    adapter.rename(tmp_path / "tiny-staged")
    assert find_adapter("auto", model) == tmp_path / f"tiny-{lora.DEFAULT_FORMAT}"
    assert find_adapter("whole", model) == tmp_path / "tiny-whole"
    assert find_adapter("staged", model) == tmp_path / "tiny-staged"
    assert find_adapter("none", model) is None
    assert find_adapter("out/mine", model) == Path("out/mine")
