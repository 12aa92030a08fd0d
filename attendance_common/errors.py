"""The few ways in which a run can fail; each message is a sentence for the operator and names the cure."""

from __future__ import annotations


class AttendanceError(Exception):
    """The run failed; running it again is safe."""

    exit_status = 1


class ConfigurationError(AttendanceError):
    """A setting is missing or wrong; lists every fault at once."""

    exit_status = 2


class SourceError(AttendanceError):
    """The ESD API did not answer as it should, however often it was asked."""


class AwsError(AttendanceError):
    """S3 or Secrets Manager refused, or could not be reached."""


class WarehouseError(AttendanceError):
    """Redshift refused, or could not be reached."""


class Terminated(BaseException):
    """The process was asked to stop. No Exception: botocore would catch that and try again."""

    exit_status = 1
