"""Transactions at both isolation levels: locks, conflicts, and the errors of conflicts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg2.errors
import pytest

from tests.sandbox.redshift.testing import Place, execute, refusal, running

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module", params=["SERIALIZABLE", "SNAPSHOT"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running(tmp_path_factory.mktemp("redshift"), isolation=request.param) as place:
        place.run("CREATE TABLE rows_kept (id BIGINT, s VARCHAR(10))")
        yield place


@pytest.fixture
def two(place: Place) -> Iterator[tuple[Any, Any]]:
    """Two sessions that commit by hand, and a table with one row."""
    place.run("DELETE FROM rows_kept", "INSERT INTO rows_kept VALUES (1, 'old')")
    first, second = place.connect(autocommit=False), place.connect(autocommit=False)
    yield first, second
    first.close()
    second.close()


def level(place: Place) -> str:
    ((name,),) = place.run("SELECT isolation_level FROM stv_db_isolation_level WHERE db_name = 'db02'")
    return str(name).rstrip()  # it is a CHAR


def test_write_skew(place: Place, two: tuple[Any, Any]) -> None:
    """Each inserts a row that it did not find: SERIALIZABLE refuses one with 1023, SNAPSHOT commits both."""
    for session in two:
        execute(
            session,
            "INSERT INTO rows_kept SELECT 2, 'x' WHERE NOT EXISTS (SELECT 1 FROM rows_kept WHERE id = 2)",
        )
    two[0].commit()
    if level(place) == "Serializable":
        with pytest.raises(psycopg2.errors.InternalError_) as caught:
            two[1].commit()
        said = caught.value.diag
        assert (said.sqlstate, said.message_primary) == ("XX000", "1023")
        assert str(said.message_detail).startswith("Serializable isolation violation on table - ")
        assert "transactions forming the cycle are:" in str(said.message_detail)
    else:
        two[1].commit()
        assert place.run("SELECT count(*) FROM rows_kept WHERE id = 2") == [(2,)]


def test_two_writers_of_one_row(place: Place, two: tuple[Any, Any]) -> None:
    for session in two:
        execute(session, "SELECT count(*) FROM rows_kept")
    execute(two[0], "UPDATE rows_kept SET s = 'first'")
    two[0].commit()
    code, text = refusal(two[1], "UPDATE rows_kept SET s = 'second'")
    assert code == "XX000"
    wanted = (
        "1023"
        if level(place) == "Serializable"
        else "could not complete because of conflict with concurrent transaction"
    )
    assert wanted in text
    assert refusal(two[1], "SELECT 1")[0] == "25P02"
    two[1].rollback()
    assert place.run("SELECT s FROM rows_kept") == [("first",)]


def test_a_lock_taken_first_saves_from_the_conflict(place: Place, two: tuple[Any, Any]) -> None:
    execute(two[0], "LOCK TABLE rows_kept", "UPDATE rows_kept SET s = 'first'")
    thread = threading.Thread(target=lambda: execute(two[1], "LOCK rows_kept"))
    thread.start()
    two[0].commit()
    thread.join(timeout=10)
    execute(two[1], "UPDATE rows_kept SET s = s || '+'")
    two[1].commit()
    assert place.run("SELECT s FROM rows_kept") == [("first+",)]


def test_deadlock(two: tuple[Any, Any], place: Place) -> None:
    place.run("CREATE TABLE IF NOT EXISTS other_rows (id INT)")
    execute(two[0], "LOCK rows_kept")
    execute(two[1], "LOCK other_rows")
    codes: list[str] = []

    def cross(session: Any, table: str) -> None:
        try:
            execute(session, f"LOCK {table}")
        except psycopg2.Error as error:
            codes.append(str(error.pgcode))
            session.rollback()

    threads = [
        threading.Thread(target=cross, args=pair) for pair in ((two[0], "other_rows"), (two[1], "rows_kept"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert codes == ["40P01"]


def test_a_transaction_sees_the_rows_of_its_begin(place: Place, two: tuple[Any, Any]) -> None:
    before = execute(two[0], "SELECT count(*) FROM rows_kept")
    place.run("INSERT INTO rows_kept VALUES (77, 'later')")
    assert execute(two[0], "SELECT count(*) FROM rows_kept") == before


def test_truncate_commits(place: Place, two: tuple[Any, Any]) -> None:
    execute(two[0], "INSERT INTO rows_kept VALUES (5, 'x')", "CREATE TABLE IF NOT EXISTS emptied (id INT)")
    execute(two[0], "TRUNCATE emptied")
    two[0].rollback()
    assert place.run("SELECT count(*) FROM rows_kept WHERE id = 5") == [(1,)]


def test_a_string_of_statements_is_one_transaction(place: Place) -> None:
    session = place.connect()
    place.run("DELETE FROM rows_kept")
    assert refusal(session, "INSERT INTO rows_kept VALUES (1, 'a'); SELECT nothing")[0] == "42703"
    assert execute(session, "SELECT count(*) FROM rows_kept") == [(0,)]
    execute(session, "INSERT INTO rows_kept VALUES (1, 'a'); INSERT INTO rows_kept VALUES (2, 'b')")
    execute(session, "BEGIN; INSERT INTO rows_kept VALUES (3, 'c')")
    execute(session, "ROLLBACK")
    assert execute(session, "SELECT count(*) FROM rows_kept") == [(2,)]


def test_commit_of_a_lost_transaction_is_a_rollback(place: Place) -> None:
    session = place.connect()
    place.run("DELETE FROM rows_kept")
    execute(session, "BEGIN", "INSERT INTO rows_kept VALUES (1, 'a')")
    refusal(session, "SELECT 1 / 0")
    execute(session, "COMMIT")
    assert execute(session, "SELECT count(*) FROM rows_kept") == [(0,)]


def test_ddl_rolls_back(place: Place) -> None:
    session = place.connect(autocommit=False)
    execute(session, "CREATE TABLE passing (id INT) DISTKEY(id)", "ANALYZE passing")
    session.rollback()
    assert refusal(session, "SELECT * FROM passing")[0] == "42P01"
