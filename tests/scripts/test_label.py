from pathlib import Path

import pytest

from data.teacher import TeacherConfig
from data.teacher_prompt import EXAMPLE_DOCUMENT, EXAMPLE_PLAN
from tests.chat_server import completion, failure, serving
from tests.scripts.conftest import Run
from tickets.config import load_config
from tickets.endpoint import Endpoint

CONFIG = Path("configs/teacher.yaml")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "keys.md"
    path.write_text(EXAMPLE_DOCUMENT, "utf-8")
    return path


def test_labels_and_reports(run: Run, root: Path, document: Path, tmp_path: Path) -> None:
    with serving(lambda number, body: completion(EXAMPLE_PLAN)) as server:
        done = run(
            *("data", "label", document, "-o", tmp_path / "out", "-c", root / CONFIG),
            *("--set", f"endpoint.base_url={server.url}", "--set", "endpoint.model=teacher"),
        )
    assert (done.status, server.asked[0].body["model"]) == (0, "teacher")
    assert f"accepted: {document}, rubric 1.00" in done.err
    assert "1 document: 1 accepted" in done.out
    assert len(list((tmp_path / "out").glob("keys-*.md"))) == 2


def test_status_tells_what_is_missing(run: Run, root: Path, document: Path, tmp_path: Path) -> None:
    answers = [completion("I cannot."), failure(401)]
    with serving(lambda number, body: answers[number]) as server:
        command = ("data", "label", document, "-c", root / CONFIG, "-o")
        settings = ("--set", f"endpoint.base_url={server.url}", "--set", "corrections=0")
        review = run(*command, tmp_path / "a", *settings)
        refused = run(*command, tmp_path / "b", *settings)
    assert (review.status, refused.status) == (1, 2)
    assert "review: " in review.err
    assert "a key is needed: set key_env" in refused.err
    assert "0 accepted" in refused.out


def test_faults_of_the_configuration_come_at_once(run: Run, root: Path, document: Path) -> None:
    done = run(
        *("data", "label", document, "-o", "nowhere", "-c", root / CONFIG),
        *("--set", "endpoint.base_url=here", "--set", "gate.score=8", "--set", "retries=1"),
    )
    assert done.status == 2
    for fault in ("endpoint.base_url: is no address", "gate.score: ", "retries: "):
        assert fault in done.err


def test_the_shipped_configuration_has_the_defaults(root: Path) -> None:
    shipped = load_config(TeacherConfig, root / CONFIG)
    endpoint = Endpoint(base_url=shipped.endpoint.base_url, model=shipped.endpoint.model)
    assert shipped == TeacherConfig(endpoint=endpoint)
