"""The end of a run: judges what it saw, writes its record, and brings the run tables up to date."""

from __future__ import annotations

from typing import Any

from attendance_common import aws
from attendance_common.command import Outcome
from attendance_common.conditions import ALL, Judged
from attendance_common.history import History
from attendance_common.load import quality_run, states
from attendance_common.load.load_run import LoadRun
from attendance_common.load.run_files import RunFiles
from attendance_common.load.runs import copy_records_or_wait, copy_records_soon
from attendance_common.run_record import SOME, RunRecords


class Conclusion:
    """Ends a run, whether it finished or failed."""

    def __init__(self, run: LoadRun) -> None:
        self._run = run
        self._records = RunRecords(
            run.s3, run.areas, "load", aws.encryption(run.settings), dry_run=run.context.dry_run
        )
        self._files = RunFiles(run.s3, run.areas)

    def conclude(self) -> Outcome:
        """Judge what the run saw and write its record; gives its result.

        --verify reports all that it finds, also what other runs have reported, and records no judgement.
        """
        if self._run.flags.backfill_from:
            return self._conclude_backfill()
        run, done, verifies = self._run, self._run.done, self._run.flags.verify
        history = History(run.s3, run.areas, "load", run.began)
        judged = Judged(history.last_everywhere, run.began, each_time=verifies)
        states.judge(judged, done.found, run.forgotten, done.shared, run.areas)
        counts = {**done.result(), "standing": judged.standing}
        sentences = [*judged.sentences, *done.failures(run.part, run.areas)]
        conditions = {} if verifies else {"conditions": judged.conditions}
        about = {**self._about(), **counts, "by_school": done.by_school()}
        self._records.write({**about, "attention": sentences, **conditions})
        if any(each.is_new for each in done.findings or []):
            quality_run.note_reported(run.warehouse, run.context.run)
        return Outcome(counts, sentences)

    def _conclude_backfill(self) -> Outcome:
        """Write the record of a backfill; gives its result. Nothing is judged: S3 was not looked at."""
        counts, sentences = self._run.done.result(), self._run.done.sentences
        self._records.write({**self._about(), **counts, "attention": sentences})
        return Outcome(counts, sentences)

    def _about(self) -> dict[str, Any]:
        """What the record says of the run, however it ends."""
        flags = self._run.flags
        whole = self._run.part.is_whole and not flags.backfill_from
        return {
            "began": self._run.began.isoformat(timespec="seconds"),
            "scope": "backfill" if flags.backfill_from else "verify" if flags.verify else "load",
            "part": ALL if whole else SOME,
        }

    def copy_run_records(self) -> None:
        """Insert the run records in S3 into the run tables, this run's record among them."""
        if not self._run.is_read_only:
            copy_records_or_wait(self._run.warehouse, self._files)

    def record_failure(self, error: BaseException) -> None:
        """Write the record of a run that failed with `error`, and its row, if that takes only seconds.

        Failures of that are only logged: it is `error` that the caller raises.
        """
        done = self._run.done
        record = {**self._about(), **done.result(), "by_school": done.by_school()}
        self._records.write_failed(record, error)
        if not self._run.is_read_only:
            copy_records_soon(self._run.warehouse, self._files)
