"""What is wrong with the machine or the settings: the right status, and one sentence that names the cure."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT
from tests.failing import SCRIPTS, WITHOUT_WAITING, assert_fails, fails, state
from tests.pipeline import FETCHER, LOADER, PATIENCE, Running
from tests.world import World


def _no_file_may_grow() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_no_disk_is_needed(landed: World, tmp_path: Path) -> None:
    for script in SCRIPTS:
        done = subprocess.run(
            [sys.executable, str(ROOT / script)],
            cwd=tmp_path,
            env=landed.pipeline.sandbox.process_environment(
                PYTHONDONTWRITEBYTECODE="1", HOME=str(tmp_path), TMPDIR=str(tmp_path)
            ),
            preexec_fn=_no_file_may_grow,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    landed.follow()


WRONG = {
    FETCHER: {
        "ESD_API_URL": "http://district.eschooldata.com/api",
        "ESD_SCHOOL_YEAR_ID": "this",
        "ESD_PAGE_SIZE": "0",
        "ESD_CONCURRENCY": "65",
        "ESD_TIMEOUT": "-1",
        "ESD_ATTEMPTS": "٣",
        "S3_BUCKET": "s3://edna-prod",
        "S3_PREFIX": "landing",
        "LOG_FORMAT": "xml",
    },
    LOADER: {
        "REDSHIFT_PORT": "99999",
        "REDSHIFT_SSLMODE": "sometimes",
        "REDSHIFT_SSLROOTCERT": "/no/such/file.pem",
        "REDSHIFT_BATCH_PARTITIONS": "0",
        "REDSHIFT_LOCK_SECONDS": "0",
        "S3_BUCKET": "edna/prod",
        "S3_PREFIX": "//",
        "LOG_FORMAT": "xml",
    },
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_all_wrong_settings_are_named_at_once(still: World, script: str) -> None:
    before = state(still)
    done = still.pipeline.script(script, **WRONG[script])
    assert_fails(done, *WRONG[script])
    assert state(still) == before


def test_a_mistyped_school_year_does_not_fetch_a_day(still: World) -> None:
    mistyped = {"ESD_SCHOOL_YEAR_ID": "", "ESD_SCHOOLYEAR_ID": "55"}
    fails(still, FETCHER, "ESD_SCHOOLYEAR_ID", "(did you mean ESD_SCHOOL_YEAR_ID?)", **mistyped)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_own_env_file_is_read_from_any_directory(
    still: World, tmp_path: Path, script: str
) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    shutil.copytree(ROOT / "attendance_common", installed / "attendance_common")
    shutil.copy(ROOT / script, installed)
    (installed / ".env").write_text("S3_BUCKET=edna-absent\n")
    elsewhere.mkdir()
    variables = still.pipeline.sandbox.process_environment(S3_BUCKET="", **WITHOUT_WAITING)
    del variables["S3_BUCKET"]
    done = Running.cold([sys.executable, str(installed / script)], variables, elsewhere).end()
    assert_fails(done, "s3://edna-absent", "check S3_BUCKET")
    first = done.story.splitlines()[0]
    assert f", .env: {installed / '.env'}, " in first
    assert "s3://edna-absent/" in first


def test_a_missing_url_is_named(still: World) -> None:
    assert_fails(still.pipeline.fetch(ESD_API_URL=""), "ESD_API_URL is missing")
