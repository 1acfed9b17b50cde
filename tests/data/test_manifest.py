"""The hash of the program that makes rows covers all that makes them, and no more."""

import subprocess
import sys
from pathlib import Path

import data
from data.manifest import code_files

ROOT = Path(data.__path__[0]).parent
IMPORTED = """
import sys
import data.prepare, data.generator.generate
print("\\n".join(str(module.__file__) for name, module in sys.modules.items()
                if name.startswith(("data.", "tickets."))))
"""


def test_all_that_making_rows_imports_is_in_the_hash() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = {Path(line) for line in done.stdout.split()} - {Path("None")}
    assert ROOT / "data" / "generator" / "sample.py" in imported
    assert imported <= code_files()


def test_what_only_looks_at_rows_is_not_in_it() -> None:
    names = {file.relative_to(ROOT).as_posix() for file in code_files()}
    assert not names & {"data/card.py", "data/page.py", "data/subset.py", "data/write.py"}
