"""Redshift's own words: what the blocks of its nodes mean, which of them are shown, and what is at fault."""

from __future__ import annotations

import pytest

from attendance_common.load.node_error import NodeError, parse
from attendance_common.load.refusals import Canceled, Conflict, Unreadable, is_conflict, of_statement
from tests.test_warehouse import CATALOG, MARK, PARAMETERS

SCHEMA = (
    "File 'https://s3.amazonaws.com/b/year=2025/month=12/day=09/school_5.parquet' has an incompatible "
    "Parquet schema for column 's3://b/landing.minutes_late'. Column type: BIGINT, Parquet schema:\n"
    "optional byte_array minutes_late [i:28 d:1 r:0]\n"
)


def block(error: str, code: int | str, context: str = MARK, query: str = "1823", end: str = "\n") -> str:
    """What psycopg2 gives as the text of a node's error."""
    lines = (
        error,
        "DETAIL:  ",
        "  -----------------------------------------------",
        f"  error:  {error}",
        f"  code:      {code}",
        f"  context:   {context}",
        f"  query:     {query}",
        "  location:  funcs_string.hpp:395",
        "  process:   query0_121_1823 [pid=4711]",
        "  -----------------------------------------------",
        "",
    )
    return end.join(lines)


TOO_LONG = "Value too long for character type"
ONE_LINE = " ".join(block(TOO_LONG, 8001).split())

SHAPES = {
    "a block": (block(TOO_LONG, 8001), 8001, 1823),
    "CR LF": (block(TOO_LONG, 8001, end="\r\n"), 8001, 1823),
    "serverless": (block(TOO_LONG, 8001, query="1823[child_sequence:1]"), 8001, 1823),
    "upper case": (block(TOO_LONG, 8001).upper(), 8001, 1823),
    "lower case": (block(TOO_LONG, 8001).lower(), 8001, 1823),
    "one line": (ONE_LINE, 8001, 1823),
    "one line, serverless": (ONE_LINE.replace("1823 loc", "1823[child_sequence:1] loc"), 8001, 1823),
    "code behind the query": (
        "x\nDETAIL:\n  error:  x\n  query:     1823\n  context:   y\n  code:      15007\n",
        15007,
        1823,
    ),
    "code in the message": (f"{TOO_LONG} (code: 8001)", 8001, None),
    "the message is the code": ("1204\nDETAIL:  String length exceeds DDL length\n", 1204, None),
    "the message is the code, CR LF": ("1204\r\nDETAIL:  String length exceeds DDL length\r\n", 1204, None),
    "no code": ("x\nDETAIL:\n  error:  x\n  context:   y\n  query:     1823\n  location: z\n", None, 1823),
    "no block": (TOO_LONG, None, None),
    "no text": ("", None, None),
    "digits of a text": ("12049 rows", None, None),
    "code of a value": ('invalid value "zip code: 15007"', None, None),
    "code in the context": (block(TOO_LONG, "", context="code: 4711 query: 42"), None, 1823),
}


@pytest.mark.parametrize(("text", "code", "query"), SHAPES.values(), ids=SHAPES.keys())
def test_the_numbers_of_a_text(text: str, code: int | None, query: int | None) -> None:
    assert parse(text) == NodeError(code, query)


DATA_AT_FAULT = {
    "too long": ("XX000", block(TOO_LONG, 8001), "longer than its column"),
    "NULL": ("XX000", block("Cannot insert a NULL value into column id", 8007), "NULL lies where"),
    "too long, no code": ("XX000", f"{TOO_LONG}\nDETAIL:  {MARK}", "longer than its column"),
    "NULL, no code": (
        "XX000",
        f"Cannot insert a NULL value into column x\nDETAIL: {MARK}",
        "NULL lies where",
    ),
    "concatenation": ("XX000", block("CONCAT() result too long", 8001), "longer than its column"),
    "length": ("XX000", f"1204\nDETAIL:  String length exceeds DDL length: {MARK}", "Date Parse Error"),
    "date": ("XX000", block("Invalid date format - length must be 10 or more", 1205), "Date Parse Error"),
    "last of the 12xx": ("XX000", block("Invalid value", 1299), "Date Parse Error"),
    "scan": ("XX000", block("Spectrum Scan Error", 15007, SCHEMA), "incompatible Parquet schema"),
    "scan, lower case": ("XX000", block("Spectrum Scan Error", 15007, SCHEMA).lower(), "school_5.parquet"),
    "scan of an older cluster": ("XX000", block("S3 Query Exception (Fetch)", 15001, SCHEMA), "school_5"),
    "another text of 15007": ("XX000", block("Assert", 15007), "not what the external table declares"),
    "another SQLSTATE": ("58000", block(TOO_LONG, 8001), "longer than its column"),
    "one line": ("XX000", ONE_LINE, "longer than its column"),
}


@pytest.mark.parametrize(("state", "text", "words"), DATA_AT_FAULT.values(), ids=DATA_AT_FAULT.keys())
def test_the_data_are_at_fault_so_that_a_batch_is_halved(state: str, text: str, words: str) -> None:
    error = of_statement(state, text, PARAMETERS)
    assert isinstance(error, Unreadable)
    assert words.lower() in str(error).lower()
    assert MARK not in str(error)


@pytest.mark.parametrize(
    ("text", "code"),
    [("Assert", 1000), ("Disk Full", 1016), ("x", 8002), ("x", 1300), ("x", 1199), ("x", 15001)],
)
def test_another_code_is_no_fault_of_the_data(text: str, code: int) -> None:
    assert not isinstance(of_statement("XX000", block(text, code), PARAMETERS), Unreadable)


EVERY_KIND = {
    "too long": ("XX000", TOO_LONG, 8001),
    "date": ("XX000", "Invalid date", 1205),
    "scan": ("XX000", "Spectrum Scan Error", 15007),
    "denied": ("XX000", "Spectrum Scan Error", 15001),
    "disk full": ("XX000", "Disk Full", 1016),
    "catalog": ("XX000", "Error when calling external catalog API: Rate exceeded", 20000),
    "role": ("XX000", "Not authorized to get credentials of role arn:aws:iam::1:role/x", 30000),
    "conflict": ("XX000", "Serializable isolation violation on table - 1", 1023),
    "timeout": ("57014", "Query (1823) canceled on user's request", 1020),
    "a column": ("42703", "column x does not exist", 42),
    "unknown": ("XX000", "Assert", 1000),
    "22": ("22008", "date/time field value out of range", 8),
}


@pytest.mark.parametrize(("state", "text", "code"), EVERY_KIND.values(), ids=EVERY_KIND.keys())
def test_every_sentence_has_the_numbers(state: str, text: str, code: int) -> None:
    sentence = str(of_statement(state, block(text, code), PARAMETERS))
    assert f"{state}, code: {code}" in sentence
    assert sentence.endswith("(query: 1823)")
    assert MARK not in sentence
    assert "\n" not in sentence


OWN_WORDS = {
    "Disk Full": ("XX000", block("Disk Full", 1016, "node: 1"), ["Disk Full", "no space left"], 1),
    "memory": ("XX000", "Out Of Memory: \nDETAIL:  x", ["out of memory", "queue"], 1),
    "read-only": ("25006", "transaction is read-only", ["transaction is read-only", "resize"], 1),
    "WLM": ("57014", 'Query (1) canceled by WLM abort action of rule "x"', ["canceled by WLM", "queue"], 2),
    "correlated": (
        "XX000",
        "This type of correlated subquery pattern is not supported due to internal error",
        ["This type of correlated subquery pattern is not supported", "report it"],
        2,
    ),
    "correlated, 0A000": (
        "0A000",
        "This type of correlated subquery pattern is not supported yet",
        ["This type of correlated subquery pattern is not supported"],
        2,
    ),
    "unknown": (
        "XX000",
        'failed to find conversion function from "unknown" to text',
        ["failed to find conversion function from", "report it"],
        2,
    ),
    "Lake Formation": (
        "XX000",
        f"{CATALOG}Insufficient Lake Formation permission(s): Required Describe (Service: AWSGlue)",
        ["Insufficient Lake Formation permission(s)", "grant the IAM role of Spectrum"],
        2,
    ),
    "Lake Formation, lower case": (
        "XX000",
        "insufficient lake formation permission(s) on period_attendance",
        ["Insufficient Lake Formation permission(s)"],
        2,
    ),
    "the role may not be assumed": (
        "XX000",
        block("Not authorized to get credentials of role arn:aws:iam::1:role/edna-spectrum", 30000),
        ["role/edna-spectrum", "IAM role", "docs/operations.md"],
        2,
    ),
    "the role is not the cluster's": (
        "XX000",
        "The requested role arn:aws:iam::1:role/edna-spectrum is not associated to cluster",
        ["role/edna-spectrum", "IAM role", "docs/operations.md"],
        2,
    ),
    "SHA-256": ("", "authentication method 13 not supported", ["PASSWORD sets it as MD5"], 2),
    "the next method": ("", "authentication method 14 not supported\n", ["authentication method 14"], 2),
    "tunnel": (
        "",
        'server certificate for "x.redshift.amazonaws.com" does not match host name "localhost"',
        ["REDSHIFT_HOST", "PGHOSTADDR"],
        2,
    ),
}


@pytest.mark.parametrize(("state", "text", "words", "status"), OWN_WORDS.values(), ids=OWN_WORDS.keys())
def test_redshifts_own_words_are_shown_with_the_cure(
    state: str, text: str, words: list[str], status: int
) -> None:
    error = of_statement(state, text, PARAMETERS)
    assert [each for each in words if each not in str(error)] == []
    assert error.exit_status == status
    assert not isinstance(error, Unreadable | Canceled)


@pytest.mark.parametrize(
    "text",
    [
        f"Assert\nDETAIL:\n  error:  Assert\n  code:  1000\n  context:  the disk full of {MARK}\n",
        f'invalid input syntax for type bigint: "{MARK} is not authorized to leave"',
        f"Invalid digit, Value '{MARK} disk full', Pos 0",
        block("Spectrum Scan Error", 15001, f"Value of column {MARK}: {MARK}"),
        block("Spectrum Scan Error", 15007, f"File 'https://b/school_5.parquet' has an invalid value {MARK}"),
        block("Spectrum Scan Error", 15007, f"line one\n{MARK}"),
        f"Invalid value {MARK}\nDETAIL:  code: 8001 {MARK}",
    ],
)
@pytest.mark.parametrize("state", ["XX000", "22P02"])
def test_what_is_not_the_engines_is_not_shown(state: str, text: str) -> None:
    assert MARK not in str(of_statement(state, text, PARAMETERS))


@pytest.mark.parametrize(
    "text", [block("1023", 1023), block("Serializable isolation violation", 1023), "1018\r\nDETAIL:  x"]
)
def test_a_conflict_in_a_block_is_tried_again(text: str) -> None:
    assert is_conflict("XX000", text)
    assert isinstance(of_statement("XX000", text, PARAMETERS), Conflict)


def test_an_object_that_s3_denies_is_a_fault_of_the_role() -> None:
    denied = "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 7,ExtRid 8,CanRetry 1"
    error = of_statement("XX000", block("Spectrum Scan Error", 15001, denied), PARAMETERS)
    assert error.exit_status == 2
    assert "S3ServiceException:Access Denied,Status 403,Error AccessDenied" in str(error)
    assert not isinstance(error, Unreadable)
