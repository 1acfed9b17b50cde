"""The staged format (as it comes, and of one outline) against the whole one and llama.cpp.

    .venv/bin/python -m scripts.bench.formats [--staged ADAPTER] [--whole ADAPTER]
        [--documents FOLDER] [--many 50] [--llamacpp PYTHON]

One document at a time, each in a process of its own from the shell to the file, and then --many at
once. Printed are seconds, completion tokens, the share of prompt tokens that the engine's prefix
cache had (by its own count), and how many tokens of the rendered plan that makes a second, the
engine's start not counted; then coverage and the rubric. With --llamacpp llama.cpp continues the
prompt of each whole plan with as many tokens as that plan has, on the same base model as its Q4
file, in an environment of its own whose interpreter the option names (`llama-cpp-python`, built
from source).
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from scripts.setup import ROOT
from tickets.models import DEFAULT_MODEL, EMBEDDED, embedded_folder

_LLAMACPP: Final = """
import json, sys, time
from llama_cpp import Llama
given = json.load(sys.stdin)
model = Llama(given["file"], n_ctx=8192, n_threads=given["threads"], verbose=False)
for prompt, tokens in given["work"]:
    model.reset()
    started, last = time.perf_counter(), None
    for count, last in enumerate(model.generate(prompt, temp=0.0), 1):
        if count == tokens:
            break
    print(json.dumps(time.perf_counter() - started), flush=True)
"""


def main(
    staged: Annotated[str, typer.Option(help="As plan's --adapter.")] = "staged",
    whole: Annotated[str, typer.Option(help="The same.")] = "whole",
    documents: Annotated[Path, typer.Option(help="A folder.")] = ROOT / "examples",
    many: Annotated[int, typer.Option(min=0, help="Plans of the batch; 0 for none.")] = 50,
    llamacpp: Annotated[
        Path | None, typer.Option(metavar="PYTHON", help="Of an environment with llama_cpp.")
    ] = None,
) -> None:
    """Measure and print."""
    files = sorted(documents.glob("*.md"))
    systems = {
        "whole": ["--adapter", whole],
        "staged": ["--adapter", staged],
        "staged, one outline": ["--adapter", staged, "--samples", "1"],
    }
    columns = "s", "writing", "tokens", "cached", "plan tokens/s", "coverage", "rubric"
    print(f"| format | document | {' | '.join(columns)} |")
    print(f"| --- | --- |{' --: |' * len(columns)}")
    single: dict[str, list[dict[str, Any]]] = {name: [] for name in systems}
    for file in files:
        for name, options in systems.items():
            single[name].append(_shown(name, _planned([file], options)[0]))
    for name in list(systems)[1:]:
        for figure in ("wall", "seconds", "completion_tokens", "plan_speed"):
            ratios = [
                one[figure] / other[figure]
                for one, other in zip(single[name], single["whole"], strict=True)
            ]
            print(f"{name} / whole, {figure}: median {statistics.median(ratios):.2f}")
    if llamacpp is not None:
        _against_llamacpp(llamacpp, files, single)
    if many:
        _batch(files, systems, many)


def _shown(name: str, record: dict[str, Any]) -> dict[str, Any]:
    values = (
        f"{record['wall']:.1f}",
        f"{record['seconds']:.1f}",
        str(record["completion_tokens"]),
        f"{record['cached_tokens'] / record['prompt_tokens']:.0%}",
        f"{record['plan_speed']:.1f}",
        f"{record['coverage']:.0%}",
        f"{record['rubric']['score']:.2f}",
    )
    print(f"| {name} | {record['document']} | {' | '.join(values)} |", flush=True)
    return record


def _planned(files: list[Path], options: list[str]) -> list[dict[str, Any]]:
    """The records of plans made by the command line; `wall` is each one's part of its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "scripts.cli", "plan", *map(str, files), "--json",
             *options, "-o", f"{folder}/"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - started
    if done.returncode == 2:
        raise SystemExit(done.stderr[-2000:])
    records = [json.loads(line) for line in done.stdout.splitlines()]
    for record in records:
        record["plan_tokens"] = len(_tokenizer().encode(record["markdown"]).ids)
        record["wall"] = seconds / len(records)
        record["plan_speed"] = record["plan_tokens"] / record["seconds"]
    return records


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(embedded_folder(DEFAULT_MODEL) / "tokenizer.json"))


def _batch(files: list[Path], systems: dict[str, list[str]], many: int) -> None:
    """Documents per hour, each document as often as it takes to have so many."""
    with tempfile.TemporaryDirectory() as folder:
        copies = []
        for number, file in enumerate(islice(cycle(files), many)):
            copy = Path(folder) / f"{number:03d}-{file.name}"
            # Each a text of its own, so that no two have the same prompt.
            copy.write_text(f"# Request {number}\n\n{file.read_text('utf-8')}", "utf-8")
            copies.append(copy)
        for name, options in systems.items():
            records = _planned(copies, options)
            seconds = sum(record["wall"] for record in records)
            cached = sum(r["cached_tokens"] for r in records)
            share = cached / sum(r["prompt_tokens"] for r in records)
            print(
                f"{name}: {many} documents in {seconds:.0f} s, {3600 * many / seconds:.0f} an "
                f"hour; {share:.0%} of the prompts' tokens from the prefix cache",
                flush=True,
            )


def _against_llamacpp(
    python: Path, files: list[Path], single: dict[str, list[dict[str, Any]]]
) -> None:
    """Seconds that llama.cpp takes for the prompts and as many tokens as the whole plans have."""
    from transformers import AutoTokenizer

    from inference.hardware import compute_threads
    from inference.models import packaged_file
    from tickets.documents import read_document
    from tickets.prompt import build_messages

    tokenizer = AutoTokenizer.from_pretrained(embedded_folder(DEFAULT_MODEL))
    model = packaged_file(DEFAULT_MODEL, EMBEDDED[DEFAULT_MODEL])
    work = [
        (
            list(
                tokenizer.apply_chat_template(
                    build_messages(read_document(file).text),
                    add_generation_prompt=True,
                    return_dict=False,
                )
            ),
            record["plan_tokens"],
        )
        for file, record in zip(files, single["whole"], strict=True)
    ]
    given = {"file": str(model), "threads": compute_threads(), "work": work}
    done = subprocess.run(
        [str(python), "-c", _LLAMACPP], input=json.dumps(given), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"llama.cpp: {done.stderr[-2000:]}")
    seconds = [json.loads(line) for line in done.stdout.splitlines()]
    speeds = [tokens / each for (_, tokens), each in zip(work, seconds, strict=True)]
    print(f"llama.cpp, model loaded before: plan tokens/s {' '.join(f'{s:.1f}' for s in speeds)}")
    for name, records in single.items():
        ratio = statistics.median(
            record["plan_speed"] / speed for record, speed in zip(records, speeds, strict=True)
        )
        print(f"{name} / llama.cpp, plan tokens/s: median {ratio:.2f}")


if __name__ == "__main__":
    typer.run(main)
