"""The ways in which a run can fail, and the exit status that each leads to.

Each message is a sentence for the operator that names the cure. Other facts are fields of the error.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from enum import IntEnum


class ExitStatus(IntEnum):
    """What a script's exit status says to a scheduler."""

    DONE = 0  # go on
    MAY_PASS = 1  # try again: network, source or cluster down, conflict
    TO_MEND = 2  # do not retry: a setting, secret, right, table or bucket is missing or wrong
    NEEDS_A_PERSON = 3  # go on, and alert


class AttendanceError(Exception):
    """The run failed. `to_mend`: it fails again until a person has mended what the sentence names.

    `for_report`: the sentence as a report may have it, which names nothing that other programs stored.
    """

    def __init__(self, sentence: str, *, to_mend: bool = False, for_report: str | None = None) -> None:
        super().__init__(sentence)
        self.to_mend = to_mend
        self.for_report = sentence if for_report is None else for_report

    @property
    def exit_status(self) -> ExitStatus:
        """The status that the run ends with."""
        return ExitStatus.TO_MEND if self.to_mend else ExitStatus.MAY_PASS


class ConfigurationError(AttendanceError):
    """Settings are missing or wrong; the sentence lists all `faults`."""

    def __init__(self, faults: Sequence[str]) -> None:
        listed = "; ".join(faults)
        super().__init__(
            f"{listed}. Correct it in the environment, in .env or by its flag (see --help)", to_mend=True
        )
        self.faults = list(faults)


class SourceError(AttendanceError):
    """The ESD API did not answer as it should, in any try.

    `what`: the page that was asked for, such as `school 5, page 2`. The sentence is `what` and the `reason`.
    """

    def __init__(self, reason: str, *, what: str = "", to_mend: bool = False) -> None:
        super().__init__(f"{what}: {reason}" if what else reason, to_mend=to_mend)
        self.reason = reason


class AwsError(AttendanceError):
    """S3 or Secrets Manager refused, or could not be reached."""


class WarehouseError(AttendanceError):
    """Redshift refused, or could not be reached.

    The sentence is the `reason` and the `query`: the number of the query in Redshift's system tables.
    `numbers`: the error codes of a refused statement, such as `XX000, code: 8001`.
    """

    def __init__(
        self,
        reason: str,
        *,
        query: int | None = None,
        to_mend: bool = False,
        for_report: str | None = None,
    ) -> None:
        super().__init__(
            f"{reason} (query: {query})" if query else reason, to_mend=to_mend, for_report=for_report
        )
        self.reason = reason
        self.query = query
        self.numbers = ""


class Terminated(BaseException):
    """The process was asked to stop. It is no Exception, since botocore would catch it and try again."""

    exit_status = ExitStatus.MAY_PASS


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all errors that led to it, also those in its `reason` and its arguments."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or any(cause is each for each in seen):
            continue
        seen.append(cause)
        yield cause
        causes = [getattr(cause, "reason", None), *cause.args]
        waiting += [each for each in causes if isinstance(each, BaseException)]
        waiting.append(cause.__cause__ or cause.__context__)


def is_untrusted_certificate(error: BaseException) -> bool:
    """Whether the error, or one that led to it, is about a TLS certificate that could not be verified."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))
