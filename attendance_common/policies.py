"""The IAM policies that this project needs: of the fetcher, the loader, alerts, and Spectrum's role.

`make policies` writes them to docs/policies/ for the settings' defaults.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attendance_common import run_record
from attendance_common.aws import DEFAULT_REGION
from attendance_common.config import FetcherSettings, LoaderSettings, default_of
from attendance_common.landing import Areas
from attendance_common.tables import EXTERNAL, GLUE_DATABASE

# Names of resources for which no setting has a default; the documents use them, too.
ALERT_TOPIC = "attendance"
METRICS_NAMESPACE = "SchoolAttendance"

Policy = dict[str, Any]
Statement = dict[str, Any]

# The Glue actions that Redshift needs of Spectrum's role, each with the statement that needs it.
_GLUE = (
    *("glue:CreateDatabase", "glue:GetDatabase", "glue:GetDatabases"),  # CREATE EXTERNAL SCHEMA
    *("glue:CreateTable", "glue:DeleteTable", "glue:GetTable", "glue:GetTables"),  # CREATE, DROP, svv_…
    *("glue:BatchCreatePartition", "glue:CreatePartition"),  # ALTER TABLE … ADD PARTITION
    *("glue:DeletePartition", "glue:UpdatePartition"),  # ALTER TABLE … DROP PARTITION, SET LOCATION
    *("glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"),  # a query
)


@dataclass(frozen=True)
class Installation:
    """The names from which the policies' resources are built."""

    account: str
    region: str
    areas: Areas
    esd_secret: str
    redshift_secret: str
    glue_database: str


def default_installation() -> Installation:
    """The installation by the settings' defaults. Its account number is to be replaced."""
    return Installation(
        account="123456789012",
        region=DEFAULT_REGION,
        areas=Areas(_default(LoaderSettings, "bucket"), _default(LoaderSettings, "prefix")),
        esd_secret=_default(FetcherSettings, "secret_id"),
        redshift_secret=_default(LoaderSettings, "secret_id"),
        glue_database=GLUE_DATABASE,
    )


def _default(settings: type[FetcherSettings | LoaderSettings], name: str) -> str:
    default = default_of(settings, name)
    if default is None:
        raise LookupError(f"{name} has no default")
    return default


def fetcher(where: Installation) -> Policy:
    """The fetcher's policy: read its secret; list, read and write lists, quarantine and its run records."""
    areas = where.areas
    runs = run_record.folder(areas, "fetch")
    return _policy(
        _secret(where, where.esd_secret),
        _list_bucket(areas, areas.landing, areas.quarantine, runs),
        _objects(areas, areas.landing, "s3:GetObject", "s3:PutObject"),
        _objects(areas, areas.quarantine, "s3:GetObject", "s3:PutObject"),
        _objects(areas, runs, "s3:GetObject", "s3:PutObject"),
    )


def loader(where: Installation) -> Policy:
    """The loader's policy: read its secret; list the landing zone, and read Parquet footers in it (--verify);
    read the fetcher's run records; read and write its own.
    """
    areas = where.areas
    fetched, runs = run_record.folder(areas, "fetch"), run_record.folder(areas, "load")
    return _policy(
        _secret(where, where.redshift_secret),
        _list_bucket(areas, areas.landing, fetched, runs),
        _objects(areas, areas.landing, "s3:GetObject"),
        _objects(areas, fetched, "s3:GetObject"),
        _objects(areas, runs, "s3:GetObject", "s3:PutObject"),
    )


def alerts(where: Installation) -> Policy:
    """The policy for alerts and metrics: send them, and store what was sent. Only if they are set up."""
    topic = f"arn:aws:sns:{where.region}:{where.account}:{ALERT_TOPIC}"
    namespace = {"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}}
    return _policy(
        _objects(where.areas, where.areas.alerts, "s3:GetObject", "s3:PutObject"),
        _allow(["sns:Publish"], [topic]),
        # It takes no resource (AWS: Service Authorization Reference, CloudWatch).
        _allow(["cloudwatch:PutMetricData"], ["*"], Condition=namespace),
    )


def spectrum_role(where: Installation) -> Policy:
    """The policy of Spectrum's role: read the landing zone; keep the external table in a Glue database."""
    areas = where.areas
    listing = _allow(
        ["s3:ListBucket", "s3:GetBucketLocation"],
        [_bucket(areas)],
        # IfExists: GetBucketLocation has no prefix.
        Condition={"StringLikeIfExists": {"s3:prefix": f"{areas.landing}*"}},
    )
    glue = f"arn:aws:glue:{where.region}:{where.account}"
    database = where.glue_database
    return _policy(
        _objects(areas, areas.landing, "s3:GetObject"),
        listing,
        _allow(
            _GLUE,
            [
                f"{glue}:catalog",
                f"{glue}:database/{database}",
                f"{glue}:table/{database}/{EXTERNAL.name}",
            ],
        ),
    )


def spectrum_trust() -> Policy:
    """The trust policy of Spectrum's role: Redshift may assume it."""
    trusted = {"Principal": {"Service": "redshift.amazonaws.com"}}
    return _policy({"Effect": "Allow", **trusted, "Action": "sts:AssumeRole"})


def files(where: Installation) -> dict[str, str]:
    """File name -> text of every policy."""
    policies = {
        "fetcher": fetcher(where),
        "loader": loader(where),
        "alerts": alerts(where),
        "spectrum-role": spectrum_role(where),
        "spectrum-trust": spectrum_trust(),
    }
    return {f"{name}.json": json.dumps(policy, indent=2) + "\n" for name, policy in policies.items()}


def _policy(*statements: Statement) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: Sequence[str], resources: Sequence[str], **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}


def _secret(where: Installation, name: str) -> Statement:
    """Reading a secret. Its ARN is the name, a hyphen and six characters (API: GetSecretValue)."""
    arn = f"arn:aws:secretsmanager:{where.region}:{where.account}:secret:{name}-??????"
    return _allow(["secretsmanager:GetSecretValue"], [arn])


def _bucket(areas: Areas) -> str:
    return f"arn:aws:s3:::{areas.bucket}"


def _objects(areas: Areas, prefix: str, *actions: str) -> Statement:
    return _allow(actions, [f"{_bucket(areas)}/{prefix}*"])


def _list_bucket(areas: Areas, *prefixes: str) -> Statement:
    only = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}}
    return _allow(["s3:ListBucket"], [_bucket(areas)], Condition=only)
