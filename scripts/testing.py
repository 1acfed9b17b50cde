"""`./planloom test`: Planloom's own checks, the same as in CI."""

import os
import subprocess
import sys

import typer

from scripts.setup import ROOT, SetupError, install_tools
from tickets.files import InputError

LINTERS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
)


def test(context: typer.Context) -> None:
    """Test this installation: linters, types, then all tests.

    Arguments go to pytest, which then runs alone.

    [bold]Examples[/]

    [cyan]./planloom test[/]   everything, as in CI

    [cyan]./planloom test -k repair -x[/]   some tests, up to the first failure
    """
    try:
        install_tools()
    except SetupError as error:
        raise InputError(str(error)) from error
    failed = [] if context.args else [tool for tool in LINTERS if _run(*tool)]
    status = _run("pytest", *context.args)
    if failed:
        names = ", ".join(" ".join(tool) for tool in failed)
        print(f"planloom: {names} found something; see above", file=sys.stderr)
    raise typer.Exit(status or bool(failed))


def _run(module: str, *arguments: str) -> int:
    """Run a tool of the environment at the root, its output shown; its exit status."""
    sys.stdout.flush()
    # The suite must not depend on what a user has set for interactive use.
    environment = {key: value for key, value in os.environ.items() if key != "PYTEST_ADDOPTS"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
