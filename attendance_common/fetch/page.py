"""Flattens one page of the API into rows of the landing zone, and finds the records that cannot be landed.

Fast way: a page of ordinary records is decoded directly into typed columns. Slow way: if anything on the page
is odd (a number as text, a new field, an impossible date), each record is flattened by `record`. The fast way
is taken only for pages of which both ways give the same rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec.structs import astuple

from attendance_common.columns import COLUMNS, NESTED, Column, Kind
from attendance_common.fetch.deep_json import cut_deep
from attendance_common.fetch.extra_fields import compact, extra_fields
from attendance_common.fetch.record import (
    REQUIRED,
    Row,
    Unfit,
    decode,
    decode_record,
    flatten_record,
    parse_date,
    record_id,
)
from attendance_common.fetch.totals import Paging, read_paging

_POLARS = {Kind.BIGINT: pl.Int64, Kind.BOOLEAN: pl.Boolean}
SCHEMA = pl.Schema({column.name: _POLARS.get(column.kind, pl.String) for column in COLUMNS})
_LISTS = ("periodAttendanceList", "periodAttendance")


class UnreadablePage(ValueError):
    """The body is no page of this API: it is not JSON (HTML, or cut short), or has no list of records."""


@dataclass(frozen=True)
class Rejection:
    """A record for quarantine: its text as received. `record_id`: None when it cannot be read."""

    reason: str
    record: str
    record_id: int | None

    @property
    def key(self) -> int | str:
        """What identifies the record: its id, else its text."""
        return self.record if self.record_id is None else self.record_id


@dataclass(frozen=True)
class Page:
    """A page's rows (schema: SCHEMA), its rejections, and its paging.

    `left_out`: field that did not fit into `extra_fields` -> in how many rows.
    """

    rows: pl.DataFrame
    rejections: tuple[Rejection, ...]
    paging: Paging
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def received(self) -> int:
        """The number of records on the page: rows and rejections."""
        return self.rows.height + len(self.rejections)


def read_page(body: bytes, school_id: int) -> Page:
    """Flatten the body of one answer; raises UnreadablePage."""
    return _read_ordinary(body, school_id) or _read_any(body, school_id)


# --- the fast way: typed decoding, then checks on whole columns -------------------------------------------

_Bigint = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_DECODED: dict[Kind, Any] = {Kind.BIGINT: _Bigint | None, Kind.BOOLEAN: bool | None, Kind.LIST: msgspec.Raw}
_NULL = msgspec.Raw(b"null")


def _struct(name: str, columns: Iterable[Column], *raw: str) -> type[Any]:
    """A type that decodes only records whose fields are all declared and have the types of their columns."""
    typed = [(column.path[-1], _DECODED.get(column.kind, str | None)) for column in columns]
    typed += [(key, msgspec.Raw) for key in raw]
    fields = [(key, kind, _NULL if kind is msgspec.Raw else None) for key, kind in typed]
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, gc=False)


_OUTER = [column for column in COLUMNS if len(column.path) == 1]
_INNER = [column for column in COLUMNS if len(column.path) == 2]
_Nested = _struct("_Nested", _INNER)
_Record = _struct("_Record", _OUTER, NESTED)


def _envelope(record: Any) -> Any:
    """The type of an answer: a bare list of records, or an object with the list (of two names) and paging."""
    fields: list[Any] = [(key, list[record] | None, None) for key in _LISTS]
    fields.append(("pagingInfo", msgspec.Raw, _NULL))
    return list[record] | msgspec.defstruct("_Envelope", fields, gc=False)


_ORDINARY = msgspec.json.Decoder(_envelope(_Record))
_NESTED_ONE = msgspec.json.Decoder(_Nested | None)
_ANY = msgspec.json.Decoder(_envelope(msgspec.Raw))


def _read_ordinary(body: bytes, school_id: int) -> Page | None:
    """The page if every record on it is ordinary, else None."""
    if b"\\" in body and b"\\u0000" in body:  # the first test is fast, and mostly decides
        return None
    try:
        records, paging = _opened(_ORDINARY.decode(body))
        rows = _columns(records, school_id)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    return Page(rows, (), paging) if _all_fit(rows) else None


def _columns(records: Sequence[Any], school_id: int) -> pl.DataFrame:
    """The records as a frame of SCHEMA; raises ValueError when a time is not an ordinary one."""
    *outer, nested = _by_column(map(astuple, records), len(_OUTER) + 1)
    came = pl.DataFrame(_series(_OUTER, outer))
    times = came.select(_UTC_TEXTS)
    if any(times[name].null_count() > came[name].null_count() for name in _TIMES):
        raise ValueError("a time is not an ordinary one")
    columns = {series.name: series for series in (*came, *times, *_nested(nested))}
    columns["school_id"] = pl.repeat(school_id, came.height, dtype=pl.Int64, eager=True)
    columns["extra_fields"] = pl.repeat(None, came.height, dtype=pl.String, eager=True)
    return pl.DataFrame({name: columns[name] for name in SCHEMA})


def _nested(raw: Iterable[msgspec.Raw]) -> list[pl.Series]:
    """The columns of the nested objects. Students of a section have equal objects: each is decoded once."""
    texts = list(map(bytes, raw))
    places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    distinct = pl.DataFrame(_series(_INNER, _by_column(map(_inner_values, places), len(_INNER))))
    return distinct[[places[text] for text in texts]].get_columns()


def _by_column(rows: Iterable[Sequence[Any]], columns: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) or [()] * columns


def _series(columns: Iterable[Column], values: Iterable[Sequence[Any]]) -> list[pl.Series]:
    return [
        pl.Series(column.name, cells, dtype=SCHEMA[column.name])
        for column, cells in zip(columns, values, strict=True)
    ]


@lru_cache(maxsize=8192)  # the next page mostly has the same objects
def _inner_values(text: bytes) -> tuple[Any, ...]:
    nested = _NESTED_ONE.decode(text) or _Nested()
    return tuple(
        _list_text(bytes(value)) if column.kind is Kind.LIST else value
        for column, value in zip(_INNER, astuple(nested), strict=True)
    )


def _list_text(raw: bytes) -> str | None:
    value = json.loads(raw)
    if value is None or isinstance(value, str):
        return value
    text = compact(value)
    text.encode()  # a lone surrogate raises here
    return text


_TIMES = [column.name for column in COLUMNS if column.kind is Kind.TIMESTAMP]
_ORDINARY_TIME = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$"


def _utc_text(time: pl.Expr) -> pl.Expr:
    """What `record.parse_instant` gives for ordinary times in UTC; null for any other time."""
    day, clock = time.str.slice(0, 10), time.str.slice(11, 8)
    fraction = time.str.slice(20).str.strip_chars_end("Z").str.pad_end(6, "0")
    is_a_day = day.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    text = pl.concat_str(day, pl.lit(" "), clock, pl.lit("."), fraction)
    return pl.when(time.str.contains(_ORDINARY_TIME) & is_a_day).then(text)


_UTC_TEXTS = [_utc_text(pl.col(name)).alias(name) for name in _TIMES]
_TEXTS = [column for column in COLUMNS if SCHEMA[column.name] == pl.String]
_LENGTHS = [pl.col(column.name).str.len_bytes().max() for column in _TEXTS]


def _all_fit(rows: pl.DataFrame) -> bool:
    if rows.is_empty():
        return True
    if any(rows[column.name].null_count() for column in REQUIRED):
        return False
    if not all(parse_date(text) for text in rows["date"].unique()):
        return False
    longest = rows.select(_LENGTHS).row(0)
    return all((length or 0) <= column.width for length, column in zip(longest, _TEXTS, strict=True))


# --- the slow way: record by record -----------------------------------------------------------------------


def _read_any(body: bytes, school_id: int) -> Page:
    records, paging = _split(body)
    return _read_each(records, school_id, paging)


def read_again(rejections: Sequence[Rejection], school_id: int) -> Page:
    """Flatten records again that an earlier version rejected."""
    return _read_each([rejection.record for rejection in rejections], school_id, Paging())


def _read_each(records: Iterable[str], school_id: int, paging: Paging) -> Page:
    rows: list[Row] = []
    rejections: list[Rejection] = []
    left_out: Counter[str] = Counter()
    for text in records:
        read = _read_one(text, school_id)
        if isinstance(read, Rejection):
            rejections.append(read)
        else:
            rows.append(read[0])
            left_out.update(read[1])
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return Page(frame, tuple(rejections), paging, left_out)


def _split(body: bytes) -> tuple[list[str], Paging]:
    """The text of each record, as received, and the paging."""
    try:
        return _split_strict(body)
    except RecursionError:
        return _split_deep(body)


def _split_strict(body: bytes) -> tuple[list[str], Paging]:
    try:
        records, paging = _opened(_ANY.decode(body))
        return [bytes(record).decode() for record in records], paging
    except (msgspec.MsgspecError, UnicodeDecodeError):
        records, paging = _split_lenient(body.decode(errors="surrogateescape"))
        return [json.dumps(record) for record in records], paging


def _split_deep(body: bytes) -> tuple[list[str], Paging]:
    """As `_split_strict`, for a body with a record that is nested too deeply for the decoder."""
    deep: list[str] = []

    def stand_in(record: str) -> str:
        deep.append(record)
        return f'"\0{len(deep) - 1}\0"'  # no JSON text is equal to it: JSON has no bare NUL

    text = body.decode(errors="surrogateescape")
    level = 1 if text.lstrip().startswith("[") else 2  # a bare list, or a list in an object
    try:
        records, paging = _split_lenient(cut_deep(text, level, stand_in))
    except RecursionError as error:
        raise UnreadablePage("the answer is not JSON, or nested too deeply") from error
    places = {f"\0{place}\0": place for place in range(len(deep))}
    return [
        deep[places[record]] if isinstance(record, str) and record in places else json.dumps(record)
        for record in records
    ], paging


def _split_lenient(text: str) -> tuple[list[Any], Paging]:
    """Decode what strict JSON refuses but Python reads: NaN, a bare tab, a byte that is no UTF-8."""
    try:
        answer = decode(text, strict=False)
    except ValueError as error:
        raise UnreadablePage("the answer is not JSON") from error
    if isinstance(answer, dict):
        records = _list_of([answer.get(key) for key in _LISTS])
        paging = read_paging(answer.get("pagingInfo"))
        records = [] if records is None and any(key in answer for key in _LISTS) else records
    else:
        records, paging = answer, Paging()
    if not isinstance(records, list):
        raise UnreadablePage("the answer holds no list of records")
    return records, paging


def _read_one(text: str, school_id: int) -> tuple[Row, set[str]] | Rejection:
    """A record's row and the fields that are left out of it, or its rejection."""
    try:
        record = decode_record(text)
    except (ValueError, RecursionError):
        return Rejection("the record cannot be decoded", text, None)
    try:
        return flatten_record(record, school_id), set(extra_fields(record).left_out)
    except Unfit as unfit:
        return Rejection(str(unfit), text, record_id(record))
    except RecursionError:
        return Rejection("nested too deeply", text, record_id(record))


def _list_of(named: Sequence[Any]) -> Any:
    """What an answer has under the names of its list: the first that is not empty; None when it has none."""
    given = [found for found in named if found is not None]
    return next(filter(None, given), given[0] if given else None)


def _opened(answer: Any) -> tuple[list[Any], Paging]:
    """The records and the paging of a decoded answer; raises ValidationError when it has no list."""
    if isinstance(answer, list):
        return answer, Paging()
    records = _list_of([getattr(answer, key) for key in _LISTS])
    if records is None:
        raise msgspec.ValidationError("no list of records")
    return records, read_paging(json.loads(bytes(answer.pagingInfo), parse_int=str))
