"""The units of docs/schedules/systemd: systemd takes them, and what they printed is mailed."""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from esd_period_attendance_fetcher import flags
from tests.documents import ROOT

UNITS = ROOT / "docs" / "schedules" / "systemd"
STARTED = (
    "attendance@night.service",
    "attendance@recent.service",
    "attendance-alert@night.service",
    "attendance-night.timer",
    "attendance-recent.timer",
)
PATIENCE = 60


def analyze(*arguments: str, units: Path) -> str:
    """What systemd-analyze prints; where it fails, that fails the test."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is missing (Debian: the package systemd)")
    done = subprocess.run(
        ["systemd-analyze", *arguments],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},  # with the machine's own
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with scripts that are there."""
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    shutil.copy(ROOT / "docs" / "schedules" / "run.sh", tmp_path)
    for unit in tmp_path.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/esd", str(tmp_path)))
    return tmp_path


def test_systemd_takes_the_units(units: Path) -> None:
    """A name that systemd does not know is a line, not a status; lines about other units are not ours."""
    said = analyze("verify", "--man=no", *STARTED, units=units)
    assert [line for line in said.splitlines() if "attendance" in line] == []


@pytest.mark.parametrize(
    ("unit", "right", "wrong"),
    [
        ("attendance@.service", "SuccessExitStatus=3", "SuccessExitStatus=three"),
        ("attendance@.service", "PrivateTmp=", "PrivateTemp="),
        ("attendance@.service", "run.sh", "missing.sh"),
        ("attendance-night.timer", "02:15:00", "25:15:00"),
        ("attendance-recent.timer", "@recent.service", "@recent.servic"),
    ],
)
def test_a_fault_in_a_unit_is_found(units: Path, unit: str, right: str, wrong: str) -> None:
    text = (units / unit).read_text()
    (units / unit).write_text(text.replace(right, wrong))
    with pytest.raises(AssertionError):
        test_systemd_takes_the_units(units)


def test_what_the_scripts_do_not_need_is_not_allowed(units: Path) -> None:
    unit = str(units / "attendance@.service")
    # An exposure of more than 2.0 of 10 ends it with another status than 0.
    assert "Overall exposure" in analyze("security", "--offline=true", "--threshold=20", unit, units=units)


def setting(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def test_status_3_is_a_success_and_both_ends_are_looked_at() -> None:
    text = (UNITS / "attendance@.service").read_text()
    assert setting(text, "SuccessExitStatus") == ["3"]
    assert setting(text, "OnSuccess") == setting(text, "OnFailure") == ["attendance-alert@%i.service"]


def test_the_hourly_run_has_flags_of_the_fetcher_and_waits_for_none() -> None:
    [drop_in] = (UNITS / "attendance@recent.service.d").iterdir()
    [assigned] = setting(drop_in.read_text(), "Environment")
    variables = dict(each.split("=", 1) for each in shlex.split(assigned))
    assert variables == {"WAIT": "0", "FLAGS": "--days 3"}
    assert flags().parse_args(variables["FLAGS"].split())


def alert(tmp_path: Path, result: str, status: str) -> str | None:
    """What alert.sh mails of a run that ended so; None for nothing."""
    for name, text in {
        "journalctl": 'printf "%s\\n" "$@" >asked; echo "- a sentence"',
        "mail": '{ printf "%s\\n" "$@"; cat; } >mailed',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    subprocess.run(
        [UNITS / "alert.sh"],
        cwd=tmp_path,
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "MAILTO": "team@district.example",
            "MONITOR_UNIT": "attendance@night.service",
            "MONITOR_SERVICE_RESULT": result,
            "MONITOR_EXIT_STATUS": status,
            "MONITOR_INVOCATION_ID": "6ab9",
        },
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE,
        check=True,
    )
    mailed = tmp_path / "mailed"
    return mailed.read_text() if mailed.exists() else None


@pytest.mark.parametrize(
    ("result", "status"), [("success", "3"), ("exit-code", "1"), ("timeout", "TERM"), ("oom-kill", "KILL")]
)
def test_what_a_run_printed_is_mailed(tmp_path: Path, result: str, status: str) -> None:
    assert alert(tmp_path, result, status) == (
        f"-s\nattendance on {platform.node()}: attendance@night.service, {result}, status {status}\n"
        "team@district.example\n- a sentence\n"
    )
    assert "_SYSTEMD_INVOCATION_ID=6ab9\n+\nINVOCATION_ID=6ab9\n" in (tmp_path / "asked").read_text()


def test_nothing_is_mailed_after_status_0(tmp_path: Path) -> None:
    assert alert(tmp_path, "success", "0") is None
