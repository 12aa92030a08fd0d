"""Checks that a Parquet file has only what Spectrum is known to read.

AWS publishes no full list. What is documented or was seen to work passes. What is unconfirmed is refused, so
that nobody ships a file that only this stand-in can read.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .catalog import Column, ExternalTable

COMPRESSIONS = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"})
ENCODINGS = frozenset({"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"})
# The beginning of a page header in Thrift's compact form: field 1, type 3 = DATA_PAGE_V2.
DATA_PAGE_V2 = b"\x15\x06"


class UnreadableFile(Exception):
    """Spectrum would not read the file. The message is the context of its error."""


def open_file(data: bytes, path: str, table: ExternalTable) -> pq.ParquetFile:
    """The opened file. Raises UnreadableFile unless it agrees with the table in every respect."""
    try:
        file = pq.ParquetFile(BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise UnreadableFile(f"File '{path}' has an invalid version number: {data[:4]!r}") from error
    metadata = file.metadata
    if metadata.format_version != "1.0":
        raise UnreadableFile(f"File '{path}' has an invalid version number: {metadata.format_version}")
    _check_rows(metadata, path)
    _check_names(file, path, table)
    for position, column in enumerate(table.columns):
        _check_type(file.schema.column(position), path, table, column)
    for group in range(metadata.num_row_groups):
        for position in range(metadata.num_columns):
            _check_chunk(metadata.row_group(group).column(position), data, path)
    return file


def _check_rows(metadata: Any, path: str) -> None:
    """No statement of AWS and no report says what Spectrum does with a file or row group without rows."""
    if not metadata.num_rows or any(
        not metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)
    ):
        raise UnreadableFile(f"File '{path}' has no rows, or a row group without rows")


def _check_names(file: pq.ParquetFile, path: str, table: ExternalTable) -> None:
    """Spectrum may match columns by name or by position, and by case or not: all of it must agree."""
    found = [file.schema.column(position).path for position in range(len(file.schema.names))]
    expected = [column.name for column in table.columns]
    if found == expected:
        return
    partition = {column.name for column in table.partition_columns} & set(found)
    difference = next(
        (f"'{a}' for '{b}'" for a, b in zip(found, expected, strict=False) if a != b), "their number"
    )
    about = f"holds partition column {sorted(partition)}" if partition else f"columns differ: {difference}"
    raise UnreadableFile(
        f"File '{path}' has an incompatible Parquet schema for column '{table.location}': {about}. "
        f"Table columns: {len(expected)}, Data columns: {len(found)}"
    )


def _check_type(field: Any, path: str, table: ExternalTable, column: Column) -> None:
    logical = _logical(field)
    if field.max_repetition_level or (field.physical_type, logical) not in _readable(column.hive_type):
        raise UnreadableFile(
            f"File '{path}' has an incompatible Parquet schema for column '{table.location}.{column.name}'. "
            f"Column type: {column.hive_type.upper()}, Parquet schema:\n"
            f"optional {field.physical_type.lower()} {field.name} ({logical}) "
            f"[i:0 d:{field.max_definition_level} r:{field.max_repetition_level}]\n"
        )


def _logical(field: Any) -> str:
    """The logical type in a few words."""
    kind = field.logical_type
    if kind.type == "TIMESTAMP":
        return "TIMESTAMP " + next(
            u for u in ("milliseconds", "microseconds", "nanoseconds") if u in str(kind)
        )
    if kind.type == "INT":
        sign = "" if "isSigned=true" in str(kind) else "U"
        width = "".join(filter(str.isdigit, str(kind).partition(",")[0]))
        return f"{sign}INT({width})"
    if kind.type == "DECIMAL":
        return f"DECIMAL({field.precision},{field.scale})"
    return str(kind.type)


def _readable(hive_type: str) -> frozenset[tuple[str, str]]:
    """Pairs of physical and logical type that serve a column of this type."""
    base = hive_type.partition("(")[0]
    if base == "decimal":
        name = hive_type.upper()
        return frozenset((kind, name) for kind in ("INT32", "INT64", "FIXED_LEN_BYTE_ARRAY"))
    if base in ("varchar", "char"):
        return frozenset({("BYTE_ARRAY", "STRING")})
    return {
        "bigint": frozenset({("INT64", "NONE"), ("INT64", "INT(64)")}),
        "int": frozenset({("INT32", "NONE"), ("INT32", "INT(32)")}),
        "smallint": frozenset({("INT32", "INT(16)"), ("INT32", "INT(8)")}),
        "boolean": frozenset({("BOOLEAN", "NONE")}),
        "float": frozenset({("FLOAT", "NONE")}),
        "double": frozenset({("DOUBLE", "NONE")}),
        "date": frozenset({("INT32", "DATE")}),
        "timestamp": frozenset({("INT96", "NONE"), ("INT64", "TIMESTAMP microseconds")}),
    }.get(base, frozenset())


def _check_chunk(chunk: Any, data: bytes, path: str) -> None:
    if chunk.compression not in COMPRESSIONS:
        raise UnreadableFile(f"File '{path}' has an unsupported compression codec: {chunk.compression}")
    if not ENCODINGS.issuperset(chunk.encodings):
        raise UnreadableFile(f"File '{path}' has an unsupported encoding: {', '.join(chunk.encodings)}")
    if chunk.physical_type == "BOOLEAN" and "PLAIN" not in chunk.encodings:
        # RLE, which is in every list for the levels, are the values as well (pola-rs/polars#18819).
        raise UnreadableFile(f"File '{path}' has an unsupported encoding: RLE for BOOLEAN")
    if data[chunk.data_page_offset : chunk.data_page_offset + 2] == DATA_PAGE_V2:
        raise UnreadableFile(f"File '{path}' has an invalid version number: data page v2")


def read_columns(file: pq.ParquetFile, path: str, columns: Sequence[Column]) -> pa.Table:
    """The rows, with these columns. Raises UnreadableFile for a text with more bytes than its column."""
    rows = file.read(columns=[column.name for column in columns])
    for column in columns:
        if column.hive_type.startswith(("varchar", "char")):
            limit = int(column.hive_type.partition("(")[2].rstrip(")"))
            longest = pc.max(pc.binary_length(rows[column.name])).as_py()
            if longest is not None and longest > limit:
                raise UnreadableFile(
                    f"File '{path}': the length of the data column {column.name} is longer than the length "
                    f"defined in the table. Table: {limit}, Data: {longest}"
                )
    return rows
