"""Ways in which a real Redshift could differ from this stand-in.

`RedshiftStandIn.differs` has those that are switched on: none by default. Tests show that `--check` finds
each of them.
"""

from __future__ import annotations

from collections.abc import Container
from enum import Enum

from sqlglot import exp


class Difference(Enum):
    """One difference; its value describes it."""

    TYPE_NAMES = "svv_external_columns names types as SQL does: integer, character varying(10)"
    PADDED_VALUES = "svv_external_partitions shows values with leading zeros"
    OTHER_VALUES = "svv_external_partitions shows values as no JSON"
    PARTITION_LOST = (
        "a predicate of whole numbers finds no partition that is registered without leading zeros"
    )
    PADDED_PARTITION_LOST = "the same of one that is registered with leading zeros"
    PATH_TEXT = '"$path" is a text of another form'
    PATH_NULL = '"$path" is NULL'
    PATH_VARIES = '"$path" is not the same in all rows of an object'
    NO_PRUNING = "every partition is read"
    DATES_ROLL_OVER = "TO_DATE takes no notice of its third argument"
    DATE_CODE = "an impossible date is refused with another code of bad data"
    TOO_LONG_CODE = "a value that is too long is refused with a code and words that nobody knows"
    TOO_LONG_ON_LEADER = "a value that is too long is refused as the leader node does: 22001"
    NULL_STATE = "NULL in a NOT NULL column is refused with 23502"
    NO_COUNTS = "DELETE does not report how many rows it deleted"
    MD5_CASE = "MD5 answers in capital letters"
    NO_MICROSECONDS = "TO_CHAR cuts microseconds to milliseconds"
    ISOLATION = "a database has an isolation level that nobody knows"
    TIME_ZONE = "the user's sessions have another time zone"
    # Serverless and clusters of several zones (datahub-project/datahub#12415 and #11922).
    SYS_VIEWS_ALONE = "views of SVL, STL and STV are denied to everybody"
    NO_MONITORING = "these are denied, and SYS_EXTERNAL_QUERY_DETAIL as well"


OTHER_TIME_ZONE = "America/New_York"


def apply(differs: Container[Difference], tree: exp.Expr) -> None:
    """Change the calls in `tree` to what they mean under these differences."""
    for call in list(tree.find_all(exp.Anonymous)):
        name = call.name.lower()
        if name == "to_date" and Difference.DATES_ROLL_OVER in differs:
            call.set("expressions", call.expressions[:2])
        elif name == "md5" and Difference.MD5_CASE in differs:
            call.replace(exp.Anonymous(this="upper", expressions=[call.copy()]))
        elif name == "to_char" and Difference.NO_MICROSECONDS in differs:
            pattern = call.expressions[1].name.replace("US", "MS")
            call.set("expressions", [call.expressions[0], exp.Literal.string(pattern)])
