"""Checks the SQL with another parser: the Redshift grammar of sqlfluff, written from AWS's guide."""

from __future__ import annotations

import re
from functools import cache

import pytest
import sqlglot
from sqlfluff.core import FluffConfig, Linter

from attendance_common.load import external, probes
from tests.golden.statements import AREAS, DAYS, statements
from tests.test_setup_sql import setup_statements

# sqlfluff cannot parse ADD PARTITION, and sqlglot can for one partition alone. Redshift takes several (DG:
# r_ALTER_TABLE_external-table). So sqlglot checks the form for one, and a pattern checks the repetition.
NOT_IN_SQLFLUFF = {"external.register"}
SENT = {
    **{name: text for name, (text, _) in statements().items() if name not in NOT_IN_SQLFLUFF},
    **{
        f"probes.{name}": text.format(predicate="year = 2025")
        for name, text in vars(probes).items()
        if name.isupper() and isinstance(text, str)
    },
    "begin": "BEGIN",
    "commit": "COMMIT",
}


@cache
def linter() -> Linter:
    return Linter(config=FluffConfig(overrides={"dialect": "redshift"}))


def faults(sql: str) -> list[str]:
    return [str(fault) for fault in linter().parse_string(sql).violations]


def with_literals(text: str) -> str:
    """The statement as psycopg2 sends it, with some value in each place."""
    return text.replace("VALUES %s", "VALUES ('x', 'y')").replace("%s", "'1'")


@pytest.mark.parametrize("name", SENT)
def test_a_statement_is_redshifts(name: str) -> None:
    assert faults(with_literals(SENT[name])) == []


@pytest.mark.parametrize("sql", setup_statements(), ids=lambda sql: " ".join(sql.split()[:6]))
def test_a_statement_of_the_setup_is_redshifts(sql: str) -> None:
    assert faults(sql) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE EXTERNAL TABLE IF NOT EXISTS s.t (a INTEGER) STORED AS PARQUET LOCATION 's3://b/'",
        "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO t (a) VALUES (1) RETURNING a",
        "SELECT a FROM t WHERE",
    ],
)
def test_the_judge_does_refuse(sql: str) -> None:
    assert faults(sql) != []


PARTITION = r"PARTITION \(year = '1', month = '1', day = '1'\) LOCATION '1'"


def test_registering_is_as_the_guide_writes_it() -> None:
    [(text, _)] = external.register(DAYS, AREAS)
    alter = r"ALTER TABLE esd_spectrum\.period_attendance ADD IF NOT EXISTS"
    assert re.fullmatch(rf"{alter}(\n{PARTITION}){{3}}", with_literals(text))


def test_registering_one_partition_parses() -> None:
    [(text, _)] = external.register(DAYS[:1], AREAS)
    parsed = sqlglot.parse_one(with_literals(text), read="redshift")
    assert type(parsed).__name__ == "Alter"  # what it cannot parse, it calls a Command
    assert parsed.find(sqlglot.exp.AddPartition) is not None


def test_the_exception_is_still_needed() -> None:
    assert faults("ALTER TABLE s.t ADD PARTITION (year = '2025') LOCATION 's3://b/'") != []
