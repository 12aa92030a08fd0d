"""What the loader connects to Redshift with: from the settings, the secret, and the defaults."""

from __future__ import annotations

from typing import Any

from attendance_common import aws, config
from attendance_common.config import LoaderSettings
from attendance_common.errors import AwsError


def redshift_secret(settings: LoaderSettings) -> dict[str, str]:
    """The secret with the password of REDSHIFT_USER; raises AwsError when it cannot be read or has none."""
    return aws.read_secret(settings, settings.secret_id, "REDSHIFT_SECRET_ID", ("password",))


def connection_parameters(settings: LoaderSettings, secret: dict[str, Any]) -> dict[str, Any]:
    """The arguments of psycopg2.connect().

    A setting that was given comes first, then the value in the secret, then the default. Raises AwsError for
    a value in the secret that the setting may not have.
    """
    import certifi

    def chosen(field: str, key: str) -> str:
        given, default = getattr(settings, field), config.default_of(LoaderSettings, field)
        return str(given or _from_secret(settings, secret, field, key) or default)

    return {
        "host": chosen("host", "host"),
        "port": chosen("port", "port"),
        "dbname": chosen("database", "dbname"),
        "user": chosen("user", "username"),
        "password": secret["password"],
        "sslmode": settings.sslmode,
        "sslrootcert": settings.sslrootcert or certifi.where(),
        # A firewall drops idle connections (MG: connecting-firewall-guidance).
        "keepalives": 1,
        "keepalives_idle": 200,
        "keepalives_interval": 200,
        "keepalives_count": 5,
    }


def _from_secret(settings: LoaderSettings, secret: dict[str, Any], field: str, key: str) -> Any:
    value = secret.get(key)
    try:
        return config.parsed(LoaderSettings, field, str(value)) if value else None
    except ValueError as fault:
        raise AwsError(f"{key} in the secret {settings.secret_id!r} {fault}", to_mend=True) from None
