"""Declares the settings of both scripts, and reads them: from flag, environment variable, `.env` or default.

A setting is one field of a class below. `--help` and the checks of values are derived from the field.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from attendance_common import env_file, machine, setting_text
from attendance_common.errors import ConfigurationError
from attendance_common.plain_text import plain

_SSL_MODES = ("verify-full", "verify-ca", "require", "prefer", "allow", "disable")


def setting(
    variable: str,
    about: str,
    *,
    default: str | None = None,
    parse: Callable[[str], Any] = setting_text.text,
    flag: str | None = None,
    required: bool = False,
    in_secret: bool = False,
) -> Any:
    """Declare a setting. `about`: what it is. `default`: as a person would type it.

    `in_secret`: the secret may have it, too, with priority over the default; so without flag and variable the
    setting is None.
    """
    metadata = {"variable": variable, "about": about, "default": default, "parse": parse, "flag": flag}
    return field(metadata={**metadata, "required": required, "in_secret": in_secret})


@dataclass(frozen=True)
class AwsSettings:
    """The settings that both scripts have: landing zone, AWS, alerts and log. boto3 finds the credentials."""

    command: ClassVar[str]  # its name in S3 keys, alerts and metrics

    bucket: str = setting(
        "S3_BUCKET",
        "bucket of the landing zone",
        default="edna-prod",
        parse=setting_text.bucket,
        flag="--bucket",
    )
    prefix: str = setting(
        "S3_PREFIX",
        "key prefix of the landing zone",
        default="raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/",
        parse=setting_text.prefix,
        flag="--prefix",
    )
    region: str | None = setting(
        "AWS_REGION",
        "AWS region; unset: the AWS configuration's, else us-east-1",
        parse=setting_text.region,
        flag="--region",
    )
    kms_key_id: str | None = setting(
        "S3_KMS_KEY_ID",
        "KMS key that encrypts the objects; unset: as the bucket says",
        parse=setting_text.kms_key_id,
    )
    alert_topic: str | None = setting(
        "ALERT_SNS_TOPIC_ARN",
        "SNS topic that is sent what a person should read; unset: no message",
        parse=setting_text.topic_arn,
    )
    heartbeat_url: str | None = setting(
        "HEARTBEAT_URL",
        "URL that a run calls when it ends with status 0 or 3; {command} in it becomes fetch or load",
        parse=setting_text.heartbeat_url,
    )
    metrics_namespace: str | None = setting(
        "METRICS_NAMESPACE",
        "CloudWatch namespace of the runs' metrics; unset: none are sent",
        parse=setting_text.metrics_namespace,
    )
    log_format: str = setting(
        "LOG_FORMAT",
        "text or json",
        default="text",
        parse=setting_text.one_of("text", "json"),
        flag="--log-format",
    )

    @property
    def places(self) -> str:
        """Where the run reads and writes, for the log."""
        return f"s3://{self.bucket}/{self.prefix}"


@dataclass(frozen=True)
class FetcherSettings(AwsSettings):
    """The fetcher's settings."""

    command: ClassVar[str] = "fetch"

    api_url: str = setting(
        "ESD_API_URL",
        "the API, https://<district>.eschooldata.com/api",
        parse=setting_text.base_url,
        flag="--api-url",
        required=True,
    )
    secret_id: str = setting(
        "ESD_SECRET_ID",
        "secret with ESD_URL, ESD_CLIENT_ID and ESD_SECRET_KEY",
        default="prod/edna/esd_credentials",
        parse=setting_text.secret_id,
        flag="--secret-id",
    )
    school_year_id: int | None = setting(
        "ESD_SCHOOL_YEAR_ID",
        "school year to ask for; not sent when unset, and the API then answers for today only",
        parse=setting_text.whole(0, 2**31),
        flag="--school-year-id",
    )
    page_size: int = setting(
        "ESD_PAGE_SIZE",
        "records a page, and schools a page of their list",
        default="1000",
        parse=setting_text.whole(1, 10_000),
        flag="--page-size",
    )
    concurrency: int = setting(
        "ESD_CONCURRENCY",
        "pages read at a time, over all schools",
        default="8",
        parse=setting_text.whole(1, 64),
        flag="--concurrency",
    )
    timeout: int = setting(
        "ESD_TIMEOUT",
        "seconds to wait for the API to say something; a whole answer may take five times as long",
        default="60",
        parse=setting_text.whole(1, 3600),
    )
    attempts: int = setting(
        "ESD_ATTEMPTS",
        "tries of a request before it counts as failed; a used-up quota (429) is given a minute as well",
        default="6",
        parse=setting_text.whole(1, 100),
    )
    skip_schools: frozenset[int] | None = setting(
        "ESD_SKIP_SCHOOLS",
        "schools that may list nothing, or leave the list of schools, without a report: 12549,12550",
        parse=setting_text.schools,
    )
    stale_days: int = setting(
        "ESD_STALE_DAYS",
        "days that the newest record may be old before a person is needed; 0: never",
        default="21",
        parse=setting_text.whole(0, 10_000),
    )

    @property
    def places(self) -> str:
        """The API and the landing zone, for the log."""
        return f"API {self.api_url}, {super().places}"


@dataclass(frozen=True)
class LoaderSettings(AwsSettings):
    """The loader's settings."""

    command: ClassVar[str] = "load"

    host: str | None = setting(
        "REDSHIFT_HOST",
        "cluster endpoint",
        default="edna-prod-dw.cejfjblsis8x.us-east-1.redshift.amazonaws.com",
        parse=setting_text.host,
        flag="--host",
        in_secret=True,
    )
    port: int | None = setting(
        "REDSHIFT_PORT",
        "port",
        default="5439",
        parse=setting_text.whole(1, 65535),
        flag="--port",
        in_secret=True,
    )
    database: str | None = setting(
        "REDSHIFT_DATABASE", "database", default="db02", flag="--database", in_secret=True
    )
    user: str | None = setting(
        "REDSHIFT_USER", "database user", default="dba02", flag="--user", in_secret=True
    )
    secret_id: str = setting(
        "REDSHIFT_SECRET_ID",
        "secret with the password",
        default="prod/edna/redshift_credentials",
        parse=setting_text.secret_id,
        flag="--secret-id",
    )
    sslmode: str = setting(
        "REDSHIFT_SSLMODE",
        "how far TLS is verified",
        default="verify-full",
        parse=setting_text.one_of(*_SSL_MODES),
    )
    sslrootcert: str | None = setting(
        "REDSHIFT_SSLROOTCERT",
        "CA bundle; unset: certifi's, which holds Amazon's roots",
        parse=setting_text.ca_file,
    )
    batch_partitions: int = setting(
        "REDSHIFT_BATCH_PARTITIONS",
        "partitions loaded in one transaction; the default holds a school year",
        default="366",
        parse=setting_text.whole(1, 1000),
    )
    lock_seconds: int = setting(
        "REDSHIFT_LOCK_SECONDS",
        "seconds to wait for another load that is under way",
        default="600",
        parse=setting_text.whole(1, 86_400),
    )
    history_days: int | None = setting(
        "REDSHIFT_HISTORY_DAYS",
        "days that a former version of a record is kept; unset: for ever",
        parse=setting_text.whole(1, 100_000),
    )
    status_hours: int = setting(
        "REDSHIFT_STATUS_HOURS",
        "hours that the last good fetch and load may be old before --status needs a person; 0: never",
        default="36",
        parse=setting_text.whole(0, 10_000),
    )

    @property
    def places(self) -> str:
        """The landing zone, and the cluster, whose host may be in the secret, which is read later."""
        by_secret = f"by secret {self.secret_id}, else {default_of(LoaderSettings, 'host')}"
        return f"{super().places}, cluster {self.host or by_secret}"


Settings = TypeVar("Settings", bound=AwsSettings)


def add_flags(parser: argparse.ArgumentParser, settings: type[AwsSettings]) -> None:
    """Add the settings' flags to the parser; its epilog lists the settings that have only a variable."""
    parser.add_argument(
        "--env-file", metavar="FILE", help="read FILE, not the .env of this directory or the script's own"
    )
    lines = []
    for declared in fields(settings):
        metadata = declared.metadata
        default = "required" if metadata["required"] else f"default {metadata['default'] or 'unset'}"
        if metadata["flag"]:
            metavar = declared.name.upper()
            about = f"{metadata['about']} [{metadata['variable']}, {default}]"
            parser.add_argument(metadata["flag"], dest=declared.name, metavar=metavar, help=about)
        else:
            lines.append(f"  {metadata['variable']:26} {metadata['about']} ({default})")
    parser.epilog = "also by environment variable or .env:\n" + "\n".join(lines)


@dataclass(frozen=True)
class Reading(Generic[Settings]):
    """What was read: the usable values of the settings, every fault, and the `.env` in use."""

    kind: type[Settings]
    values: dict[str, Any]
    faults: list[str]
    env_file: Path | None

    def settings(self) -> Settings:
        """The settings; raises one ConfigurationError that names all the faults."""
        if self.faults:
            raise ConfigurationError(self.faults)
        return self.kind(**self.values)

    def usable(self) -> Settings:
        """The settings, although some may be wrong: these have their default, or None."""
        declared = {each.name: each.metadata for each in fields(self.kind)}
        defaults = {name: of["default"] and of["parse"](of["default"]) for name, of in declared.items()}
        return self.kind(**{**defaults, **self.values})


def read(settings: type[Settings], flags: argparse.Namespace) -> Reading[Settings]:
    """Read every setting. Adds the variables of `.env` to the environment, where boto3 reads them.

    A variable that the environment already has is kept, unless it is empty.
    """
    dotenv = env_file.read(env_file.find(getattr(flags, "env_file", None)))
    known = {each.metadata["variable"] for kind in (FetcherSettings, LoaderSettings) for each in fields(kind)}
    given = [name for name, value in os.environ.items() if value and name not in dotenv.variables]
    faults = [
        *dotenv.faults,
        *env_file.misnamed(dotenv.variables, known, str(dotenv.path), strict=True),
        *env_file.misnamed(given, known, "the environment", strict=False),
    ]
    for name, value in dotenv.variables.items():
        if not plain(os.environ.get(name, "")):
            os.environ[name] = value
    machine.make_plain(os.environ)
    faults += machine.faults(os.environ)
    values: dict[str, Any] = {}
    for declared in fields(settings):
        try:
            values[declared.name] = _value(declared, getattr(flags, declared.name, None), os.environ)
        except ValueError as fault:
            faults.append(f"{declared.metadata['variable']} {fault}")
    return Reading(settings, values, faults, dotenv.path)


def _value(declared: Field[Any], flag: str | None, environment: Mapping[str, str]) -> Any:
    metadata = declared.metadata
    default = None if metadata["in_secret"] else metadata["default"]
    raw = plain(flag or "") or plain(environment.get(metadata["variable"], "")) or default
    if raw is None:
        if metadata["required"]:
            raise ValueError(f"is missing: {metadata['about']}")
        return None
    return metadata["parse"](raw)


def proxy_variables() -> list[str]:
    """The environment variables that name a proxy, for the sentence about a proxy that does not work."""
    return machine.proxy_variables(os.environ)


def parsed(settings: type[AwsSettings], name: str, value: str) -> Any:
    """A setting's value from a text; raises ValueError that says what the text must be."""
    return _declared(settings, name).metadata["parse"](plain(value))


def default_of(settings: type[AwsSettings], name: str) -> str | None:
    """A setting's default, as a person would type it."""
    default: str | None = _declared(settings, name).metadata["default"]
    return default


def _declared(settings: type[AwsSettings], name: str) -> Field[Any]:
    return next(each for each in fields(settings) if each.name == name)
