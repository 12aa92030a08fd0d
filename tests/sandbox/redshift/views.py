"""CREATE and DROP VIEW: ordinary views over local tables, late-binding views over any table."""

from __future__ import annotations

import re

from sqlglot import exp

from .admission import admit
from .bind import name_of
from .errors import RedshiftError, not_carried, syntax_error
from .meta import VIEW_NOTE, columns_of, external_schema, kind_of, remember, schema_exists
from .queries import translate
from .statements import Name, Reader, literal
from .system_views import is_system
from .untyped import UntypedColumns
from .work import Work

_LATE = re.compile(r"\bWITH\s+NO\s+SCHEMA\s+BINDING\s*$", re.IGNORECASE)


def create_view(work: Work, reader: Reader) -> None:
    """CREATE [OR REPLACE] VIEW … AS query [WITH NO SCHEMA BINDING] (DG: r_CREATE_VIEW)."""
    reader.expect("CREATE")
    replace = reader.take("OR", "REPLACE")
    reader.expect("VIEW")
    name = reader.name(work.cluster.database)
    if reader.at("("):
        raise not_carried("a view with a list of column names")
    reader.expect("AS")
    text = reader.rest()
    late = _LATE.search(text) is not None
    tree = admit(_LATE.sub("", text))
    if not isinstance(tree, exp.Query):
        raise syntax_error("AS")
    kind = kind_of(work, name)
    if kind == "external":
        raise RedshiftError("0A000", "a view cannot be created in an external schema")
    replaced = kind if replace and kind in ("late binding view", "view") else None
    if replaced is not None and late != (replaced == "late binding view"):
        raise not_carried("an ordinary view replaced by a late-binding one, or the other way round")
    if late:
        _create_late(work, name, tree, _LATE.sub("", text), replaced=replaced is not None)
    else:
        _create_bound(work, name, tree, replaced=replaced is not None)


def _create_late(work: Work, name: Name, tree: exp.Expr, text: str, *, replaced: bool) -> None:
    """Every table needs a schema. The schema must exist, the table need not."""
    for table in tree.find_all(exp.Table):
        found = name_of(work, table)
        if found.schema is None and not is_system(found):
            if any(cte.alias.lower() == found.table for cte in tree.find_all(exp.CTE)):
                continue
            raise RedshiftError(
                "42P01",
                "All the relation names inside should be qualified "
                "when creating VIEW WITH NO SCHEMA BINDING.",
            )
        if found.schema is not None and not schema_exists(work, found.schema):
            raise RedshiftError("3F000", f'schema "{found.schema}" does not exist')
    # The view itself is only a name: its text is bound whenever it is read.
    if not replaced:
        work.link.query(f"CREATE VIEW {name.quoted} AS SELECT NULL::int AS late_binding")
    remember(work, VIEW_NOTE, f"to_regclass({literal(name.quoted)})::oid", {"query": text.strip()})
    work.done("CREATE VIEW")


def _create_bound(work: Work, name: Name, tree: exp.Expr, *, replaced: bool) -> None:
    for table in tree.find_all(exp.Table):
        found = name_of(work, table)
        if external_schema(work, found.schema) is not None:
            raise RedshiftError(
                "0A000", "External tables are not supported in views; use WITH NO SCHEMA BINDING"
            )
        if is_system(found) or kind_of(work, found) == "late binding view":
            raise not_carried("an ordinary view over system views or late-binding views")
    if any(untyped for _, untyped in UntypedColumns().of_query(tree)):
        raise not_carried("an ordinary view with a bare literal as a column")
    query = translate(work, tree)
    if replaced:
        _require_same_number(work, name, query)
    work.relay(f"CREATE {'OR REPLACE ' if replaced else ''}VIEW {name.quoted} AS {query}")


def _require_same_number(work: Work, name: Name, query: str) -> None:
    """Raises 42P16 unless the query has as many columns as the view that it replaces.

    DG: r_CREATE_VIEW: "the identical set of columns, using the same column names and data types". The text is
    Redshift's (dataform-co/dataform#259, dbt-labs/dbt-core#15138); PostgreSQL's own takes more columns, and
    refuses other names and types in the same words as Redshift (amazon-redshift-utils#282).
    """
    probe = Name(None, f"spectrum_scan_{work.query_id}_replacement")
    work.link.query(f"CREATE TEMP VIEW {probe.quoted} AS {query}")
    columns = columns_of(work, probe)
    work.link.query(f"DROP VIEW {probe.quoted}")
    if len(columns) != len(columns_of(work, name)):
        raise RedshiftError("42P16", "cannot change number of columns in view")


def drop_view(work: Work, reader: Reader) -> None:
    """DROP VIEW [IF EXISTS] name [, …] [CASCADE]."""
    reader.expect("DROP", "VIEW")
    lenient = "IF EXISTS " if reader.take("IF", "EXISTS") else ""
    names = [reader.name(work.cluster.database)]
    while reader.take(","):
        names.append(reader.name(work.cluster.database))
    cascade = " CASCADE" if reader.take("CASCADE") else ""
    reader.take("RESTRICT")
    reader.end()
    work.relay(f"DROP VIEW {lenient}{', '.join(name.quoted for name in names)}{cascade}")
