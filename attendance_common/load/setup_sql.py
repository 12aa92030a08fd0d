"""The setup file, rendered from the declared tables and views and from the settings' defaults.

`make sql` writes it; psql 11 or newer runs it. Running it again changes nothing; after an upgrade it adds
what is new (`layout_sql`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from attendance_common.config import LoaderSettings, default_of
from attendance_common.load import layout_sql
from attendance_common.load.view import View
from attendance_common.load.views import VIEWS
from attendance_common.tables import EXTERNAL, GLUE_DATABASE, NATIVE_TABLES, ExternalTable, Table, TableColumn

SETUP_FILE = "redshift_period_attendance_setup.sql"

_HEAD = f"""\
-- Sets up what redshift_loader.py needs: the external schema and table over the landing zone, the native
-- table, the loader's own tables, and the views. Run it with psql; running it again changes nothing. After an
-- upgrade it adds the tables and columns that are new, says which, and changes nothing else.
--
--   psql -h HOST -p 5439 -U dba02 -d db02 -f {SETUP_FILE}
--
-- Another installation sets what differs with -v NAME=VALUE:
--   bucket, prefix   where the landing zone is (S3_BUCKET, S3_PREFIX); the prefix ends with a slash
--   role             ARN of the role that Spectrum reads with; unset: the cluster's default role
--   glue_database    database of the Glue data catalog
--
-- It is rendered from attendance_common/ (columns.py, tables.py, load/views.py) by `make sql`.
-- CREATE EXTERNAL TABLE may not run in a transaction (DG: r_CREATE_EXTERNAL_TABLE): no BEGIN, no psql -1.

\\set ON_ERROR_STOP on
"""


_QUIETLY = """\
-- What the tables, the views and their columns mean. External tables take no comments (DG: r_COMMENT).
\\set QUIET on
"""


def render() -> str:
    """The whole file."""
    return "\n".join(
        chain(
            [_HEAD + _variables()],
            _external(EXTERNAL),
            layout_sql.add_external_columns(EXTERNAL),
            [layout_sql.look_for_tables(NATIVE_TABLES)],
            chain.from_iterable(map(_native, NATIVE_TABLES)),
            layout_sql.drop_changed_views(VIEWS),
            map(_view, VIEWS),
            [_QUIETLY],
            map(_table_comments, NATIVE_TABLES),
            map(_view_comments, VIEWS),
        )
    )


def _variables() -> str:
    defaults = {
        "bucket": default_of(LoaderSettings, "bucket"),
        "prefix": default_of(LoaderSettings, "prefix"),
        "glue_database": GLUE_DATABASE,
    }
    lines = [f"\\if :{{?{name}}} \\else \\set {name} {value}\n\\endif" for name, value in defaults.items()]
    return "\n".join([*lines, "\\set location s3:// :bucket / :prefix\n"])


def _external(table: ExternalTable) -> Iterator[str]:
    """The external schema and its table."""
    given, default = (_external_schema(table.schema, role) for role in (":'role'", "default"))
    yield f"\\if :{{?role}}\n{given}\\else\n{default}\\endif\n"
    partitions = ", ".join(f"{column.name} {column.type}" for column in table.partitions)
    yield f"""\
-- CREATE EXTERNAL TABLE has no IF NOT EXISTS: look first.
SELECT COUNT(*) = 0 AS external_table_is_missing
FROM svv_external_tables
WHERE schemaname = {_literal(table.schema)}
    AND tablename = {_literal(table.name)}
\\gset

\\if :external_table_is_missing
CREATE EXTERNAL TABLE {table.qualified} (
{_columns(layout_sql.first_columns(table.columns))}
)
PARTITIONED BY ({partitions})
STORED AS PARQUET
LOCATION :'location';
\\endif
"""


def _external_schema(schema: str, role: str) -> str:
    return f"""\
CREATE EXTERNAL SCHEMA IF NOT EXISTS {schema}
FROM DATA CATALOG
DATABASE :'glue_database'
IAM_ROLE {role}
CREATE EXTERNAL DATABASE IF NOT EXISTS;
"""


def _native(table: Table) -> Iterator[str]:
    """A native table, and its later columns."""
    yield f"""\
-- {table.remark}
CREATE TABLE IF NOT EXISTS {table.qualified} (
{_columns(layout_sql.first_columns(table.columns))}
)
{_layout(table)};
{layout_sql.say_created(table)}{_first_rows(table)}"""
    yield from layout_sql.add_columns(table)


def _first_rows(table: Table) -> str:
    """The rows of a table that has none: what was edited since, or deleted, stays so."""
    if not table.first_rows:
        return ""
    names = ", ".join(column.name for column in table.columns)
    rows = ",\n".join(f"    ({', '.join(map(_literal, row))})" for row in table.first_rows)
    return f"""
SELECT COUNT(*) = 0 AS {table.name}_is_empty
FROM {table.qualified}
\\gset

\\if :{table.name}_is_empty
INSERT INTO {table.qualified} ({names})
VALUES
{rows};
\\endif
"""


def _columns(columns: Sequence[TableColumn]) -> str:
    width = max(len(column.name) for column in columns)
    return ",\n".join(
        f"    {column.name:{width}} {column.type}{' NOT NULL' if column.not_null else ''}"
        for column in columns
    )


def _layout(table: Table) -> str:
    """How rows are distributed and sorted: DISTSTYLE, DISTKEY, SORTKEY."""
    distkey = [f"DISTKEY ({table.distkey})"] if table.distkey else []
    compound = "COMPOUND " if len(table.sortkey) > 1 else ""
    sortkey = [f"{compound}SORTKEY ({', '.join(table.sortkey)})"] if table.sortkey else []
    return "\n".join([f"DISTSTYLE {table.diststyle}", *distkey, *sortkey])


def _view(view: View) -> str:
    """A view. It is replaced, which keeps its rights: its columns have to be the same (DG: r_CREATE_VIEW)."""
    binding = "\nWITH NO SCHEMA BINDING" if view.late_binding else ""
    return f"""\
-- {view.remark}
CREATE OR REPLACE VIEW {view.qualified} AS
{view.select}{binding};
"""


def _table_comments(table: Table) -> str:
    """What the table and its columns mean, in order."""
    return _comment("TABLE", table.qualified, table.meaning) + _column_comments(
        table.qualified, table.columns
    )


def _view_comments(view: View) -> str:
    """What the view and its columns mean; a late-binding view takes no comments on its columns."""
    columns = () if view.late_binding else view.columns
    return _comment("VIEW", view.qualified, view.meaning) + _column_comments(view.qualified, columns)


def _column_comments(owner: str, columns: Sequence[TableColumn]) -> str:
    return "".join(_comment("COLUMN", f"{owner}.{column.name}", column.meaning) for column in columns)


def _comment(kind: str, name: str, meaning: str) -> str:
    return f"COMMENT ON {kind} {name} IS {_literal(meaning)};\n"


def _literal(text: str) -> str:
    """A text as an SQL literal; a backslash is refused, since Redshift reads it as an escape."""
    if "\\" in text:
        raise ValueError(f"a backslash in {text!r}")
    return "'" + text.replace("'", "''") + "'"
