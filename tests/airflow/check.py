"""The DAGs in a real Airflow: what becomes of each exit status, and one run of the real scripts.

Only `make airflow-check` runs this: Airflow is no part of the tests' environment.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.documents import ROOT
from tests.sandbox.environment import without_settings
from tests.world import World

SCHEDULES = ROOT / "docs" / "schedules"
BIN = ROOT / ".airflow" / "bin"
PLAY = Path(__file__).parent / "play.py"
PATIENCE = 600  # seconds that a run may take before the test gives up
TRIES = 4
FETCHER, LOADER = "esd_period_attendance_fetcher.py", "redshift_loader.py"
ALL = ["--shard 1/4", "--shard 2/4", "--shard 3/4", "--shard 4/4"]

# Stands in for .venv/bin/python. It notes the call, and does what `plan` says for it, or ends well.
PYTHON = """\
#!/bin/sh
echo "$*" >>calls
echo "the story" >&2
[ -e plan ] && . ./plan
echo '{"status": 0, "attention": []}'
"""


def ends(call: str, status: int, sentence: str, times: int = 99) -> str:
    """A line of the plan: the call ends so, so many times."""
    result = {"error": sentence} if status in (1, 2) else {"attention": [sentence]}
    line = shlex.quote(json.dumps({"status": status, **result}))
    before = f'$(grep -cxF {shlex.quote(call)} calls)" -le {times}'
    return f'[ "$*" = {shlex.quote(call)} ] && [ "{before} ] && {{ echo {line}; exit {status}; }}\n'


@dataclass
class Played:
    """A run of a DAG: its state, the state and the tries of each task, what Airflow logged."""

    run: str
    tasks: dict[str, tuple[str, int]]
    declared: dict[str, list[Any]]
    log: str


class Airflow:
    """A real Airflow with a database of its own, and a directory for /opt/esd."""

    def __init__(self, directory: Path) -> None:
        self.esd = directory / "esd"
        self._dags = directory / "dags"
        self._environment = {
            **without_settings(os.environ),
            "AIRFLOW_HOME": str(directory / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        python = self.esd / ".venv/bin/python"
        python.parent.mkdir(parents=True)
        python.write_text(PYTHON)
        python.chmod(0o755)
        self._dags.mkdir()
        self.adapt()

    def adapt(self, **changed: str) -> None:
        """Put the DAGs in place, with their constants changed, and no pause before a retry."""
        text = (SCHEDULES / "attendance_dag.py").read_text(encoding="utf-8")
        changes = {
            'HOME = "/opt/esd"': f'HOME = "{self.esd}"',
            '"retry_delay": timedelta(minutes=5)': '"retry_delay": timedelta(0)',
            **changed,
        }
        for before, after in changes.items():
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (self._dags / "attendance_dag.py").write_text(text, encoding="utf-8")

    def command(self, *arguments: str | Path, **variables: str) -> str:
        """Run a program of Airflow's environment; what it printed."""
        done = subprocess.run(
            [BIN / arguments[0], *arguments[1:]],
            cwd=self.esd,
            env={**self._environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def play(self, dag: str, plan: str = "", variables: Mapping[str, str] | None = None) -> Played:
        """Run a DAG once."""
        (self.esd / "calls").unlink(missing_ok=True)
        (self.esd / "plan").write_text(plan)
        log = self.command("python", PLAY, dag, **(variables or {}))
        found = json.loads(log.splitlines()[-1])
        assert found["faults"] == {}
        tasks = {
            name if index < 0 else f"{name} {index + 1}": (state, tries)
            for name, index, state, tries in found["tasks"]
        }
        return Played(found["run"], tasks, found["dags"], log)

    @property
    def calls(self) -> list[str]:
        """How the scripts were called: the fetches, in the order of their shares, and then what followed."""
        calls = (self.esd / "calls").read_text().splitlines()
        fetches = [call for call in calls if call.startswith(FETCHER)]
        assert calls[: len(fetches)] == fetches
        return sorted(fetches) + calls[len(fetches) :]


@pytest.fixture(scope="session")
def running_airflow(tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    if not (BIN / "airflow").exists():
        pytest.fail("Airflow is missing: make airflow-check installs it into .airflow")
    made = Airflow(tmp_path_factory.mktemp("airflow"))
    made.command("airflow", "db", "migrate")
    return made


@pytest.fixture
def airflow(running_airflow: Airflow) -> Airflow:
    running_airflow.adapt()
    return running_airflow


def test_the_pool_of_the_dags_is_made_as_the_documents_say(airflow: Airflow) -> None:
    [line] = re.findall(r"^airflow (pools set .*)$", (SCHEDULES / "README.md").read_text(), re.MULTILINE)
    airflow.command("airflow", *shlex.split(line))
    assert re.search(r'^POOL = "attendance"$', (SCHEDULES / "attendance_dag.py").read_text(), re.MULTILINE)
    assert re.search(r"^attendance +\| 4 ", airflow.command("airflow", "pools", "list"), re.MULTILINE)


def test_all_shares_are_fetched_then_loaded_and_nothing_is_to_be_read(airflow: Airflow) -> None:
    played = airflow.play("attendance_recent")
    assert played.declared == {
        "attendance_night": [1, False, "America/New_York"],
        "attendance_recent": [1, False, "America/New_York"],
    }
    assert airflow.calls == [
        *(f"{FETCHER} {share} --days 3" for share in ALL),
        LOADER,
        f"{LOADER} --status",
    ]
    assert played.run == "success"
    assert played.tasks == {
        **{f"fetch {number}": ("success", 1) for number in (1, 2, 3, 4)},
        "load": ("success", 1),
        "status": ("success", 1),
        "needs_a_person": ("skipped", 1),
    }


def test_status_3_goes_on_and_warns_and_status_1_is_tried_again(airflow: Airflow) -> None:
    second, third = (f"{FETCHER} {share}" for share in ALL[1:3])
    plan = (
        ends(second, 3, "school 5 was not read")
        + ends(third, 1, "ESD is down", times=1)
        + ends(LOADER, 3, "two schools have the same ids")
        + ends(f"{LOADER} --status", 3, "school 5 was not read")
    )
    played = airflow.play("attendance_night", plan)
    assert played.run == "success"
    assert played.tasks == {
        **{f"fetch {number}": ("success", 1) for number in (1, 2, 4)},
        "fetch 3": ("success", 2),
        "load": ("success", 1),
        "status": ("success", 1),
        "needs_a_person": ("success", 1),
    }
    assert "['school 5 was not read', 'two schools have the same ids']" in played.log  # what the task gives
    warnings = [line for line in played.log.splitlines() if "warning" in line and "school" in line]
    assert len(warnings) == 3 + 2  # of each script, and of needs_a_person


def test_status_2_fails_at_once_status_1_in_the_end_and_neither_is_loaded(airflow: Airflow) -> None:
    first, second = (f"{FETCHER} {share}" for share in ALL[:2])
    plan = ends(first, 2, "ESD_API_URL is missing") + ends(second, 1, "ESD is down")
    played = airflow.play("attendance_night", plan)
    assert played.run == "failed"
    assert played.tasks == {
        "fetch 1": ("failed", 1),
        "fetch 2": ("failed", TRIES),
        "fetch 3": ("success", 1),
        "fetch 4": ("success", 1),
        **dict.fromkeys(("load", "status", "needs_a_person"), ("upstream_failed", 0)),
    }
    assert f"{FETCHER} ended with status 2: ESD_API_URL is missing" in played.log
    assert LOADER not in airflow.calls


def test_a_script_that_takes_too_long_is_stopped_with_its_task(airflow: Airflow) -> None:
    airflow.adapt(**{"timedelta(hours=4)": "timedelta(seconds=10)", "RETRIES = 3": "RETRIES = 0"})
    hangs = f"trap 'echo stopped >>calls; exit 1' TERM; sleep {PATIENCE} & wait"
    plan = f'[ "$*" = {LOADER} ] && {{ {hangs}; }}\n'
    played = airflow.play("attendance_night", plan)
    assert (played.run, played.tasks["load"][0]) == ("failed", "failed")
    assert airflow.calls[-1] == "stopped"


def test_the_real_scripts_leave_what_the_model_says(airflow: Airflow, world: World) -> None:
    plan = f'cd {ROOT} && exec {sys.executable} "$@"\n'
    played = airflow.play("attendance_night", plan, world.pipeline.sandbox.process_environment())
    assert played.run == "success", played.log
    # One share has but a school without records: its fetch ends with 3, and --status says so, too.
    assert played.tasks["needs_a_person"] == ("success", 1)
    assert "'no school of --shard 4/4 has a record in school year" in played.log
    assert airflow.calls == [*(f"{FETCHER} {share}" for share in ALL), LOADER, f"{LOADER} --status"]
    world.follow()
