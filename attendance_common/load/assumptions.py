"""What the loader assumes about Redshift, and what was not tried on a real one: with the expected answers.

`probes` has a probe for each assumption, by its name. An answer is a text that has no data in it. An answer
that is neither expected nor harmless means that a load would fail, or make the table wrong.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from attendance_common import landing, tables
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
    """An assumption: the expected answers, what depends on it, and which other answers do no harm."""

    name: str
    expected: tuple[str, ...]
    rests_on_it: str
    is_harmless: Callable[[str], bool] = _no
    cure: str = REPORT_IT

    def judge(self, answer: str) -> Verdict:
        """Whether an answer is expected, harmless or harmful."""
        if answer in self.expected:
            return Verdict.EXPECTED
        return Verdict.HARMLESS if self.is_harmless(answer) else Verdict.HARMFUL

    def difference(self, answer: str) -> str:
        """A sentence for an answer that differs, with the cure if it does harm."""
        sentence = f"{answer} (expected: {' or '.join(self.expected)}). {self.rests_on_it}"
        return f"{sentence}: {'a load is right all the same' if self.is_harmless(answer) else self.cure}"


# --- answers ------------------------------------------------------------------------------------------------


def spellings(types: Mapping[str, str]) -> str:
    """How the view names each declared type: `BIGINT: bigint, VARCHAR(n): varchar(n)`. `types`: by column."""
    found: dict[str, set[str]] = defaultdict(set)
    for column in (*tables.EXTERNAL.columns, *tables.EXTERNAL.partitions):
        if column.name in types:
            found[without_numbers(column.type)].add(without_numbers(types[column.name]))
    return ", ".join(f"{kind}: {' and '.join(sorted(names))}" for kind, names in sorted(found.items()))


def values(shown: Collection[str]) -> str | None:
    """How the view shows the values of partitions; None when all have two digits, so that it cannot be seen.

    A value of one digit shows that the view adds no leading zero: then values that have one were registered
    so, by another program.
    """
    shapes = {_shape(each) for each in shown} - {None}
    for decisive in (NO_JSON, NO_TEXTS, AS_REGISTERED, PADDED):
        if decisive in shapes:
            return decisive
    return None


def _shape(text: str) -> str | None:
    try:
        parts = json.loads(text)
    except ValueError:
        return NO_JSON
    if not isinstance(parts, list) or not all(isinstance(each, str) for each in parts):
        return NO_TEXTS
    if has_leading_zero(text):
        return PADDED
    return AS_REGISTERED if any(len(each) == 1 for each in parts) else None


def has_leading_zero(text: str) -> bool:
    """Whether one of a partition's values begins with 0."""
    return '"0' in text


def paths(
    rows: Sequence[tuple[int, str | None, str | None, int, int]], day: dt.date, areas: landing.Areas
) -> str:
    """What "$path" gives. `rows`: of each list of `day`, school, least and greatest text, texts, rows.

    Another text is quoted only where it ends with the name of the list: it can name what others stored.
    """
    if any(reported < count for _, _, _, reported, count in rows):
        return "NULL"
    if any(first != last for _, first, last, _, _ in rows):
        return "several texts for one object"
    texts = {school: str(first) for school, first, *_ in rows}
    if all(text == areas.list_url(day, school) for school, text in texts.items()):
        return URL
    ours = [text for school, text in texts.items() if text.endswith(f"/{landing.object_name(day, school)}")]
    return f"{OTHER_TEXT}, such as {ours[0]}" if ours else OTHER_TEXT


def pruning(total: int, qualified: int, asked: int) -> str:
    """Of which partitions a query read the objects."""
    if qualified == asked:
        return PRUNES
    return "all of them" if qualified == total else f"{qualified} where {asked} is asked for"


def refusal(error: WarehouseError) -> str:
    """How a statement was refused."""
    how = AS_BAD_DATA if isinstance(error, Unreadable) else "refused, but not as bad data"
    return f"{how} ({error.numbers})"


AS_REGISTERED = "a JSON list of texts as they were registered"
NO_JSON = "no JSON"
NO_TEXTS = "JSON, but no list of texts"
PADDED = "texts with leading zeros"
URL = "its URL"
OTHER_TEXT = "one text for each object, and not its URL"
PRUNES = "only those that are asked for"
AS_BAD_DATA = "refused as bad data"
FOUND, NOT_FOUND = "found", "not found"
COUNTS = "INSERT 3, UPDATE 2, DELETE 1"

# An invented row with each kind of column, as SQL; and its hash by `list_sql.row_hash`.
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


def _is_bad_data(answer: str) -> bool:
    return answer.startswith(AS_BAD_DATA)


_ISOLATES = "and by such a refusal the loader finds the list at fault, and loads the others"
_HASHES = "By hashes the loader sees which rows have changed"
_FINDS = "A load looks for the rows of a date by whole numbers"

TYPES = "names of types"
PARTITION_VALUES = "values of partitions"
PARTITION = "rows of a date without leading zeros"
PADDED_PARTITION = "rows of a date with leading zeros"
PATH = 'name of an object ("$path")'
PRUNING = "partitions that a query reads"
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
        "The loader knows types by several names, and compares them at 'external table'",
        _yes,  # a name that is not known is a fault of the external table
    ),
    Assumption(
        PARTITION_VALUES,
        (AS_REGISTERED,),
        "By them the loader knows which dates are registered",
        lambda answer: answer != NO_JSON,
    ),
    Assumption(PARTITION, (FOUND,), _FINDS),
    Assumption(
        PADDED_PARTITION,
        (FOUND,),
        _FINDS,
        cure="another program registered it: drop that partition (ALTER TABLE … DROP PARTITION; S3 keeps all "
        "data), and run the loader, which registers it anew",
    ),
    Assumption(
        PATH,
        (URL,),
        "It becomes source_file, for people; by it the loader sees that a list lies in one object",
        lambda answer: answer.startswith(OTHER_TEXT),
    ),
    Assumption(
        PRUNING,
        (PRUNES,),
        "The time and the cost of a load rest on it",
        _yes,
    ),
    Assumption(
        IMPOSSIBLE_DATE,
        (f"{AS_BAD_DATA} (XX000, code: 1205)",),
        f"It may not become another date, {_ISOLATES}",
        _is_bad_data,
    ),
    Assumption(
        TOO_LONG, (f"{AS_BAD_DATA} (XX000, code: 8001)",), f"It may not be cut, {_ISOLATES}", _is_bad_data
    ),
    Assumption(
        NULL, (f"{AS_BAD_DATA} (XX000, code: 8007)",), f"It may not be stored, {_ISOLATES}", _is_bad_data
    ),
    Assumption(ROW_COUNTS, (COUNTS,), "Nothing but the log of --verbose rests on them", _yes),
    Assumption(MD5, (KNOWN_TEXT_HASH,), _HASHES),
    Assumption(ROW_HASH, (KNOWN_ROW_HASH,), _HASHES),
    Assumption(
        ISOLATION,
        ("Serializable", "Snapshot Isolation"),
        "Loads wait for each other by a lock, at any level",
        _yes,
    ),
    Assumption(
        TIME_ZONE,
        ("UTC", "GMT", "Etc/UTC"),
        "By it loaded_at, the time of a load, is in UTC",
        cure="ALTER USER … SET timezone TO 'UTC' for the user of REDSHIFT_USER",
    ),
)
