"""Airflow DAGs: fetch the schools in shares, load, look at the status. For Airflow 3.

Every worker needs the scripts at HOME, with their .venv and .env, and the pool has to be made once:
`airflow pools set attendance 4 "fetches of attendance at a time"`.

| exit status of a script | what becomes of its task |
| --- | --- |
| 0 | success |
| 1, or killed | tried again, RETRIES times; then it failed |
| 2 | failed at once: it fails again until somebody mends it |
| 3 | success; its sentences are logged as warnings, and the task `needs_a_person` lists them all |

A share that failed stops the load, as a fetch that failed does in run.sh. What the other shares landed stays.
It is loaded when the share is cleared and succeeds, or by the next run. `needs_a_person` is skipped if there
is nothing to read.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cached_property
from itertools import chain
from typing import Any

import pendulum
from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import DAG, BaseOperator, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

HOME = "/opt/esd"
TIME_ZONE = "America/New_York"  # of the schedules
SHARES = 4  # each asks for ESD_CONCURRENCY pages at a time
POOL = "attendance"
RETRIES = 3

log = logging.getLogger(__name__)

DONE, TO_MEND, NEEDS_A_PERSON = 0, 2, 3  # exit statuses; every other one may pass


class RunScript(BaseOperator):
    """Run a script with its flags; give the sentences that a person should read."""

    template_fields = ("flags",)

    def __init__(self, *, script: str, flags: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.script = script
        self.flags = flags

    @cached_property
    def process(self) -> SubprocessHook:
        """The script's process, with all that it starts."""
        return SubprocessHook()

    def execute(self, context: Any) -> list[str]:  # noqa: ARG002 - Airflow calls it so
        """Turn the exit status into the task's end."""
        ended = self.process.run_command([f"{HOME}/.venv/bin/python", self.script, *self.flags], cwd=HOME)
        if ended.exit_code == DONE:
            return []
        sentences = read_sentences(ended.output)
        if ended.exit_code == NEEDS_A_PERSON:
            for sentence in sentences:
                self.log.warning(sentence)
            return sentences
        error = f"{self.script} ended with status {ended.exit_code}: {'; '.join(sentences)}"
        raise (AirflowFailException if ended.exit_code == TO_MEND else AirflowException)(error)

    def on_kill(self) -> None:
        """Stop the script with the task: after a timeout, or when somebody clears it."""
        self.process.send_sigterm()


def read_sentences(result_line: str) -> list[str]:
    """The error, or the attention, of a result line."""
    try:
        result = json.loads(result_line)
        return [result["error"]] if "error" in result else list(result["attention"])
    except (ValueError, TypeError, KeyError):
        return ["the script left no result line: see the log of the task"]


@task
def needs_a_person(fetched: Iterable[list[str]], *others: list[str]) -> list[str]:
    """List what a person should read. To send it, give this task an `on_success_callback` with a notifier."""
    sentences = list(dict.fromkeys(chain(*fetched, *others)))
    if not sentences:
        raise AirflowSkipException("nothing to read")
    for sentence in sentences:
        log.warning(sentence)
    return sentences


def attendance(dag_id: str, schedule: str, flags: Sequence[str]) -> DAG:
    """Make a DAG that fetches with these flags."""
    with DAG(
        dag_id,
        description="Period attendance from ESD to Redshift",
        doc_md=__doc__,
        schedule=schedule,
        start_date=pendulum.datetime(2026, 1, 1, tz=TIME_ZONE),
        catchup=False,
        max_active_runs=1,
        default_args={
            "retries": RETRIES,
            "retry_delay": timedelta(minutes=5),
            "retry_exponential_backoff": 2,
            "max_retry_delay": timedelta(minutes=30),
            "execution_timeout": timedelta(hours=4),
        },
    ) as dag:
        shares = [["--shard", f"{number}/{SHARES}", *flags] for number in range(1, SHARES + 1)]
        fetch = RunScript.partial(
            task_id="fetch", script="esd_period_attendance_fetcher.py", pool=POOL
        ).expand(flags=shares)
        load = RunScript(task_id="load", script="redshift_loader.py")
        status = RunScript(task_id="status", script="redshift_loader.py", flags=["--status"])
        fetch >> load >> status
        needs_a_person(fetch.output, load.output, status.output)
    return dag


night = attendance("attendance_night", "15 2 * * *", [])
recent = attendance("attendance_recent", "5 7-18 * * 1-5", ["--days", "3"])
