import json
import re
from pathlib import Path

import pytest

from tests.scripts.conftest import Run
from tickets.parse import parse_plan
from tickets.render import render_plan

PLAN = """# Jira Tickets Structure - Parcel Lockers

## Epic Structure

### Epic 1: Locker Doors
**Epic Title**: Open locker doors from the app
**Epic Key**: [Generated as PARC-DOOR-001]
**Description**: Everything that opens a door
**Component**: Lockers
**Epic Owner**: Locker Team
**Story Points**: 8
**Priority**: High

#### Child Stories:

##### Story 1.1: Door Command
**Title**: Open a door on a signed command
**Type**: Story
**Parent**: Epic 1
**Description**: The locker opens the door that a signed command names.

**Acceptance Criteria:**
- Given a signed command, when it reaches the locker, then the door opens within 2 seconds
- An unsigned command is refused and logged

**Components**: Lockers
**Story Points**: 5
**Priority**: High
**Dependencies**: None

##### Story 1.2: Door State
**Title**: Report the state of each door
**Type**: Story
**Parent**: Epic 1
**Description**: The locker reports which doors are open.

**Acceptance Criteria:**
- A door that is open for 60 seconds is reported
- A report names locker, door and time

**Components**: Lockers
**Story Points**: 3
**Priority**: Medium
**Dependencies**: Story 1.1

## Cross-Epic Dependencies

None

## Implementation Phases

### Phase 1 (Sprint 1): Doors
- Story 1.1: Door Command
- Story 1.2: Door State

## Resource Allocation

### Locker Team (Epic 1):
- 1 engineers
- Duration: 2 weeks
- Story Points: 8

**Total Effort**: 8 story points across 1 team
"""
WRONG_SUM = PLAN.replace(
    "**Story Points**: 8\n**Priority**: High\n\n####",
    "**Story Points**: 13\n**Priority**: High\n\n####",
)
UNKNOWN = PLAN.replace("**Dependencies**: Story 1.1", "**Dependencies**: Story 9.1")


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.md"
    file.write_text(PLAN, "utf-8")
    return file


def test_a_sound_plan(run: Run, plan: Path) -> None:
    ran = run("check", plan)
    assert ran.status == 0
    assert ran.err == ""
    assert f"{plan}: 0 errors" in ran.out.splitlines()[-1]
    assert "(passed" in ran.out


def test_an_error_ends_with_1_and_names_line_and_remedy(run: Run, plan: Path) -> None:
    plan.write_text(UNKNOWN, "utf-8")
    ran = run("check", plan)
    line = UNKNOWN.splitlines().index("**Dependencies**: Story 9.1") + 1
    assert ran.status == 1
    finding = next(each for each in ran.out.splitlines() if " D301 " in each)
    assert finding.startswith(f"{plan}:{line}: D301 Story 1.2 depends on Story 9.1")
    assert finding.endswith("[error]")


def test_json_has_the_published_form(run: Run, plan: Path) -> None:
    plan.write_text(UNKNOWN, "utf-8")
    ran = run("check", plan, "--format", "json")
    assert ran.status == 1
    report = json.loads(ran.out)
    assert {"plan", "errors", "warnings", "diagnostics", "rubric"} == set(report)
    for finding in report["diagnostics"]:
        assert set(finding) == {"code", "severity", "line", "message", "fix"}
        assert finding["severity"] in ("error", "warning")
    assert 0 <= report["rubric"]["score"] <= 1
    assert report["errors"] == sum(d["severity"] == "error" for d in report["diagnostics"])


def test_json_of_several_plans_is_a_line_each(run: Run, plan: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.md"
    other.write_text(UNKNOWN, "utf-8")
    ran = run("check", plan, other, "--format", "json")
    reports = [json.loads(line) for line in ran.out.splitlines()]
    assert [report["plan"] for report in reports] == [str(plan), str(other)]
    assert ran.status == 1


def test_github_annotations_escape_what_has_a_meaning(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a,b:c%.md"
    file.write_text(UNKNOWN.replace("Door State\n**Title", "50% Door\n**Title"), "utf-8")
    ran = run("check", file, "--format", "github")
    found = [line for line in ran.out.splitlines() if line.startswith("::error ")]
    assert found
    for line in found:
        match = re.fullmatch(r"::error file=([^,:]+),(line=\d+,)?title=[A-Z]\d{3}::(.+)", line)
        assert match, line
        assert match[1].endswith("a%2Cb%3Ac%25.md")


def test_standard_input_and_its_repair(run: Run) -> None:
    ran = run("check", "-", "--fix", stdin=WRONG_SUM.encode())
    assert ran.status == 0
    assert ran.out == PLAN
    assert "mended: <stdin>:" in ran.err
    assert "E4" in ran.err


def test_fix_mends_in_place_and_leaves_a_sound_plan_alone(run: Run, plan: Path) -> None:
    before = plan.stat().st_mtime_ns
    assert run("check", "--fix", plan).err == ""
    assert plan.stat().st_mtime_ns == before

    plan.write_text(WRONG_SUM, "utf-8")
    ran = run("check", "--fix", plan)
    assert ran.status == 0
    assert plan.read_text("utf-8") == PLAN
    line = WRONG_SUM.splitlines().index("**Story Points**: 13") + 1
    assert f"mended: {plan}:{line}: E4" in ran.err


def test_a_yaml_header_is_kept_and_counted(run: Run, plan: Path) -> None:
    header = "---\nid: lockers\nreviewed: true\n---\n\n"
    plan.write_text(header + UNKNOWN, "utf-8")
    line = (header + UNKNOWN).splitlines().index("**Dependencies**: Story 9.1") + 1
    ran = run("check", plan)
    assert f":{line}: D301" in ran.out
    assert "T1" not in ran.out
    assert run("check", plan, "--fix").status == 0
    fixed = plan.read_text("utf-8")
    assert fixed.startswith(header + "# Jira Tickets Structure")
    assert run("check", plan, "--fix").err == ""
    assert plan.read_text("utf-8") == fixed


def test_strict_makes_leniencies_errors(run: Run, plan: Path) -> None:
    plan.write_text(PLAN.replace("**Story Points**: 5", "**Story Points**: 5 points"), "utf-8")
    assert run("check", plan).status == 0
    assert run("check", plan, "--strict").status == 1


def test_the_document_adds_the_matrix(run: Run, plan: Path, tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text(
        "# Parcel lockers\n\n## Requirements\n\n"
        "- A signed command opens a door\n- The locker reports the state of each door\n"
        "- Couriers must get a monthly invoice as PDF\n",
        "utf-8",
    )
    ran = run("check", plan, "--document", document)
    assert "| Requirement | Line | Tickets |" in ran.out
    assert re.search(r"signed command opens a door \| 5 \| Story 1\.1", ran.out)
    assert re.search(r"invoice as PDF \| 7 \| —", ran.out)
    assert "coverage 67%" in ran.out
    report = json.loads(run("check", plan, "--document", document, "--format", "json").out)
    assert report["trace"]["coverage"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"# Plan\0\1", "is a binary file"),
        ("# Plän".encode("latin-1"), "is not UTF-8 (byte 0xe4)"),
    ],
)
def test_unusable_files_end_with_2(run: Run, tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "bad.md"
    file.write_bytes(content)
    ran = run("check", file)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith(f"planloom: {file}")
    assert message in ran.err


def test_missing_files_and_folders_end_with_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text(PLAN, "utf-8")
    missing = run("check", tmp_path / "plam.md").err
    assert f"there is no such file; did you mean {tmp_path / 'plan.md'}?" in missing
    assert "is a folder" in run("check", tmp_path).err
    assert run("check", tmp_path).status == 2
    assert run("check").status == 2
    assert run("check", "--format", "xml", "x.md").status == 2


def test_any_text_gets_a_report(run: Run) -> None:
    ran = run("check", "-", stdin=b"no plan at all\n")
    assert ran.status == 1
    assert "[error]" in ran.out


def test_the_two_examples_of_the_format(run: Run, reference: Path) -> None:
    assert run("check", reference / "example-1.md").status == 0
    second = json.loads(run("check", reference / "example-2.md", "--format", "json").out)
    errors = [d for d in second["diagnostics"] if d["severity"] == "error"]
    assert len(errors) == 1
    assert "Story 2.2" in errors[0]["message"]
    assert "10" in errors[0]["message"]
    for name in ("example-1.md", "example-2.md"):
        plan = parse_plan((reference / name).read_text("utf-8")).plan
        assert parse_plan(render_plan(plan)).plan == plan
