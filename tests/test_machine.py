"""The machine: streams, directories, encodings, Python and its packages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from attendance_common import installation
from tests.documents import ROOT
from tests.failing import SCRIPTS, WITHOUT_WAITING, dry_run_fails
from tests.pipeline import FETCHER, PATIENCE
from tests.world import World

# --- streams, directories, encodings ------------------------------------------------------------------------


def shell(
    world: World, redirected: str, variables: dict[str, str] | None = None, cwd: Path = ROOT
) -> tuple[int, str]:
    """The fetcher as a shell starts it; gives its status and all that could be read."""
    command = f'"$PYTHON" "$SCRIPT" --dry-run {redirected}'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=cwd,
        env=world.pipeline.sandbox.process_environment(
            PYTHON=sys.executable, SCRIPT=str(ROOT / FETCHER), **WITHOUT_WAITING, **(variables or {})
        ),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "redirected",
    ["2>&-", ">&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", "| head -c 0", "2> >(head -c 0)"],
)
@pytest.mark.parametrize(("status", "variables"), [(0, {}), (2, {"S3_BUCKET": "edna-absent"})])
def test_a_stream_that_takes_nothing_changes_no_status(
    still: World, redirected: str, status: int, variables: dict[str, str]
) -> None:
    ended, said = shell(still, redirected, variables)
    assert ended == status, said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_what_could_not_be_written_is_reported(still: World) -> None:
    _, said = shell(still, ">/dev/full")
    assert "the result line could not be written to stdout (No space left on device)" in said


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-", "2>&-"])
def test_wrong_usage_keeps_its_status(still: World, redirected: str) -> None:
    ended, said = shell(still, f"--no-such-flag {redirected}")
    assert ended == 2
    assert "Traceback" not in said


def test_a_working_directory_that_is_gone(still: World, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'rmdir "$PWD" && exec "{sys.executable}" "{ROOT / FETCHER}" --dry-run'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=gone,
        env=still.pipeline.sandbox.process_environment(**WITHOUT_WAITING),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_bare_environment(still: World, tmp_path: Path) -> None:
    """No HOME, the C locale, ASCII streams, no time zones, a directory that cannot be written to."""
    tmp_path.chmod(0o555)
    variables = {
        "HOME": "",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
        "PYTHONTZPATH": "/no",
        "TZ": "No/Where",
    }
    ended, said = shell(still, "", variables, tmp_path)
    assert ended == 0, said


# --- Python and its packages --------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS)
def test_packages_that_are_missing_are_named(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-E", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install -r requirements.txt" in done.stderr
    assert "Traceback" not in done.stderr
    result = json.loads(done.stdout)
    assert result["status"] == 2
    assert all(name in result["error"] for name in installation.PACKAGES)


def test_a_python_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit) as ended:
        installation.check()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "is Python 3.9: run the scripts with Python 3.10 or newer" in said.err
    assert json.loads(said.out)["status"] == 2


def test_a_package_that_cannot_be_loaded_is_named(still: World, tmp_path: Path) -> None:
    (tmp_path / "polars.py").write_text("raise ImportError('libpolars.so: cannot open', name='polars')\n")
    dry_run_fails(still, FETCHER, 2, "polars", "pip install -r requirements.txt", PYTHONPATH=str(tmp_path))
