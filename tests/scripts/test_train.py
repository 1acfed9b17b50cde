"""`train` and its commands, on a tiny model: what they print, leave and refuse."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from inference.lora import PARITY_NATS
from inference.models import read_folder
from tests.scripts.conftest import Run
from tests.tiny_models import make_tiny_model
from tests.training.conftest import row, settings, write_dataset

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model, a dataset and a configuration."""
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("train")
    model = make_tiny_model(folder / "model")
    tokenizer: Any = AutoTokenizer.from_pretrained(model)
    dataset = write_dataset(folder / "data", [row(n, tokenizer) for n in (1, 2)])
    values = settings(folder / "run", dataset, model)
    (folder / "run.yaml").write_text(yaml.safe_dump(values), "utf-8")
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANLOOM_CACHE", str(tmp_path / "cache"))


def test_a_run_ends_in_an_adapter_that_can_be_merged(run: Run, place: Path, tmp_path: Path) -> None:
    ran = run("train", place / "run.yaml")
    assert ran.status == 0, ran.err
    adapter = Path(ran.out.strip())
    assert (adapter / "adapter_model.safetensors").is_file()

    merged = tmp_path / "merged"
    options = ("-o", merged, "--model", place / "model")
    ran = run("train", "merge", adapter, *options)
    assert ran.status == 0, ran.err
    assert float(ran.err.split("planloom: ")[-1].split()[0]) <= PARITY_NATS
    assert read_folder("merged", merged).hash != read_folder("base", place / "model").hash
    ran = run("train", "merge", adapter, *options)
    assert (ran.status, "is there already" in ran.err) == (2, True)


def test_a_converter_writes_a_gguf_or_nothing_is_left(
    run: Run, place: Path, tmp_path: Path
) -> None:
    adapter = Path(run("train", place / "run.yaml").out.strip())
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("import pathlib, sys\npathlib.Path(sys.argv[3]).write_bytes(b'GGUF')\n")
    bad.write_text("raise SystemExit('unknown architecture')\n")
    options = ("--model", place / "model", "--gguf")
    ran = run("train", "merge", adapter, "-o", tmp_path / "a", *options, bad)
    assert (ran.status, (tmp_path / "a").exists()) == (2, False)
    assert "the conversion failed (unknown architecture)" in ran.err
    ran = run("train", "merge", adapter, "-o", tmp_path / "b", *options, good)
    assert (ran.status, (tmp_path / "b" / "model.gguf").read_bytes()) == (0, b"GGUF")


def test_a_merge_beyond_the_tolerance_is_refused(
    run: Run, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inference import lora

    adapter = Path(run("train", place / "run.yaml").out.strip())
    monkeypatch.setattr(lora, "PARITY_NATS", -1.0)
    ran = run("train", "merge", adapter, "-o", tmp_path / "m", "--model", place / "model")
    assert (ran.status, (tmp_path / "m").exists()) == (2, False)
    assert "nats from model + adapter" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.yaml"], "nothing.yaml: there is no such file"),
        (["run.yaml", "lora.rnk=3"], "lora.rnk: there is no such key"),
        (["run.yaml", "model=nowhere"], "there is no model of this name"),
        (["run.yaml", "examples.path=none"], "none: here is no dataset"),
        (["run.yaml", "examples.length=5"], "row row-1: has"),
    ],
)
def test_bad_input_ends_with_2_and_leaves_nothing(
    run: Run, place: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    ran = run("train", place / arguments[0], f"output={tmp_path / 'out'}", *arguments[1:])
    assert ran.status == 2
    assert said in ran.err
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_refused(run: Run, place: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    ran = run("train", place / "run.yaml", f"output={tmp_path / 'file' / 'run'}")
    assert ran.status == 2
    assert "cannot be written" in ran.err
