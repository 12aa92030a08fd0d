"""What is assumed about Redshift and could not be tried on one: each with the answer that is expected.

`probes` has a probe for each, by its name. An answer is a text without data. One that is neither expected nor
harmless means that a load would fail, or make the table wrong.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from attendance_common import tables
from attendance_common.check import SEND_IT
from attendance_common.errors import WarehouseError
from attendance_common.load.column_types import without_numbers
from attendance_common.load.refusals import Unreadable


class Verdict(Enum):
    """What an answer means for a load."""

    EXPECTED = "as expected"
    HARMLESS = "otherwise, and a load is right all the same"
    HARMFUL = "a load fails, or makes the table wrong"


REPORT_IT = f"do not schedule the load; {SEND_IT}"


def _no(_answer: str) -> bool:
    return False


def _yes(_answer: str) -> bool:
    return True


@dataclass(frozen=True)
class Assumption:
    """An assumption: the answers that are expected, what rests on it, and which other answers do no harm."""

    name: str
    expected: tuple[str, ...]
    rests_on_it: str
    is_harmless: Callable[[str], bool] = _no
    cure: str = REPORT_IT

    def judge(self, answer: str) -> Verdict:
        """What an answer means."""
        if answer in self.expected:
            return Verdict.EXPECTED
        return Verdict.HARMLESS if self.is_harmless(answer) else Verdict.HARMFUL

    def difference(self, answer: str) -> str:
        """A sentence for an answer that differs, with the cure if it does harm."""
        sentence = f"{answer}; expected was {' or '.join(self.expected)}. {self.rests_on_it}"
        return sentence if self.is_harmless(answer) else f"{sentence}: {self.cure}"


# --- answers ------------------------------------------------------------------------------------------------


def spellings(told: Mapping[str, str]) -> str:
    """How the view names each declared type: `BIGINT: bigint, VARCHAR(n): varchar(n)`. `told`: by column."""
    found: dict[str, set[str]] = defaultdict(set)
    for column in (*tables.EXTERNAL.columns, *tables.EXTERNAL.partitions):
        if column.name in told:
            found[without_numbers(column.type)].add(without_numbers(told[column.name]))
    return ", ".join(f"{kind}: {' and '.join(sorted(names))}" for kind, names in sorted(found.items()))


def shape(values: str) -> str | None:
    """How the view tells the values of a partition; None where two digits of each hide it."""
    try:
        parts = json.loads(values)
    except ValueError:
        return NO_JSON
    if not isinstance(parts, list) or not all(isinstance(each, str) for each in parts):
        return "no JSON list of texts"
    if has_leading_zero(values):
        return "texts with leading zeros"
    return AS_REGISTERED if any(len(each) == 1 for each in parts) else None


def has_leading_zero(values: str) -> bool:
    """Whether one of a partition's values begins with 0."""
    return '"0' in values


def paths(rows: Sequence[tuple[int, str | None, str | None, int, int]], urls: Collection[str]) -> str:
    """What "$path" says of the lists of one date: the first and the last text, and how many, of each list."""
    if any(told < count for _, _, _, told, count in rows):
        return "NULL"
    if any(first != last for _, first, last, _, _ in rows):
        return "several texts for one object"
    if all(first in urls for _, first, _, _, _ in rows):
        return URL
    return f"{OTHER_TEXT} {rows[0][1]}"


def pruning(total: int, qualified: int, asked: int) -> str:
    """Of how many partitions a query read the objects."""
    if qualified == asked:
        return PRUNES
    return (
        "all partitions are read"
        if qualified == total
        else f"{qualified} are read where {asked} is asked for"
    )


def refusal(error: WarehouseError) -> str:
    """How a statement was refused."""
    how = AT_FAULT if isinstance(error, Unreadable) else "refused, and not as a value at fault"
    return f"{how} ({error.numbers})"


AS_REGISTERED = "a JSON list of texts as they were registered"
NO_JSON = "no JSON"
URL = "the URL of each object"
OTHER_TEXT = "one text for each object, such as"
PRUNES = "only the partition that is asked for is read"
AT_FAULT = "refused as a value at fault"
ROWS, NO_ROWS = "its rows", "no row"
COUNTS = "INSERT 3, UPDATE 2, DELETE 1"

# A row without a student's data, of each kind of column, as SQL; and its hash by `list_sql.row_hash`.
KNOWN_ROW = {
    "id": "9007199254740993",
    "school_id": "12549",
    "attendance_date": "CAST('2025-12-09' AS DATE)",
    "attendance_status": "'Ä;id=1'",
    "comment": "'one two'",
    "is_locked": "TRUE",
    "verified": "FALSE",
    "modified_on": "CAST('2025-12-09 08:01:44.337001' AS TIMESTAMP)",
}
KNOWN_ROW_HASH = "2f3b618bba0e5675487ff6cfaa0eea0e"
KNOWN_TEXT, KNOWN_TEXT_HASH = "Zoë", "fb44af73417cf03c023d098e7f07c114"


def _is_a_value_at_fault(answer: str) -> bool:
    return answer.startswith(AT_FAULT)


_ISOLATES = "By the code, the loader knows that a list is at fault and loads the others"

TYPES = "types of external columns"
PARTITION_VALUES = "values of partitions"
PARTITION = "a partition without leading zeros"
PADDED_PARTITION = "a partition with leading zeros"
PATH = '"$path"'
PRUNING = "partitions that are read"
IMPOSSIBLE_DATE = "an impossible date"
TOO_LONG = "a value that is too long"
NULL = "NULL where none may be"
ROW_COUNTS = "counts of changed rows"
MD5 = "MD5 of a text"
ROW_HASH = "hash of a row"
ISOLATION = "isolation level"
TIME_ZONE = "time zone"

ASSUMPTIONS = (
    Assumption(
        TYPES,
        ("BIGINT: bigint, BOOLEAN: boolean, INTEGER: int, VARCHAR(n): varchar(n)",),
        "The check of the external table compares types by all their names that are known",
        _yes,  # a name that is not known is a fault of the external table
    ),
    Assumption(
        PARTITION_VALUES,
        (AS_REGISTERED,),
        "The loader reads from them which dates are registered",
        lambda answer: answer != NO_JSON,
    ),
    Assumption(PARTITION, (ROWS,), "A load finds the rows of a date by whole numbers"),
    Assumption(
        PADDED_PARTITION,
        (ROWS,),
        "A load finds the rows of a date by whole numbers",
        cure=f"another program registered it: ALTER TABLE {tables.EXTERNAL.qualified} DROP PARTITION (…), and "
        "run the loader, which registers it anew (S3 keeps all data)",
    ),
    Assumption(
        PATH,
        (URL,),
        "It is stored as source_file, for people; a load compares it to see that a list lies in one object",
        lambda answer: answer.startswith(OTHER_TEXT),
    ),
    Assumption(
        PRUNING,
        (PRUNES,),
        "What a load reads from S3, so its time and cost, rests on it; the table does not",
        _yes,
    ),
    Assumption(IMPOSSIBLE_DATE, (f"{AT_FAULT} (XX000, code: 1205)",), _ISOLATES, _is_a_value_at_fault),
    Assumption(TOO_LONG, (f"{AT_FAULT} (XX000, code: 8001)",), _ISOLATES, _is_a_value_at_fault),
    Assumption(NULL, (f"{AT_FAULT} (XX000, code: 8007)",), _ISOLATES, _is_a_value_at_fault),
    Assumption(ROW_COUNTS, (COUNTS,), "--verbose logs them; a load counts its rows by queries", _yes),
    Assumption(MD5, (KNOWN_TEXT_HASH,), "A load sees by hashes which rows have changed"),
    Assumption(ROW_HASH, (KNOWN_ROW_HASH,), "A load sees by hashes which rows have changed"),
    Assumption(
        ISOLATION,
        ("Serializable", "Snapshot Isolation"),
        "Loads wait for each other's lock at both levels",
        _yes,
    ),
    Assumption(
        TIME_ZONE,
        ("UTC", "GMT", "Etc/UTC"),
        "loaded_at would be of another zone",
        cure="ALTER USER … SET timezone TO 'UTC' for the user of REDSHIFT_USER",
    ),
)
