"""`make quick` starts no process."""

from __future__ import annotations

import subprocess
import sys

from tests.documents import ROOT


def test_a_test_that_starts_a_process_is_skipped_and_others_run() -> None:
    tests = ["tests/test_layout.py::test_help_imports_nothing_heavy", "tests/test_landing.py"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--no-processes", "-q", *tests],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert "2 skipped" in ran.stdout
    assert "it starts a process: make test" in ran.stdout
    assert " passed" in ran.stdout
