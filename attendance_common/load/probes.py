"""Tests on Redshift what is assumed about it: a probe for each assumption, by its name.

What a probe creates is temporary or rolled back. It gives an answer that has no data in it, and raises
NotTried where this cluster cannot be asked.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from attendance_common.check import NotTried
from attendance_common.columns import NATIVE_COLUMNS
from attendance_common.errors import WarehouseError
from attendance_common.landing import Areas
from attendance_common.load import assumptions, external
from attendance_common.load.list_sql import listed, row_hash, within
from attendance_common.load.plan import ListId
from attendance_common.load.warehouse import Warehouse

# The probes use a table, not constants: its rows are on the compute nodes, which have errors of their own.
CREATE_WORDS = "CREATE TEMP TABLE attendance_check_words (number BIGINT NOT NULL, word VARCHAR(16))"
FILL_WORDS = "INSERT INTO attendance_check_words (number, word) VALUES (1, %s), (2, %s), (3, %s)"
CREATE_NARROW = "CREATE TEMP TABLE attendance_check_narrow (number BIGINT NOT NULL, word VARCHAR(4))"
INSERT_LONG = "INSERT INTO attendance_check_narrow SELECT number, word FROM attendance_check_words"
INSERT_NULL = "INSERT INTO attendance_check_words SELECT NULLIF(number, 1), word FROM attendance_check_words"
IMPOSSIBLE_DATE = "SELECT TO_DATE(word, 'MM-DD-YYYY', TRUE) FROM attendance_check_words"
INSERT_THREE = "INSERT INTO attendance_check_words SELECT number + 3, word FROM attendance_check_words"
UPDATE_TWO = "UPDATE attendance_check_words SET word = 'x' WHERE number < 3"
DELETE_ONE = "DELETE FROM attendance_check_words WHERE number = 1"
MD5 = "SELECT MD5(word) FROM attendance_check_words WHERE number = 1"
CREATE_ROW = (
    "CREATE TEMP TABLE attendance_check_row (\n    "
    + listed(f"{column.native} {column.native_type}" for column in NATIVE_COLUMNS)
    + "\n)"
)
FILL_ROW = (
    f"INSERT INTO attendance_check_row ({', '.join(assumptions.KNOWN_ROW)}) "
    f"VALUES ({', '.join(assumptions.KNOWN_ROW.values())})"
)
ROW_HASH = f"SELECT {row_hash('attendance_check_row')} FROM attendance_check_row"

ISOLATION = "SELECT isolation_level FROM stv_db_isolation_level WHERE db_name = %s"
TIME_ZONE = "SHOW timezone"
ROWS = f"SELECT COUNT(*) FROM {external.EXTERNAL} WHERE {{predicate}}"
PATHS = (
    'SELECT school_id, MIN("$path"), MAX("$path"), COUNT("$path"), COUNT(*) '
    f"FROM {external.EXTERNAL} WHERE {{predicate}} GROUP BY school_id"
)


@dataclass(frozen=True)
class PartitionLog:
    """A view of queries on external tables: how to find the last query, and how many partitions it read."""

    last_query: str
    partitions: str


# A provisioned cluster has the first. Where it runs elsewhere (Serverless, several zones, a cluster that was
# added for concurrency) only the second has the query (DG: r_SVL_S3PARTITION, SYS_EXTERNAL_QUERY_DETAIL), and
# the first may be denied to everybody (datahub-project/datahub#11922 and #12415).
PARTITION_LOGS = (
    PartitionLog(
        "SELECT pg_last_query_id()",
        "SELECT MAX(total_partitions), MAX(qualified_partitions) FROM svl_s3partition WHERE query = %s",
    ),
    PartitionLog(
        "SELECT last_user_query_id()",
        "SELECT MAX(total_partitions), MAX(qualified_partitions) FROM sys_external_query_detail "
        "WHERE query_id = %s",
    ),
)
LOG_TRIES, LOG_PAUSE = 3, 1.0  # a log can lag behind its query; seconds between the tries


@dataclass(frozen=True)
class Place:
    """What the probes use: the warehouse, the landing zone's lists, and the values of all partitions.

    `temporary`, `spectrum`: whether temporary tables can be created, and whether a partition can be read.
    """

    warehouse: Warehouse
    areas: Areas
    lists: Collection[ListId]
    partitions: Sequence[str]
    temporary: bool
    spectrum: bool

    def require_temporary_tables(self) -> None:
        """Raise NotTried where none can be created."""
        if not self.temporary:
            raise NotTried("it needs temporary tables")

    def day_of(self, *, padded: bool | None = None) -> dt.date:
        """The newest date that has lists and is registered, with leading zeros or not; raises NotTried.

        Dates whose day or month has one digit come first: only there a leading zero makes a difference.
        """
        if not self.partitions:
            raise NotTried(external.NO_PARTITION)
        if not self.spectrum:
            raise NotTried("it needs Spectrum")
        days = {each.day for each in self.lists}
        found = [
            external.registered_day(values)
            for values in self.partitions
            if padded in (None, assumptions.has_leading_zero(values))
        ]
        if not (usable := [day for day in found if day in days]):
            raise NotTried(
                "no date that has lists is registered so"
                if padded
                else "no date that has lists is registered so yet: check again after the first load"
            )
        return max(usable, key=lambda day: (min(day.day, day.month) < 10, day))


Probe = Callable[[Place], str]


# --- the external table -------------------------------------------------------------------------------------


def _types(place: Place) -> str:
    types = {name.strip().lower(): kind for name, kind, _ in external.columns(place.warehouse)}
    if not types:
        raise NotTried("there is no external table")
    return assumptions.spellings(types)


def _values(place: Place) -> str:
    answer = assumptions.values(place.partitions)
    if answer is None:
        raise NotTried("no date is registered whose day or month has one digit: check again after a load")
    return answer


def _partition(place: Place, *, padded: bool) -> str:
    day = place.day_of(padded=padded)
    return assumptions.FOUND if _rows_of(place.warehouse, day) else assumptions.NOT_FOUND


def _rows_of(warehouse: Warehouse, day: dt.date) -> int:
    """How many rows a load's predicate finds."""
    predicate, values = within([day])
    [(rows,)] = warehouse.rows(ROWS.format(predicate=predicate), values)
    return int(rows)


def _paths(place: Place) -> str:
    day = place.day_of()
    predicate, values = within([day])
    found = place.warehouse.rows(PATHS.format(predicate=predicate), values)
    rows = [row for row in found if ListId(day, row[0]) in place.lists]  # others' objects can have more
    if not rows:
        raise NotTried("the partition has no row of a list")
    return assumptions.paths(rows, day, place.areas)


def _pruning(place: Place) -> str:
    if len(place.partitions) < 2:
        raise NotTried("fewer than two partitions are registered: check again after a load")
    day = place.day_of()
    for log in PARTITION_LOGS:
        _rows_of(place.warehouse, day)
        if counts := _logged(place.warehouse, log):
            return assumptions.pruning(*counts, asked=1)
    raise NotTried("neither SVL_S3PARTITION nor SYS_EXTERNAL_QUERY_DETAIL can be read, or has the query")


def _logged(warehouse: Warehouse, log: PartitionLog) -> tuple[int, int] | None:
    """How many partitions the last query could have read, and did; None when the view has no row of it."""
    try:
        [(query,)] = warehouse.rows(log.last_query)
        for attempt in range(LOG_TRIES):
            [(total, qualified)] = warehouse.rows(log.partitions, [query])
            if total is not None:
                return int(total), int(qualified)
            if attempt < LOG_TRIES - 1:
                time.sleep(LOG_PAUSE)
    except WarehouseError:
        return None
    return None


# --- values -------------------------------------------------------------------------------------------------


def _on_words(work: Callable[[Warehouse], str], words: Sequence[str], place: Place) -> str:
    """Do the work in a transaction, which is rolled back, on a table with these words and a narrower one."""

    place.require_temporary_tables()

    def prepared() -> str:
        place.warehouse.rows(CREATE_WORDS)
        place.warehouse.rows(CREATE_NARROW)
        place.warehouse.rows(FILL_WORDS, words)
        return work(place.warehouse)

    return place.warehouse.snapshot(prepared)


def _refusal_of(text: str, warehouse: Warehouse) -> str:
    """How a statement is refused; its result when it is not."""
    try:
        rows = warehouse.rows(text)
    except WarehouseError as error:
        return assumptions.refusal(error)
    return f"accepted, giving {rows[0][0]}" if rows else "accepted"


def _counts(warehouse: Warehouse) -> str:
    verbs = {"INSERT": INSERT_THREE, "UPDATE": UPDATE_TWO, "DELETE": DELETE_ONE}
    counts = {verb: warehouse.change(text) for verb, text in verbs.items()}
    return ", ".join(f"{verb} {count if count >= 0 else 'none'}" for verb, count in counts.items())


def _md5(warehouse: Warehouse) -> str:
    [(found,)] = warehouse.rows(MD5)
    return str(found)


def _row_hash(place: Place) -> str:
    place.require_temporary_tables()

    def hashed() -> str:
        place.warehouse.rows(CREATE_ROW)
        place.warehouse.rows(FILL_ROW)
        [(found,)] = place.warehouse.rows(ROW_HASH)
        return str(found)

    return place.warehouse.snapshot(hashed)


# --- the database -------------------------------------------------------------------------------------------


def _isolation(place: Place) -> str:
    """DG: r_STV_DB_ISOLATION_LEVEL: a view for everybody, but for those of Serverless."""
    try:
        rows = place.warehouse.rows(ISOLATION, [place.warehouse.connection.database])
    except WarehouseError as error:
        raise NotTried(f"STV_DB_ISOLATION_LEVEL cannot be read ({error.numbers})") from None
    if not rows:
        raise NotTried("STV_DB_ISOLATION_LEVEL does not show this database")
    return str(rows[0][0]).strip()


def _time_zone(place: Place) -> str:
    [(zone,)] = place.warehouse.rows(TIME_ZONE)
    return str(zone)


DATE_WORDS = ("02-30-2025",) * 3
KNOWN_WORDS = (assumptions.KNOWN_TEXT, "two", "three")

PROBES: dict[str, Probe] = {
    assumptions.TYPES: _types,
    assumptions.PARTITION_VALUES: _values,
    assumptions.PARTITION: partial(_partition, padded=False),
    assumptions.PADDED_PARTITION: partial(_partition, padded=True),
    assumptions.PATH: _paths,
    assumptions.PRUNING: _pruning,
    assumptions.IMPOSSIBLE_DATE: partial(_on_words, partial(_refusal_of, IMPOSSIBLE_DATE), DATE_WORDS),
    assumptions.TOO_LONG: partial(_on_words, partial(_refusal_of, INSERT_LONG), DATE_WORDS),
    assumptions.NULL: partial(_on_words, partial(_refusal_of, INSERT_NULL), KNOWN_WORDS),
    assumptions.ROW_COUNTS: partial(_on_words, _counts, KNOWN_WORDS),
    assumptions.MD5: partial(_on_words, _md5, KNOWN_WORDS),
    assumptions.ROW_HASH: _row_hash,
    assumptions.ISOLATION: _isolation,
    assumptions.TIME_ZONE: _time_zone,
}
