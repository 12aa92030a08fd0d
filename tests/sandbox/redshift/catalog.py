"""The data catalog, AWS Glue: databases, tables and partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .errors import RedshiftError

INPUT_FORMAT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
OUTPUT_FORMAT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
SERDE_PARAMETERS = {"serialization.format": "1"}
PARQUET = {
    "InputFormat": INPUT_FORMAT,
    "OutputFormat": OUTPUT_FORMAT,
    "SerdeInfo": {"SerializationLibrary": SERDE, "Parameters": SERDE_PARAMETERS},
}


@dataclass(frozen=True)
class Column:
    """A column of an external table, its type in Hive's spelling."""

    name: str
    hive_type: str


@dataclass(frozen=True)
class Partition:
    """A registered partition: the values as registered, in the order of the partition columns."""

    values: tuple[str, ...]
    location: str


@dataclass(frozen=True)
class ExternalTable:
    """An external table; `schema` is Redshift's, `database` Glue's."""

    schema: str
    database: str
    name: str
    columns: tuple[Column, ...]
    partition_columns: tuple[Column, ...]
    location: str
    parameters: tuple[tuple[str, str], ...]


def aws_client(service: str, endpoint: str, region: str) -> Any:
    """A client with invented credentials: those of the environment are never read."""
    client: Any = boto3.client  # Its stubs know service names only as literals.
    return client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="spectrum-stand-in",
        aws_secret_access_key="spectrum-stand-in",
        config=Config(max_pool_connections=16, retries={"max_attempts": 2}, s3={"addressing_style": "path"}),
    )


def catalog_error(error: Exception) -> RedshiftError:
    """The error with Glue's message. The text that Redshift adds is not documented: do not rely on it."""
    if isinstance(error, ClientError):
        said = error.response["Error"]
        return RedshiftError(
            "XX000", f"Error when calling external catalog API: {said['Message']}", said["Code"]
        )
    return RedshiftError("XX000", f"Error when calling external catalog API: {type(error).__name__}")


class Catalog:
    """The requests to Glue. Every failure is a RedshiftError, XX000."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._glue = aws_client("glue", endpoint, region)

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._glue, operation)(**arguments)
        except (ClientError, BotoCoreError) as error:
            raise catalog_error(error) from error
        return answer

    def _pages(self, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            answer = self._call(operation, **arguments, **token)
            yield from answer[key]
            if not answer.get("NextToken"):
                return
            token = {"NextToken": answer["NextToken"]}

    def has_database(self, name: str) -> bool:
        """Whether Glue has the database."""
        return any(found["Name"] == name for found in self.databases())

    def databases(self) -> list[dict[str, Any]]:
        """All databases, in Glue's form."""
        return list(self._pages("get_databases", "DatabaseList"))

    def create_database(self, name: str) -> None:
        """Create a database."""
        self._call("create_database", DatabaseInput={"Name": name})

    def tables(self, schema: str, database: str) -> list[ExternalTable]:
        """Every table of a database; none when there is no such database."""
        if not self.has_database(database):
            return []
        found = self._pages("get_tables", "TableList", DatabaseName=database)
        return [_table(schema, database, entry) for entry in found]

    def table(self, schema: str, database: str, name: str) -> ExternalTable | None:
        """One table, None when Glue has none by that name."""
        try:
            entry = self._glue.get_table(DatabaseName=database, Name=name)["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            return None
        except (ClientError, BotoCoreError) as error:
            raise catalog_error(error) from error
        return _table(schema, database, entry)

    def create_table(self, table: ExternalTable) -> None:
        """Create a table."""
        self._call("create_table", DatabaseName=table.database, TableInput=_input(table))

    def update_table(self, table: ExternalTable) -> None:
        """Replace the table's definition."""
        self._call("update_table", DatabaseName=table.database, TableInput=_input(table))

    def drop_table(self, table: ExternalTable) -> None:
        """Drop the table's entry. The objects stay in S3."""
        self._call("delete_table", DatabaseName=table.database, Name=table.name)

    def partitions(self, table: ExternalTable) -> list[Partition]:
        """Every registered partition."""
        found = self._pages("get_partitions", "Partitions", DatabaseName=table.database, TableName=table.name)
        return [Partition(tuple(p["Values"]), p["StorageDescriptor"]["Location"]) for p in found]

    def add_partitions(self, table: ExternalTable, partitions: Sequence[Partition]) -> None:
        """Register partitions. Raises XX000 with Glue's text when one of them exists."""
        answer = self._call(
            "batch_create_partition",
            DatabaseName=table.database,
            TableName=table.name,
            PartitionInputList=[_partition_input(table, partition) for partition in partitions],
        )
        for failure in answer.get("Errors", []):
            detail = failure["ErrorDetail"]
            raise RedshiftError(
                "XX000",
                f"Error when calling external catalog API: {detail['ErrorMessage']}",
                detail["ErrorCode"],
            )

    def drop_partition(self, table: ExternalTable, values: Sequence[str]) -> None:
        """Drop a partition's entry. The objects stay in S3."""
        self._call(
            "delete_partition",
            DatabaseName=table.database,
            TableName=table.name,
            PartitionValues=list(values),
        )


def _columns(entries: Sequence[dict[str, str]]) -> tuple[Column, ...]:
    return tuple(Column(entry["Name"], entry["Type"]) for entry in entries)


def _table(schema: str, database: str, entry: dict[str, Any]) -> ExternalTable:
    storage = entry["StorageDescriptor"]
    return ExternalTable(
        schema=schema,
        database=database,
        name=entry["Name"],
        columns=_columns(storage["Columns"]),
        partition_columns=_columns(entry.get("PartitionKeys", [])),
        location=storage["Location"],
        parameters=tuple(sorted(entry.get("Parameters", {}).items())),
    )


def _entries(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"Name": column.name, "Type": column.hive_type} for column in columns]


def _storage(table: ExternalTable, location: str) -> dict[str, Any]:
    return {"Columns": _entries(table.columns), "Location": location, "Compressed": False, **PARQUET}


def _input(table: ExternalTable) -> dict[str, Any]:
    return {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **dict(table.parameters)},
        "PartitionKeys": _entries(table.partition_columns),
        "StorageDescriptor": _storage(table, table.location),
    }


def _partition_input(table: ExternalTable, partition: Partition) -> dict[str, Any]:
    return {"Values": list(partition.values), "StorageDescriptor": _storage(table, partition.location)}
