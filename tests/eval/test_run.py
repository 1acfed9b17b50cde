"""Runs as people start them: an endpoint that misbehaves, a kill, bad folders, a report."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from eval.ask import GIVE_UP
from eval.predictions import Run
from tests.chat_server import Answer, completion, failure, serving
from tests.plans import put, sound_plan
from tests.scripts.conftest import Run as Command
from tickets.render import render_plan

PLAN = render_plan(sound_plan())
DOCUMENT = "# Shop\n\n## Requirements\n\n- Title 1.1 of the page\n- Title 2.1 of the page\n"
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.document.md").write_text(f"{DOCUMENT}\nOf {name}.\n", "utf-8")
        (folder / f"{name}.plan.md").write_text(PLAN, "utf-8")
    (folder / "c.work-plan.md").write_text("- Name 1.1 and title 1.1\n- Paint the shed\n", "utf-8")
    return folder


@pytest.fixture
def config(tmp_path: Path, documents: Path) -> Callable[..., Path]:
    """`config(url, key=value…)` writes a configuration of one system, `asked`."""

    def write(url: str, **endpoint: Any) -> Path:
        content = {
            "output": str(tmp_path / "run"),
            "documents": [{"path": str(documents)}],
            "systems": [
                {
                    "name": "asked",
                    "kind": "endpoint",
                    "prompt": "short",
                    "endpoint": {
                        "base_url": url,
                        "model": "m",
                        "retries": 0,
                        "backoff": 0.01,
                        "concurrency": 1,
                        "price": {"prompt": 1.0, "completion": 2.0},
                        **endpoint,
                    },
                }
            ],
        }
        path = tmp_path / "eval.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


def test_a_run_is_scored_reported_and_never_bought_twice(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    with serving(lambda number, body: completion(PLAN)) as server:
        first = run("eval", config(server.url))
        assert first.status == 0, first.err
        assert len(server.asked) == 3
        again = run("eval", "run", config(server.url), "systems.0.endpoint.retries=1")
        assert again.status == 0
        assert len(server.asked) == 3
    summary = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))
    raw = summary["entries"][0]
    assert raw["scores"]["fidelity"]["mean"] == 1.0
    assert raw["scores"]["items"]["mean"] == 0.5
    # 1000 tokens in and 500 out, at 1 and 2 a million.
    assert raw["cost"] == pytest.approx(0.002)
    assert "| asked | 3 | 0 | 1.00 [1.00, 1.00] |" in first.out
    assert (tmp_path / "run" / "plans" / "asked" / "a.0.md").read_text("utf-8") == PLAN


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (failure(500), "server"),
        (failure(429), "rate-limit"),
        (failure(401), "key"),
        (Answer(b'{"choices": [{"mess'), "malformed"),
        (Answer(b"{}", hang=5.0), "timeout"),
    ],
    ids=["500", "429", "401", "cut-json", "hangs"],
)
def test_a_failure_of_the_endpoint_is_unscored_and_tried_again(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
    answer: Answer,
    cause: str,
) -> None:
    failing = True

    def script(number: int, body: dict[str, Any]) -> Answer:
        return answer if failing and "Of b." in str(body) else completion(PLAN)

    with serving(script) as server:
        done = run("eval", config(server.url, timeout=0.3))
        assert done.status == 1
        summary = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))
        raw = summary["entries"][0]
        assert raw["scores"]["fidelity"]["mean"] == 1.0
        assert raw["causes"][cause] >= 1
        # A wrong key holds for what comes after it too, and that is not asked for.
        assert raw["unscored"] == (2 if cause == "key" else 1)
        failing = False
        assert run("eval", config(server.url, timeout=5)).status == 0
    assert {each.outcome for each in Run(tmp_path / "run").predictions()} == {"whole"}


def test_an_endpoint_that_answers_nobody_is_given_up(
    run: Command,
    config: Callable[..., Path],
    documents: Path,
    tmp_path: Path,
) -> None:
    for number in range(15):
        (documents / f"more-{number}.document.md").write_text(DOCUMENT, "utf-8")
    with serving(lambda number, body: failure(500)) as server:
        done = run("eval", config(server.url))
        assert len(server.asked) == GIVE_UP
    assert done.status == 1
    assert f"the rest is not asked for after {GIVE_UP} failures in a row" in done.err
    assert "18 plans are unscored" in done.err
    raw = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["entries"][0]
    assert (raw["plans"], raw["unscored"], raw["causes"]) == (0, 18, {"server": 18})
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_missing_key_is_told_before_anyone_is_asked(
    run: Command, config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    second = "{name: second, kind: endpoint, endpoint: {base_url: '%s', model: m, key_env: K}}"
    with serving(lambda number, body: completion(PLAN)) as server:
        path = config(server.url)
        content = yaml.safe_load(path.read_text("utf-8"))
        content["systems"].append(yaml.safe_load(second % server.url))
        path.write_text(yaml.safe_dump(content), "utf-8")
        refused = run("eval", path, "systems.1.endpoint.key_env=NO_SUCH_KEY")
        assert server.asked == []
    assert (refused.status, "export NO_SUCH_KEY=" in refused.err) == (2, True)


def test_a_plan_that_a_stopped_run_lacks_is_unscored_and_below_the_bar(
    run: Command, config: Callable[..., Path], tmp_path: Path
) -> None:
    with serving(lambda number, body: completion(PLAN)) as server:
        assert run("eval", config(server.url)).status == 0
    lines = tmp_path / "run" / "predictions" / "asked.jsonl"
    lines.write_text(lines.read_text("utf-8").split("\n", 1)[0] + "\n", "utf-8")
    assert run("eval", "report", tmp_path / "run").status == 0
    raw = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["entries"][0]
    assert (raw["plans"], raw["unscored"], raw["causes"]) == (1, 2, {"not asked for yet": 2})
    gate = run("eval", "gate", tmp_path / "run", "--min", "fidelity=0.5")
    assert (gate.status, "2 unscored" in gate.out) == (1, True)


def test_two_commands_do_not_ask_for_the_same_plan(
    run: Command, config: Callable[..., Path], tmp_path: Path
) -> None:
    with serving(lambda number, body: completion(PLAN)) as server:
        with Run(tmp_path / "run").locked():
            second = run("eval", config(server.url))
        assert server.asked == []
        assert (second.status, "another command is at work here" in second.err) == (2, True)
        assert run("eval", config(server.url)).status == 0
    (tmp_path / "file").write_text("", "utf-8")
    nowhere = run("eval", config(server.url), f"output={tmp_path / 'file' / 'run'}")
    assert (nowhere.status, "cannot be written" in nowhere.err) == (2, True)


def test_an_empty_completion_and_no_plan_score_zero(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    texts = ["", "I cannot do that.", PLAN]
    with serving(lambda number, body: completion(texts[number])) as server:
        assert run("eval", config(server.url)).status == 0
    raw = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["entries"][0]
    assert raw["scores"]["fidelity"]["mean"] == pytest.approx(1 / 3)
    assert raw["causes"] == {"no plan": 2, "no word": 1}


def test_a_cut_plan_is_told_and_not_repaired(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    spoilt = PLAN.replace("**Story Points**: 5", "**Story Points**: 4")
    with serving(lambda number, body: completion(spoilt, "length")) as server:
        assert run("eval", config(server.url)).status == 0
    raw, repaired = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["entries"]
    assert raw["causes"] == {"cut at the token limit": 3}
    assert raw["scores"]["rubric"] == repaired["scores"]["rubric"]


def test_repair_is_shown_beside_the_raw_plan(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    spoilt = render_plan(put(sound_plan(), ("epics", 0, "points"), 99))
    with serving(lambda number, body: completion(spoilt)) as server:
        assert run("eval", config(server.url)).status == 0
    raw, repaired = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["entries"]
    assert raw["scores"]["rubric"]["mean"] < repaired["scores"]["rubric"]["mean"]


def test_what_a_kill_left_is_taken_up(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    with serving(lambda number, body: completion(PLAN)) as server:
        assert run("eval", config(server.url)).status == 0
        lines = tmp_path / "run" / "predictions" / "asked.jsonl"
        kept = lines.read_bytes().split(b"\n")
        lines.write_bytes(b"\n".join([kept[0], kept[1][:40]]))
        assert run("eval", config(server.url)).status == 0
        assert len(server.asked) == 3 + 2
    assert len(Run(tmp_path / "run").predictions()) == 3


def test_scripts_in_titles_stay_text(
    run: Command,
    config: Callable[..., Path],
    documents: Path,
    tmp_path: Path,
) -> None:
    import base64
    import gzip

    nasty = PLAN.replace("Title 1.1", NASTY)
    (documents / "a.document.md").write_text(f"{DOCUMENT}\n{NASTY}\n", "utf-8")
    with serving(lambda number, body: completion(nasty)) as server:
        assert run("eval", config(server.url)).status == 0
    html = (tmp_path / "run" / "report.html").read_text("utf-8")
    pages = re.findall(r'<script type="text/plain" id="p\d+">([^<]*)</script>', html)
    assert len(pages) == 3
    for page in (html, *(gzip.decompress(base64.b64decode(each)).decode() for each in pages)):
        assert NASTY not in page
        assert "<img" not in page
    assert "http" not in html.replace("Content-Security-Policy", "").replace("http-equiv", "")


def test_a_prediction_of_ten_megabytes_is_scored(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    huge = PLAN + "\n- word and word" * 700_000
    with serving(lambda number, body: completion(huge if number == 0 else PLAN)) as server:
        assert run("eval", config(server.url)).status == 0
    raw = json.loads((tmp_path / "run" / "report.json").read_text("utf-8"))["entries"][0]
    assert raw["plans"] == 3


def test_a_gate_ends_with_one_below_the_bar(
    run: Command,
    config: Callable[..., Path],
    tmp_path: Path,
) -> None:
    with serving(lambda number, body: completion(PLAN)) as server:
        assert run("eval", config(server.url)).status == 0
    folder = tmp_path / "run"
    assert run("eval", "gate", folder, "--min", "fidelity=0.9").status == 0
    assert run("eval", "gate", folder, "--min", "items=0.9").status == 1
    refused = run("eval", "gate", folder, "--min", "beauty=0.9")
    assert refused.status == 2
    assert "beauty: no document" in refused.err
    compared = run("eval", "compare", folder, folder)
    assert compared.status == 0
    assert "no difference seen" in compared.out


def test_bad_folders_are_named(
    run: Command,
    config: Callable[..., Path],
    documents: Path,
    tmp_path: Path,
) -> None:
    assert "is no folder of a run" in run("eval", "report", tmp_path).err
    (tmp_path / "config.yaml").write_text("output: out\n", "utf-8")
    ran = run("eval", "report", tmp_path)
    assert (ran.status, f"{tmp_path / 'config.yaml'}: documents" in ran.err) == (2, True)
    path = config("http://127.0.0.1:9/v1")
    (documents / "z.plan.md").write_text(PLAN, "utf-8")
    lonely = run("eval", path)
    assert (lonely.status, "z.plan.md: there is no document beside it" in lonely.err) == (2, True)
    (documents / "z.plan.md").rename(documents / "a.plan.md")
    (documents / "a.plan.md").write_text("No plan.\n", "utf-8")
    empty = run("eval", path)
    assert (empty.status, "a.plan.md: the reference has no epic" in empty.err) == (2, True)
    (documents / "a.plan.md").unlink()
    content = yaml.safe_load(path.read_text("utf-8"))
    content["documents"] *= 2
    path.write_text(yaml.safe_dump(content), "utf-8")
    twice = run("eval", path)
    assert (twice.status, "the id a stands in another folder too" in twice.err) == (2, True)


def test_configurations_that_ship_can_be_read(root: Path) -> None:
    from eval.config import EvalConfig
    from eval.prompts import PLACE, read_prompt
    from tickets.config import load_config

    for path in sorted((root / "configs" / "eval").glob("*.yaml")):
        load_config(EvalConfig, path)
    full = read_prompt("full")
    assert full is not None
    assert full.count(PLACE) == 1
