from pathlib import Path

import pytest

from data.config import BuildConfig, GeneratedSource
from tickets.config import load_config
from tickets.files import InputError

TEXT = """
output: out/x
model: tiny
sources:
  - {name: a, kind: pairs, path: pairs}
  - {name: b, kind: generated, count: 5}
split:
  test: {domains: [edge]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "data.yaml"
    path.write_text(TEXT, "utf-8")
    return path


def test_overrides_reach_lists_and_new_keys(file: Path) -> None:
    config = load_config(
        BuildConfig, file, ["sources.1.count=7", "split.seed=3", "near.likeness=0.9"]
    )
    source = config.sources[1]
    assert isinstance(source, GeneratedSource)
    assert (source.count, config.split.seed, config.near.likeness) == (7, 3, 0.9)


def test_all_faults_are_told_at_once(file: Path) -> None:
    with pytest.raises(InputError) as error:
        load_config(
            BuildConfig,
            file,
            ["sources.0.weight=-1", "modle=x", "split.validation.domains=[edge]", "sources.7.x=1"],
        )
    said = str(error.value)
    assert len(said.splitlines()) == 4
    for words in ("weight", "modle: there is no such key", "both hold edge", "sources.7.x=1"):
        assert words in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sources: [", "no YAML"),
        ("- 1\n", "no configuration but list"),
        ("", "no configuration but NoneType"),
        (TEXT.replace("name: b", "name: a"), "two sources are called a"),
        (TEXT.replace("kind: pairs", "kind: pears"), "pears"),
    ],
)
def test_unusable_files(file: Path, content: str, said: str) -> None:
    file.write_text(content, "utf-8")
    with pytest.raises(InputError, match=said):
        load_config(BuildConfig, file)


def test_the_default_configuration_is_valid(root: Path) -> None:
    config = load_config(BuildConfig, root / "configs" / "data.yaml")
    assert not set(config.split.test.domains) & set(config.split.validation.domains)
