"""The demo: it plays a good day and a bad one, and ends with the proof."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.demo import PAGE
from tests.documents import ROOT
from tests.sandbox.environment import without_settings


def test_the_demo_plays_a_bad_day_and_ends_with_the_proof() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        cwd=ROOT,
        env=without_settings(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    story = " ".join(played.stdout.split())
    assert "1 record is new in quarantine" in story
    assert "lists no record in school year 55, while others do" in story
    assert "killed; its last words" in story
    assert "killed while it merged" in story
    assert "there more than once" in story
    assert "the source has 6040 records" in story
    assert "<h1>Period attendance</h1>" in PAGE.read_text(encoding="utf-8")
    assert "the table has 6040 rows, no id twice, and all 42 columns of each are equal" in story
