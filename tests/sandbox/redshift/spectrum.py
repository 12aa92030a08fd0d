"""Scans an external table: copies the rows under its registered partitions to a temporary table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
from sqlglot import exp

from .catalog import Column, ExternalTable, Partition
from .dialect import render
from .differences import Difference
from .errors import RedshiftError, spectrum_scan_error
from .parquet_rules import UnreadableFile, open_file, read_columns
from .rewrite import rewrite
from .statements import literal, quote
from .storage import StorageError, StoredObject
from .work import ScanRecord, Work

PSEUDO_TYPES = {"$path": "varchar(1024)", "$size": "bigint"}
# The column of a scan that needs none: its rows are counted.
NO_COLUMN = "spectrum_row"


@dataclass(frozen=True)
class Shape:
    """The columns that a scan returns, in this order: from files, from partitions, about files.

    `only`: column -> the numbers that it may have in the returned rows.
    """

    data: tuple[Column, ...]
    partition: tuple[tuple[int, Column], ...]
    pseudo: tuple[str, ...]
    only: Mapping[str, Sequence[int]]

    @property
    def definition(self) -> str:
        """As in CREATE TABLE."""
        columns = [*self.data, *(column for _, column in self.partition)]
        parts = [f"{quote(column.name)} {backend_type(column.hive_type)}" for column in columns]
        parts += [f"{quote(name)} {PSEUDO_TYPES[name]}" for name in self.pseudo]
        return ", ".join(parts) or f"{NO_COLUMN} boolean"


def backend_type(hive_type: str) -> str:
    """PostgreSQL's name for a type of the catalog."""
    return {"double": "double precision", "float": "real", "int": "integer"}.get(hive_type, hive_type)


def scan(
    work: Work,
    table: ExternalTable,
    wanted: Sequence[str],
    conditions: Sequence[exp.Expr],
    only: Mapping[str, Sequence[int]],
    *,
    rows: bool,
) -> str:
    """The name of a temporary table with the wanted columns. Raises XX000 when a file cannot be read.

    `conditions` choose the partitions, `only` the rows.
    """
    shape = Shape(
        tuple(column for column in table.columns if column.name in wanted),
        tuple((at, column) for at, column in enumerate(table.partition_columns) if column.name in wanted),
        tuple(name for name in PSEUDO_TYPES if name in wanted),
        only,
    )
    scratch = work.scratch_table(shape.definition)
    if rows:
        partitions = _qualified(work, table, conditions)
        counts: Counter[str] = Counter()
        chunks = _chunks(work, table, shape, partitions, counts)
        work.link.copy_in(f"COPY {scratch} FROM STDIN (FORMAT csv)", chunks)
        total = len(work.cluster.catalog.partitions(table))
        record = ScanRecord(work.query_id, total, len(partitions), counts["scanned"], counts["returned"])
        work.cluster.scans.append(record)
    return scratch


def _qualified(work: Work, table: ExternalTable, conditions: Sequence[exp.Expr]) -> list[Partition]:
    """The partitions that meet the conditions; PostgreSQL evaluates them."""
    if not table.partition_columns:
        return [Partition((), table.location)]
    partitions = work.cluster.catalog.partitions(table)
    kept = partitions
    if partitions and conditions:
        chosen = work.link.query(_pruning_query(table, partitions, conditions))
        kept = [partitions[int(str(row[0]))] for row in chosen]
        kept = [partition for partition in kept if not _is_lost(work, partition)]
    return partitions if Difference.NO_PRUNING in work.cluster.differs else kept


def _is_lost(work: Work, partition: Partition) -> bool:
    padded = any(value.startswith("0") for value in partition.values)
    lost = Difference.PADDED_PARTITION_LOST if padded else Difference.PARTITION_LOST
    return lost in work.cluster.differs


def _pruning_query(
    table: ExternalTable, partitions: Sequence[Partition], conditions: Sequence[exp.Expr]
) -> str:
    names = [quote(column.name) for column in table.partition_columns]
    values = ", ".join(
        f"({at}, {', '.join(literal(value) for value in partition.values)})"
        for at, partition in enumerate(partitions)
    )
    typed = ", ".join(
        f"{name}::{backend_type(column.hive_type)} AS {name}"
        for name, column in zip(names, table.partition_columns, strict=True)
    )
    where = " AND ".join(f"({render(rewrite(_without_table(condition)))})" for condition in conditions)
    listed = f"SELECT spectrum_at, {typed} FROM (VALUES {values}) AS listed (spectrum_at, {', '.join(names)})"
    return f"SELECT spectrum_at FROM ({listed}) AS partitions WHERE {where} ORDER BY spectrum_at"


def _without_table(condition: exp.Expr) -> exp.Expr:
    condition = condition.copy()
    for column in condition.find_all(exp.Column):
        column.set("table", None)
        column.set("db", None)
    return condition


def _chunks(
    work: Work, table: ExternalTable, shape: Shape, partitions: Sequence[Partition], counts: Counter[str]
) -> Iterator[bytes]:
    """CSV for COPY, file by file. Adds the rows to `counts`. Raises XX000 for the first file with a fault."""
    try:
        listings = work.cluster.storage.listings([partition.location for partition in partitions])
        for partition, objects in zip(partitions, listings, strict=True):
            for stored in objects:
                rows, scanned = _file_rows(work, table, shape, partition, stored)
                counts.update(scanned=scanned, returned=rows.num_rows)
                if rows.num_rows:
                    yield _csv(rows)
    except UnreadableFile as fault:
        raise spectrum_scan_error(str(fault), work.query_id, work.link.process_id) from fault
    except StorageError as fault:
        raise _storage_refusal(work, fault) from fault


def _storage_refusal(work: Work, fault: StorageError) -> RedshiftError:
    status = {"NoSuchBucket": 404, "InvalidRange": 416}.get(fault.code, 403)
    context = (
        f"S3ServiceException: HTTP response error code: {status} Message: {fault.code} "
        f"bucket={fault.bucket} key={fault.key}"
    )
    return spectrum_scan_error(context, work.query_id, work.link.process_id)


def _file_rows(
    work: Work, table: ExternalTable, shape: Shape, partition: Partition, stored: StoredObject
) -> tuple[pa.Table, int]:
    """The rows of a file that a scan returns, and how many rows the file has."""
    file = open_file(work.cluster.storage.read(stored), stored.path, table)
    count = file.metadata.num_rows
    columns = read_columns(file, stored.path, shape.data).columns if shape.data else []
    constants: list[Any] = [partition.values[at] for at, _ in shape.partition]
    columns += [pa.repeat(value, count) for value in constants]
    columns += [
        _paths(work, stored, count) if name == "$path" else pa.repeat(stored.size, count)
        for name in shape.pseudo
    ]
    columns = columns or [pa.repeat(True, count)]
    rows = pa.table(columns, names=[str(at) for at in range(len(columns))])
    for at, column in enumerate(shape.data):
        if column.name in shape.only and pa.types.is_integer(rows.column(at).type):
            values = rows.column(at).cast(pa.int64())
            rows = rows.filter(pc.is_in(values, pa.array(shape.only[column.name], pa.int64())))
    return rows, count


def _paths(work: Work, stored: StoredObject, count: int) -> pa.Array:
    """What "$path" says in the rows of an object."""
    differs = work.cluster.differs
    if Difference.PATH_NULL in differs:
        return pa.nulls(count, pa.string())
    if Difference.PATH_VARIES in differs:
        return pa.array([f"{stored.path}?range={at}" for at in range(count)])
    return pa.repeat(
        stored.path.removeprefix("s3:/") if Difference.PATH_TEXT in differs else stored.path, count
    )


def _csv(rows: pa.Table) -> bytes:
    out = BytesIO()
    pcsv.write_csv(rows, out, pcsv.WriteOptions(include_header=False))
    return out.getvalue()
