"""The sandbox's settings as environment variables, and the shell file that holds them."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "sandbox-access-key",
    "AWS_SECRET_ACCESS_KEY": "sandbox-secret-access-key",
}
DEFAULT_ENV_FILE = Path(".sandbox/env")
S3_PREFIX = "raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/"
ESD_SECRET_ID = "prod/edna/esd_credentials"
REDSHIFT_SECRET_ID = "prod/edna/redshift_credentials"
SETTINGS_OF = ("AWS_", "ESD_", "REDSHIFT_", "S3_", "PG")


def esd_variables(api_url: str, school_year_id: int) -> dict[str, str]:
    """Give what the fetcher reads about the source."""
    return {
        "ESD_API_URL": api_url,
        "ESD_SECRET_ID": ESD_SECRET_ID,
        "ESD_SCHOOL_YEAR_ID": str(school_year_id),
        "ESD_PAGE_SIZE": "1000",
        "ESD_CONCURRENCY": "8",
    }


def aws_variables(endpoint: str, bucket: str, region: str) -> dict[str, str]:
    """Give what boto3 and both scripts read about AWS."""
    return {
        "S3_BUCKET": bucket,
        "S3_PREFIX": S3_PREFIX,
        "AWS_ENDPOINT_URL": endpoint,
        **CREDENTIALS,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def redshift_variables(
    *, host: str, port: int, database: str, user: str, password: str, ca: Path
) -> dict[str, str]:
    """Give what the loader, and any libpq client, reads about the warehouse."""
    return {
        "REDSHIFT_HOST": host,
        "REDSHIFT_PORT": str(port),
        "REDSHIFT_DATABASE": database,
        "REDSHIFT_USER": user,
        "REDSHIFT_SECRET_ID": REDSHIFT_SECRET_ID,
        "REDSHIFT_SSLMODE": "verify-full",
        "REDSHIFT_SSLROOTCERT": str(ca),
        "PGHOST": host,
        "PGPORT": str(port),
        "PGUSER": user,
        "PGDATABASE": database,
        "PGPASSWORD": password,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(ca),
    }


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Drop what the developer's own shell says about AWS, ESD, S3, Redshift and libpq."""
    return {name: value for name, value in environment.items() if not name.startswith(SETTINGS_OF)}


def write_env_file(path: Path, variables: Mapping[str, str]) -> None:
    """Write `export NAME=value` lines, for the owner's eyes only, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".env-")  # made with mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    Path(unfinished).replace(path)


def read_env_file(path: Path) -> dict[str, str]:
    """Read such a file back; FileNotFoundError when there is none."""
    assignments = shlex.split(path.read_text(encoding="utf-8"))
    return dict(word.split("=", 1) for word in assignments if word != "export")
