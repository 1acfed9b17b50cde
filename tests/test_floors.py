"""Which folder may import what, and what the quick commands must not load."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGES = ("tickets", "data", "training", "inference", "eval", "scripts")
ALLOWED = {
    "tickets": {"tickets"},
    "data": {"data", "tickets"},
    "training": {"training", "tickets"},
    "inference": {"inference", "tickets"},
    "eval": {"eval", "tickets"},
    "scripts": set(PACKAGES),
}
HEAVY = {"torch", "vllm", "transformers", "trl", "peft", "datasets", "accelerate", "evaluate"}


def imported(file: Path) -> Iterator[tuple[str, int]]:
    """The top-level package of each import in `file`, those inside functions too, with its line."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: a relative import"
            yield str(node.module).split(".")[0], node.lineno


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_what_lies_below(root: Path, package: str) -> None:
    forbidden = set(PACKAGES) - ALLOWED[package] | {"tests"}
    if package == "tickets":
        forbidden |= HEAVY
    found = [
        f"{file.relative_to(root)}:{line}: imports {name}"
        for file in sorted((root / package).rglob("*.py"))
        for name, line in imported(file)
        if name in forbidden
    ]
    assert not found, "\n".join(found)


def test_core_has_no_network_client(root: Path) -> None:
    """Only `tickets.endpoint_client` may reach out, to the endpoint that its caller names."""
    clients = {"requests", "httpx", "urllib3", "aiohttp", "socket", "http", "jira"}
    core = [file for file in (root / "tickets").rglob("*.py") if file.stem != "endpoint_client"]
    found = {name for file in core for name, _ in imported(file)}
    assert not found & clients


@pytest.mark.parametrize("command", ["check", "export", "graph"])
def test_quick_commands_load_nothing_heavy(root: Path, command: str) -> None:
    program = (
        "import sys\n"
        "from scripts import cli\n"
        f"sys.argv = ['planloom', {command!r}, 'no-such-plan.md']\n"
        "try:\n"
        "    cli.main()\n"
        "except SystemExit as end:\n"
        "    assert end.code == 2, end.code\n"
        f"print(sorted({HEAVY | {'pandas', 'numpy', 'markitdown'}} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
    assert "no-such-plan.md" in done.stderr


def test_check_of_a_plan_loads_nothing_heavy(root: Path) -> None:
    program = (
        "import sys\n"
        "from scripts import cli\n"
        "sys.argv = ['planloom', 'check', '--format', 'json', '-']\n"
        "try:\n"
        "    cli.main()\n"
        "except SystemExit:\n"
        "    pass\n"
        f"loaded = sorted({HEAVY | {'pandas', 'numpy', 'markitdown', 'rich'}} & set(sys.modules))\n"
        "print(loaded, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        input="# Jira Tickets Structure - A\n\n## Epic Structure\n\n### Epic 1: B\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.strip() == "[]"
    assert done.stdout.startswith("{")
