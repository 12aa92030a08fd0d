"""AWS on loopback: moto's server in a process of its own, with the bucket and the secrets."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, overload

import boto3

from .children import Child
from .environment import CREDENTIALS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

REGION = "us-east-1"
BUCKET = "edna-prod"


class AwsStandIn:
    """moto's server: S3, Secrets Manager and Glue."""

    def __init__(self, *, bucket: str = BUCKET, region: str = REGION) -> None:
        self.bucket, self.region = bucket, region
        self.endpoint = ""
        self._secrets: dict[str, str] = {}
        self._child = Child("moto_server.py", environment=CREDENTIALS)

    def start(self) -> None:
        """Start the server and make the bucket."""
        self.endpoint = f"http://127.0.0.1:{self._child.start()}"
        self._fill()

    def stop(self) -> None:
        """End the server; what it held is gone."""
        self._child.stop()

    def reset(self) -> None:
        """Forget everything but an empty bucket and the secrets that were stored."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30):
            self._fill()

    def store_secret(self, name: str, content: Mapping[str, object]) -> None:
        """Keep a secret as JSON under this name."""
        self._secrets[name] = json.dumps(content)
        self.client("secretsmanager").create_secret(Name=name, SecretString=self._secrets[name])

    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
    def client(self, service: Literal["s3", "secretsmanager"]) -> object:
        """Make a boto3 client that talks to this server, whatever the environment says."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def _fill(self) -> None:
        self.client("s3").create_bucket(Bucket=self.bucket)
        for name, content in self._secrets.items():
            self.client("secretsmanager").create_secret(Name=name, SecretString=content)
