"""The dataset's card: README.md in the Hub's format, from the manifest."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from data.config import BuildConfig
from data.pictures import FOLDER
from data.reasons import REASONS
from data.statistics import Chart
from data.write import FILES

_SIZES: Final = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
)


def write_card(
    folder: Path, config: BuildConfig, manifest: Mapping[str, Any], charts: Sequence[Chart]
) -> None:
    """Write README.md into a dataset's folder."""
    head = yaml.safe_dump(_head(manifest), sort_keys=False, allow_unicode=True)
    body = "\n\n".join(_body(config, manifest, charts))
    (folder / "README.md").write_text(f"---\n{head}---\n\n{body}\n", "utf-8")


def _head(manifest: Mapping[str, Any]) -> dict[str, Any]:
    statistics = manifest["statistics"]
    licences = {licence.lower() for kinds in statistics.values() for licence in kinds["licence"]}
    rows = sum(kinds["rows"]["examples"] for name, kinds in statistics.items() if name != "cpu")
    held_out = [name for name in ("validation", "test") if name in statistics]

    def files(train: str) -> list[dict[str, str]]:
        return [
            {"split": split, "path": FILES[train if split == "train" else split]}
            for split in ("train", *held_out)
        ]

    configs = [{"config_name": "default", "data_files": files("train"), "default": True}]
    if "cpu" in statistics:
        configs.append({"config_name": "cpu", "data_files": files("cpu")})
    staged = [
        {"split": split, "path": FILES[name]}
        for split, name in (("train", "staged"), ("validation", "staged-validation"))
        if manifest["staged"][name]["examples"]
    ]
    configs.append({"config_name": "staged", "data_files": staged})
    return {
        "pretty_name": "Feature documents and Jira plans",
        "language": ["en"],
        "license": sorted(licences) if len(licences) > 1 else licences.pop(),
        "task_categories": ["text-generation"],
        "tags": ["jira", "planning", "planloom"],
        "size_categories": [next((name for most, name in _SIZES if rows < most), "1M<n<10M")],
        "configs": configs,
    }


def _body(
    config: BuildConfig, manifest: Mapping[str, Any], charts: Sequence[Chart]
) -> Iterable[str]:
    statistics = manifest["statistics"]
    yield "# Feature documents and Jira plans"
    yield (
        "Each example asks for the plan of a feature document (`prompt`) and gives it "
        "(`completion`), both as lists of chat messages; those of the configuration `staged` ask "
        "for its outline, and then for the details of each epic and story. Planloom's "
        "`./planloom data build` made this dataset; `config.yaml` is its configuration, "
        "`manifest.json` has all counts and hashes, `sources.sha256` the hash of every source file "
        "(`sha256sum -c` reads it), and `rejected.jsonl` names each pair that was left out, with "
        "the reason."
    )
    yield (
        "```python\nfrom datasets import load_dataset\n\n"
        'dataset = load_dataset(".")  # or load_dataset(".", "staged")\n```'
    )
    yield "## Splits"
    yield _table(
        ("split", "examples", "prompt tokens", "completion tokens", "mean tokens"),
        (
            (name, examples, prompt, completion, round((prompt + completion) / examples))
            for name, counts in (
                *((name, kinds["rows"]) for name, kinds in statistics.items()),
                *manifest["staged"].items(),
            )
            if counts["examples"]
            for examples, prompt, completion in [
                [counts[key] for key in ("examples", "prompt tokens", "completion tokens")]
            ]
        ),
    )
    yield _held_out(config)
    if "cpu" in statistics:
        yield (
            f"The configuration `cpu` has at most {config.cpu.examples} training examples of at "
            f"most {config.cpu.tokens} tokens, most useful ones first: each is the one that adds "
            "most, for the square root of its tokens and times its source's weight, to what the "
            "ones before it teach (words, epics, stories, the rest of the plan's shape, style, "
            "domain and source, each kind weighing the same, and each repetition less)."
        )
    yield (
        f"Tokens are those of `{manifest['model']}` with its chat template "
        f"(`{manifest['tokenizer_hash']}`); the formats are "
        + " and ".join(f"{name} (`{hash_}`)" for name, hash_ in manifest["formats"].items())
        + "."
    )
    yield "## Sources"
    yield _table(
        ("source", "kind", "licence", "read", "kept", "weight", "redacted"),
        (
            (
                each["name"], each["kind"], each.get("licence", "by pair"), each["read"],
                each["kept"], f"{each['weight']:g}", sum(each["redacted"].values()),
            )
            for each in manifest["sources"]
        ),
    )  # fmt: skip
    yield (
        "A training example is written as often as its source weighs; what is behind the point is "
        "drawn by a hash of its id. Personal data that was found is replaced by words in brackets."
    )
    yield "## Left out"
    yield _table(
        ("reason", "pairs", "what it means"),
        (
            (reason, count, REASONS[reason])
            for reason, count in sorted(manifest["rejected"].items(), key=lambda r: (-r[1], r[0]))
        ),
    )
    yield (
        f"Two documents count as near-duplicates from a Jaccard likeness of "
        f"{config.near.likeness:g} of their runs of {config.near.words} words on. Training shares "
        f"no run of {config.leaks.words} words with a held-out split or with the "
        f"{manifest['evaluation_documents']} documents for evaluation, set phrases aside "
        f"({manifest['set_phrases']} runs that more than {config.leaks.common} examples share)."
    )
    yield "## What is in it"
    yield "\n\n".join(f"![{chart.title}]({FOLDER}/{chart.name}.png)" for chart in charts)


def _held_out(config: BuildConfig) -> str:
    parts = [
        f"{name}: {', '.join(held.domains) or 'no whole domain'}"
        + (f", and {held.share:.1%} of all other groups" if held.share else "")
        for name, held in (("validation", config.split.validation), ("test", config.split.test))
    ]
    return f"Held out are whole domains and groups, never single rows. {'. '.join(parts)}."


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")
