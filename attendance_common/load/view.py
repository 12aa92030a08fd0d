"""What a view is, for the modules that declare views."""

from __future__ import annotations

from dataclasses import dataclass

from attendance_common.tables import TableColumn


@dataclass(frozen=True)
class View:
    """A view; `meaning` is its comment in Redshift, `remark` is the comment above it in the setup file.

    `columns` are those of `select`, in order. `late_binding`: needed by a view that reads an external table
    (DG: r_CREATE_VIEW), and by one that shows all columns of a table, since Redshift alters no column that an
    ordinary view reads. Redshift takes no comments on its columns.
    """

    schema: str
    name: str
    meaning: str
    remark: str
    columns: tuple[TableColumn, ...]
    select: str
    late_binding: bool = False

    @property
    def qualified(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"
