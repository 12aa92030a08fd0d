"""Named cursors: inside a transaction, one at a time (DG: declare)."""

from __future__ import annotations

from .errors import RedshiftError
from .queries import translate_query
from .statements import Reader, quote
from .work import Work


def declare(work: Work, reader: Reader) -> None:
    """DECLARE name CURSOR FOR query; what it scans outside is read at once."""
    if not work.in_block:
        raise RedshiftError("25P01", "DECLARE CURSOR may only be used in transaction blocks")
    if work.cursor is not None:
        raise RedshiftError("0A000", "Only one cursor may be open at a time in a session")
    reader.expect("DECLARE")
    name = reader.identifier()
    reader.expect("CURSOR")
    reader.take("WITHOUT", "HOLD")  # psycopg2 says so; named cursors of psycopg2 are known to work.
    reader.expect("FOR")
    sql = translate_query(work, reader.rest())
    work.link.query(f"DECLARE {quote(name)} NO SCROLL CURSOR FOR {sql}")
    work.scratch.clear()  # The cursor still reads them; the end of the transaction drops them.
    work.cursor = name
    work.done("DECLARE CURSOR")


def fetch(work: Work, reader: Reader) -> None:
    """FETCH [NEXT | ALL | FORWARD n | FORWARD ALL | n] FROM name."""
    reader.expect("FETCH")
    forward = reader.take("FORWARD")
    count = "1"
    if reader.take("ALL"):
        count = "ALL"
    elif not reader.take("NEXT") and not reader.at("FROM") and not (forward and reader.at("IN")):
        count = reader.next().text
        if not count.isdigit():
            raise reader.fail()
    if not reader.take("FROM"):
        reader.expect("IN")
    name = _open_cursor(work, reader)
    work.relay(f"FETCH FORWARD {count} FROM {quote(name)}")


def close(work: Work, reader: Reader) -> None:
    """CLOSE name."""
    reader.expect("CLOSE")
    name = _open_cursor(work, reader)
    work.relay(f"CLOSE {quote(name)}")
    work.cursor = None


def _open_cursor(work: Work, reader: Reader) -> str:
    name = reader.identifier()
    reader.end()
    if name != work.cursor:
        raise RedshiftError("34000", f'cursor "{name}" does not exist')
    return name
