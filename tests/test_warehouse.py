"""The warehouse: what it connects with, which refusals are tried again, and what an operator reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import pytest

from attendance_common.config import LoaderSettings
from attendance_common.errors import AwsError, WarehouseError
from attendance_common.load.connection import Connection, first_words
from attendance_common.load.connection_parameters import connection_parameters
from attendance_common.load.refusals import Conflict, Unreadable, is_conflict, of_statement
from attendance_common.load.warehouse import Warehouse
from tests.samples import settings_with

SETTINGS = settings_with(LoaderSettings, secret_id="s", sslmode="verify-full")
OWNERS_HOST = "edna-prod-dw.cejfjblsis8x.us-east-1.redshift.amazonaws.com"
MARK = "Zqx7Marker"  # stands for a student's data


def chosen(settings: LoaderSettings, secret: dict[str, Any]) -> tuple[Any, ...]:
    parameters = connection_parameters(settings, {"password": "p", **secret})
    return tuple(parameters[name] for name in ("host", "port", "dbname", "user", "password"))


def test_the_owners_defaults() -> None:
    assert chosen(SETTINGS, {}) == (OWNERS_HOST, "5439", "db02", "dba02", "p")


def test_what_the_secret_says_goes_before_the_default() -> None:
    secret = {"host": "h", "port": 5440, "dbname": "d", "username": "u", "engine": "redshift"}
    assert chosen(SETTINGS, secret) == ("h", "5440", "d", "u", "p")
    assert chosen(SETTINGS, {"port": "5441", "host": None})[:2] == (OWNERS_HOST, "5441")


def test_what_was_set_goes_before_the_secret() -> None:
    given = replace(SETTINGS, host="h2", port=1, database="d2", user="u2")
    assert chosen(given, {"host": "h", "port": 2, "dbname": "d", "username": "u"}) == (
        "h2",
        "1",
        "d2",
        "u2",
        "p",
    )


def test_tls_is_verified_and_an_idle_connection_kept_alive(tmp_path: Path) -> None:
    parameters = connection_parameters(SETTINGS, {"password": "p"})
    assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", certifi.where())
    assert (parameters["keepalives"], parameters["keepalives_idle"]) == (1, 200)
    bundle = str(tmp_path / "ca.pem")
    own = connection_parameters(replace(SETTINGS, sslmode="verify-ca", sslrootcert=bundle), {"password": "p"})
    assert (own["sslmode"], own["sslrootcert"]) == ("verify-ca", bundle)


# --- what is tried again ------------------------------------------------------------------------------------

SCAN_ERROR = """Spectrum Scan Error
DETAIL:
  -----------------------------------------------
  error:  Spectrum Scan Error
  code:      15007
  context:   File 'https://s3.amazonaws.com/edna-prod/year=2025/month=12/day=09/school_1023.parquet' has an \
incompatible Parquet schema for column 's3://edna-prod/landing.id'.
  query:     10231018
  location:  dory_util.cpp:1018
  process:   worker_thread [pid=1023]
  -----------------------------------------------
"""
SERIALIZATION = (
    "1023\nDETAIL:  Serializable isolation violation on table - 123, "
    "transactions forming the cycle are: 1, 2 (pid:3)\n"
)


@pytest.mark.parametrize(
    ("state", "text", "expected"),
    [
        pytest.param("XX000", SERIALIZATION, True, id="1023"),
        pytest.param("XX000", "1018\nDETAIL:  Relation does not exist.\n", True, id="1018"),
        pytest.param(
            "XX000", "could not complete because of conflict with concurrent transaction", True, id="snapshot"
        ),
        pytest.param(
            "XX000", "Spectrum Scan Error\nDETAIL: … 416 Message: InvalidRange", False, id="replaced"
        ),
        pytest.param("40001", "could not serialize access", True, id="serialization"),
        pytest.param("40P01", "deadlock detected", True, id="deadlock"),
        pytest.param("57P01", "terminating connection due to administrator command", True, id="shut down"),
        pytest.param("XX000", SCAN_ERROR, False, id="a school named 1023"),
        pytest.param("42P01", 'relation "1023" does not exist', False, id="a table named 1023"),
        pytest.param("57014", "Query (1023) cancelled on user's request", False, id="cancelled"),
        pytest.param("XX000", "", False, id="no text"),
        pytest.param("", "1023", False, id="no state"),
    ],
)
def test_what_is_tried_again(state: str, text: str, expected: bool) -> None:
    assert is_conflict(state, text) is expected


BEGUN = [
    "SET statement_timeout TO %s",
    "BEGIN",
    "LOCK TABLE public.period_attendance_lock",
    "SET statement_timeout TO 0",
]


class Rehearsal(Warehouse):
    """A warehouse that is never connected; it keeps what was sent and fails as the test says."""

    def __init__(self, *refused: str) -> None:
        self.sent: list[str] = []
        self._refused = list(refused)
        self.connection = Connection({})
        self._lock_seconds = 600

    def rows(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        self.sent.append(text)
        if self._refused and self._refused[0] == text:
            self._refused.pop(0)
            raise Conflict("Redshift: another transaction got in the way (XX000)")
        return []


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    noted: list[float] = []
    monkeypatch.setattr("time.sleep", noted.append)
    return noted


def in_transaction(warehouse: Warehouse, work: Callable[[], object]) -> object:
    return warehouse.locked(work)


def test_a_transaction_is_begun_and_committed_once(pauses: list[float]) -> None:
    warehouse = Rehearsal()
    assert in_transaction(warehouse, lambda: len(warehouse.rows("work"))) == 0
    assert (warehouse.sent, pauses) == ([*BEGUN, "work", "COMMIT"], [])


@pytest.mark.parametrize("refused", ["work", "COMMIT", "BEGIN"])
def test_a_conflict_has_the_whole_work_done_again(
    pauses: list[float], refused: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "attendance")
    warehouse = Rehearsal(refused)
    in_transaction(warehouse, lambda: warehouse.rows("work"))
    assert caplog.messages == ["Redshift: another transaction got in the way (XX000); trying again"]
    assert warehouse.sent[-6:] == [*BEGUN, "work", "COMMIT"]
    assert warehouse.sent.count("BEGIN") == 2
    assert len(pauses) == 1


def test_conflicts_without_an_end_are_reported(pauses: list[float]) -> None:
    warehouse = Rehearsal(*["COMMIT"] * 99)
    with pytest.raises(WarehouseError, match="8 times in a row: run again later"):
        in_transaction(warehouse, lambda: warehouse.rows("work"))
    assert warehouse.sent.count("work") == 8


def test_another_failure_is_not_tried_again(pauses: list[float]) -> None:
    warehouse = Rehearsal()

    def work() -> None:
        raise WarehouseError("refused")

    with pytest.raises(WarehouseError, match=r"^refused$"):
        in_transaction(warehouse, work)
    assert warehouse.sent == BEGUN


# --- what the operator reads --------------------------------------------------------------------------------

PARAMETERS = {"host": "cluster", "port": "5439", "password": "secret-Zqx7"}
SETUP = "run redshift_period_attendance_setup.sql"
CATALOG = "Error when calling external catalog API: "
TO_MEND = [
    ("", 'FATAL:  password authentication failed for user "dba02"', "REDSHIFT_USER and REDSHIFT_SECRET_ID"),
    ("", 'FATAL:  no pg_hba.conf entry for host "1.2.3.4"', "REDSHIFT_USER and REDSHIFT_SECRET_ID"),
    ("", 'server certificate for "x" does not match host name', "REDSHIFT_HOST, REDSHIFT_SSLMODE"),
    ("", "SSL error: wrong version number", "REDSHIFT_HOST, REDSHIFT_SSLMODE"),
    ("", 'FATAL:  database "db09" does not exist', "check REDSHIFT_DATABASE"),
    ("42P01", 'relation "public.period_attendance" does not exist\nLINE 1: …', SETUP),
    ("3F000", 'schema "esd_spectrum" does not exist', SETUP),
    ("42703", 'column "later" does not exist', SETUP),
    ("42501", "permission denied for relation loads\nLINE 1", "permission denied for relation loads (42501)"),
    ("XX000", f"{CATALOG}User is not authorized to assume IAM Role", "IAM role or its policy"),
    ("XX000", "Spectrum Scan Error\n context: Access Denied,Status 403", "Access Denied"),
]
MAY_PASS = [
    ("", 'could not translate host name "x" to address', "check REDSHIFT_HOST, REDSHIFT_PORT"),
    ("", "connection refused", "that the cluster is awake"),
    ("", "SSL SYSCALL error: EOF detected", "that the cluster is awake"),
    ("", "SSL connection has been closed unexpectedly", "that the cluster is awake"),
    ("XX000", f"{CATALOG}Rate exceeded", "Glue Data Catalog"),
    ("XX000", f"{CATALOG}Exception in curl callback", "Glue Data Catalog"),
    ("57014", "Query (1) cancelled on user's request", "SQLSTATE 57014"),
    ("53200", "out of memory", "SQLSTATE 53200"),
    ("XX000", SCAN_ERROR, "school_1023.parquet' has an incompatible Parquet schema"),
    ("22P02", f'invalid input syntax for integer: "{MARK}"', "SQLSTATE 22P02"),
]
CURES = [(*case, 2) for case in TO_MEND] + [(*case, 1) for case in MAY_PASS]


@pytest.mark.parametrize(
    ("state", "text", "words", "status"), CURES, ids=[text[:40] for _, text, _, _ in CURES]
)
def test_a_refusal_names_its_cure_and_its_status(state: str, text: str, words: str, status: int) -> None:
    error = of_statement(state, text, PARAMETERS)
    sentence = str(error)
    assert error.exit_status == status
    assert words in sentence
    assert "\n" not in sentence
    assert "secret-Zqx7" not in sentence
    assert (f"cluster:{PARAMETERS['port']}" in sentence) == (state == "")


HOLD_DATA = [
    ("22P02", f'invalid input syntax for type bigint: "{MARK}"'),
    ("22001", f"value too long for type character varying(256)\nCONTEXT: {MARK}"),
    ("22007", f'invalid value "{MARK}" for "YYYY"'),
    ("22008", f'date/time field value out of range: "{MARK}"'),
    (
        "23502",
        f'null value in column "id" violates not-null constraint\nDETAIL: Failing row contains ({MARK}).',
    ),
    ("XX000", f"Assert\nDETAIL:\n  error: Assert\n  context: {MARK}\n"),
    ("XX000", f"1204\nDETAIL:  String length exceeds DDL length: {MARK}"),
    ("57014", f"Query (1) cancelled on user's request: {MARK}"),
    ("42601", f"syntax error at or near \";\"\nLINE 1: INSERT … VALUES ('{MARK}')"),
    ("42804", f"column is of type bigint but expression is of type text\nLINE 1: {MARK}\nHINT: {MARK}"),
]


@pytest.mark.parametrize(
    ("state", "text"), HOLD_DATA, ids=[f"{state} {text[:20]}" for state, text in HOLD_DATA]
)
def test_no_sentence_holds_a_records_data(state: str, text: str) -> None:
    assert MARK not in str(of_statement(state, text, PARAMETERS))


def test_a_refusal_without_text() -> None:
    assert str(of_statement("42000", "", PARAMETERS)) == "Redshift refused a statement: no text (42000)"


@pytest.mark.parametrize(
    ("state", "text", "of_the_data"),
    [
        ("22008", "date/time field value out of range", True),
        ("XX000", SCAN_ERROR, True),
        ("XX000", "Spectrum Scan Error\n context: S3ServiceException:Access Denied", False),
        ("42P01", "relation does not exist", False),
    ],
)
def test_faults_of_the_landed_objects_are_distinguished_from_the_rest(
    state: str, text: str, of_the_data: bool
) -> None:
    assert isinstance(of_statement(state, text, PARAMETERS), Unreadable) is of_the_data


@pytest.mark.parametrize("port", ["none", "99999", [5439]])
def test_a_port_in_the_secret_that_is_none(port: object) -> None:
    with pytest.raises(AwsError, match=r"^port in the secret 's' must be a whole number") as raised:
        chosen(SETTINGS, {"port": port})
    assert raised.value.exit_status == 2


# --- what --verbose shows of a statement --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\n  INSERT INTO incoming (\n    id, date\n)", "INSERT INTO incoming ( id, date )"),
        (f"UPDATE t SET comment = '{MARK}'", "UPDATE t SET comment ="),
        ("DELETE FROM t WHERE id = %s", "DELETE FROM t WHERE id ="),
        ("SELECT " + "a, " * 99, ("SELECT " + "a, " * 99)[:80].rstrip()),
        ("BEGIN", "BEGIN"),
    ],
)
def test_a_statement_shows_its_first_words_and_no_value(text: str, shown: str) -> None:
    assert first_words(text) == shown
