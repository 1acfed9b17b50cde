"""How fast plans are made, and what Planloom's own part of it costs.

    .venv/bin/python -m scripts.bench.inference

On a CPU it takes about ten minutes. Machines differ, and are busy with other things too: read the
ratios. What is compared runs in turns, and the medians of the rounds are printed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from inference import engine as engines
from inference.engine import Engine, Sampling
from inference.hardware import device
from inference.lora import Adapter, merged_model, read_adapter
from inference.models import (
    ModelFolder,
    context_length,
    find_model,
    offline_unless_needed,
)
from inference.plan import open_engine, plan_documents
from inference.record import Maker, Settings
from inference.start import cpu_settings, prepare, start_vllm
from inference.writing import Writer
from tickets.documents import Document, read_document
from tickets.formats import FORMATS
from tickets.grammar import build_grammar
from tickets.models import DEFAULT_MODEL
from tickets.prompt import build_messages, format_hash

ROOT: Final = Path(__file__).resolve().parents[2]
ROUNDS: Final = 3
BATCHES: Final = (1, 8)
TOKENS: Final = 128
"""Completion tokens of each request where lengths have to be the same."""
PLAN_SETTINGS: Final = Settings(max_tokens=768)


def main() -> None:
    """Measure each part in a process of its own (vLLM allows one engine in each); print tables."""
    if len(sys.argv) > 1:
        print(json.dumps(PARTS[sys.argv[1]]()))
        return
    print("From the shell, on one document\n")
    first, whole, tokens = _from_the_shell()
    print(f"  first token     {first:7.1f} s\n  finished plan   {whole:7.1f} s ({tokens} tokens)\n")
    print("Tokens a second, medians of rounds in turns\n")
    print(f"  {'batch':>5} {'':<24}{'ours':>9}{'other':>9}{'ratio':>9}")
    for name, batch, ours, other in _part("loops"):
        print(f"  {batch:>5} {name:<24}{ours:9.1f}{other:9.1f}{ours / other:9.2f}")
    if device() == "cpu":
        for batch, merged, applied in zip(BATCHES, _part("merged"), _part("applied"), strict=True):
            print(
                f"  {batch:>5} {'adapter: merged, applied':<24}{merged:9.1f}{applied:9.1f}"
                f"{merged / applied:9.2f}"
            )


def _part(name: str) -> Any:
    command = [sys.executable, "-m", "scripts.bench.inference", name]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def _from_the_shell() -> tuple[float, float, int]:
    """Seconds to the first token and to the finished plan, and the plan's tokens.

    The first token's time is worked back from the end of the process, so that it counts a little
    too late rather than too early.
    """
    find_model(DEFAULT_MODEL, lambda _: None)  # converted once, at its first use
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "scripts.cli", "plan", str(_examples()[0])]
        started = time.monotonic()
        run = subprocess.run(
            [*command, "--json", "-o", f"{folder}/plan.md"],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        whole = time.monotonic() - started
    record = json.loads(run.stdout)
    first = whole - (record["seconds"] - record["first_token_seconds"])
    return first, whole, record["completion_tokens"]


def _loops() -> list[tuple[str, int, float, float]]:
    """`plan` against vLLM alone, and constrained against free decoding, for each batch size."""
    engine, maker = open_engine(DEFAULT_MODEL, adapter="none", documents=max(BATCHES))
    rows = []
    for batch in BATCHES:
        documents = _documents(batch)
        ours, bare = _in_turns(
            engine._llm,
            partial(_plan, engine, maker, documents),
            partial(_generate, engine, documents, _plan_sampling(engine)),
        )
        rows.append(("plan, vLLM alone", batch, ours, bare))
        bound = Sampling(TOKENS, grammar=build_grammar(), line_tokens=64, close_at=10 * TOKENS)
        constrained, free = _in_turns(
            engine._llm,
            partial(_generate, engine, documents, bound, ignore_end=True),
            partial(_generate, engine, documents, Sampling(TOKENS), ignore_end=True),
        )
        rows.append(("constrained, free", batch, constrained, free))
    return rows


def _plan_sampling(engine: Engine) -> Sampling:
    """What `plan` asks of vLLM for the one step of a whole plan."""
    whole = FORMATS["whole"]
    writer = Writer(engine, whole, PLAN_SETTINGS)
    return writer.sampling(whole.begin(""), is_first=True, tight=False)


def _plan(engine: Engine, maker: Maker, documents: list[Document]) -> int:
    before = engine.written
    for _ in plan_documents(engine, maker, documents, PLAN_SETTINGS):
        pass
    return engine.written - before


def _generate(
    engine: Engine, documents: list[Document], sampling: Sampling, *, ignore_end: bool = False
) -> int:
    """The same prompts through vLLM alone; `ignore_end` makes all completions equally long."""
    prompts = [{"prompt_token_ids": engine.encode(build_messages(d.text))} for d in documents]
    parameters = engines._parameters(sampling)
    if ignore_end:
        parameters.ignore_eos, parameters.repetition_detection = True, None
    outputs = engine._llm.generate(prompts, parameters, use_tqdm=False)
    return sum(len(output.outputs[0].token_ids) for output in outputs)


def _in_turns(llm: Any, *runs: Callable[[], int]) -> list[float]:
    """Median tokens a second of each run; the prefix cache is emptied before every one."""
    speeds: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, seen in zip(runs, speeds, strict=True):
            llm.reset_prefix_cache()
            started = time.monotonic()
            tokens = run()
            seen.append(tokens / (time.monotonic() - started))
    return [statistics.median(seen) for seen in speeds]


def _with_adapter(*, merge: bool) -> list[float]:
    """Tokens a second with an adapter for each batch size: merged, or applied at run time."""
    base = _base()
    with tempfile.TemporaryDirectory() as folder:
        adapter = _random_adapter(base, Path(folder))
        os.environ["PLANLOOM_CACHE"] = folder  # a merged model that nobody will want again
        model = merged_model(base, adapter, lambda _: None) if merge else base
        settings = cpu_settings(model, context_length(model.path), max(BATCHES))
        if not merge:
            settings |= {"enable_lora": True, "max_lora_rank": adapter.rank}
        llm = start_vllm(model, settings)
        from vllm.lora.request import LoRARequest

        request = None if merge else LoRARequest(adapter.name, 1, str(adapter.path))
        parameters = engines._parameters(Sampling(TOKENS))
        tokenizer = llm.get_tokenizer()

        def write(batch: int) -> int:
            prompts = [
                tokenizer.apply_chat_template(build_messages(d.text), tokenize=False)
                for d in _documents(batch)
            ]
            outputs = llm.generate(prompts, parameters, use_tqdm=False, lora_request=request)
            return sum(len(output.outputs[0].token_ids) for output in outputs)

        return [_in_turns(llm, partial(write, batch))[0] for batch in BATCHES]


def _base() -> ModelFolder:
    prepare()
    offline_unless_needed(DEFAULT_MODEL)
    return find_model(DEFAULT_MODEL, lambda _: None)


def _random_adapter(base: ModelFolder, folder: Path) -> Adapter:
    """An adapter of rank 16 on all linear layers that changes little: speed is all that counts."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    config = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    torch.manual_seed(0)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base.path), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.001)
    model.save_pretrained(str(folder))
    (folder / "planloom.json").write_text(json.dumps({"format_hash": format_hash()}))
    return read_adapter(folder, base)


def _examples() -> list[Path]:
    return sorted((ROOT / "examples").glob("*.md"))


def _documents(count: int) -> list[Document]:
    """So many documents that differ from their first word on, so that none shares a prefix."""
    documents = [read_document(path) for path in _examples()]
    return [
        documents[i % len(documents)].model_copy(
            update={"text": f"Number {i}\n\n{documents[i % len(documents)].text}"}
        )
        for i in range(count)
    ]


PARTS: Final[dict[str, Callable[[], object]]] = {
    "loops": _loops,
    "merged": partial(_with_adapter, merge=True),
    "applied": partial(_with_adapter, merge=False),
}


if __name__ == "__main__":
    main()
