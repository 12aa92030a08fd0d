"""A small world between two states: what changed at its source, what it held before, and the way back.

Two schools with records and one without; a first state is landed and loaded, then the source changes in every
way there is: corrections, new rows, a new date, records that move (forward and back, with and without a newer
time), a removed record, a record that is none.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import re
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow.parquet

from tests import chains
from tests.bucket import LANDING, RUNS
from tests.model import Former, Landed, Place, Record, Row, Table
from tests.pipeline import Pipeline, connected, run_sql
from tests.sandbox import Options, Sandbox
from tests.sandbox.aws_front import AwsFront
from tests.sandbox.esd import Source
from tests.sandbox.tripwire import ONLOOKER
from tests.world import World, set_up

SMALL = Options(schools=2, records=20, days=4)
BATCH = 2  # partitions
PACE = {"ESD_PAGE_SIZE": "10", "ESD_CONCURRENCY": "4", "REDSHIFT_BATCH_PARTITIONS": str(BATCH)}
ALONE, NEW_DAY = "01-02-2026", "01-05-2026"  # dates that come after those of the generated records
NEWER = {"modifiedOn": "2026-06-01T00:00:00Z"}
WANDERER, ODD = 77, 99  # ids


def add_wanderer(source: Source) -> None:
    """Let the first school have one record on a date of its own."""
    school = source.schools[0]["id"]
    source.add(school, {**source.records(school)[0], "id": WANDERER, "date": ALONE})


def change(source: Source) -> None:
    """Change the source; the third date stays as it is."""
    one, two = (school["id"] for school in source.schools[:2])
    first, second, _, fourth = _by_date(source, one)
    late = fourth[0]["date"]
    source.remove(one, second[0]["id"])
    _put(source, one, first[0], attendanceStatus="Excused", **NEWER)
    _put(source, one, first[1], date=late, **NEWER)
    _put(source, one, second[1], comment="said again, at no newer time")
    _put(source, one, source.find(one, WANDERER), date=late)
    for number, day in enumerate((second[0]["date"], NEW_DAY, NEW_DAY)):
        _put(source, one, first[2], id=101 + number, date=day)
    first, _, _, fourth = _by_date(source, two)
    _put(source, two, fourth[0], attendanceStatus="Excused", **NEWER)
    _put(source, two, fourth[1], date=first[0]["date"], **NEWER)
    for number, day in enumerate((ALONE, NEW_DAY)):
        _put(source, two, first[2], id=201 + number, date=day)
    _put(source, two, first[3], id=ODD, minutesLate="seven")


def _by_date(source: Source, school: int) -> list[list[Record]]:
    """A school's records on the four dates that were generated."""
    records = source.records(school)
    days = dict.fromkeys(record["date"] for record in records if record["date"] not in (ALONE, NEW_DAY))
    return [[record for record in records if record["date"] == day] for day in days]


def _put(source: Source, school: int, record: Record, **fields: Any) -> None:
    source.put(school, [{**record, **fields}])


# What tells versions of an object apart. Of a list, its records (id, and a digest of the row): a tombstone
# has none, whichever run it names. Of the quarantine, its lines without the time.
Content = frozenset[tuple[int, str]] | str


def content_of(key: str, body: bytes) -> Content:
    """What an object holds."""
    if not key.startswith(LANDING):
        return re.sub(r'"since": "[^"]*"', "", body.decode())
    rows = pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist()
    return frozenset(
        (row["id"], hashlib.sha256(repr(row).encode()).hexdigest()) for row in rows if row["id"] is not None
    )


@dataclass(frozen=True)
class Stored:
    """An object as it is to be put back."""

    etag: str
    body: bytes
    metadata: Mapping[str, str]
    content: Content


@dataclass(frozen=True)
class Saved:
    """A state of the outside world; its tables are kept beside the real ones, under this name."""

    name: str
    objects: Mapping[str, Stored]
    partitions: Collection[str]
    course: Course


class State(NamedTuple):
    """The native table's rows by id, and for each id its former versions."""

    rows: list[Row]
    history: dict[int, list[Former]]


class Warehouse:
    """A second connection, whose statements are not counted as the scripts' calls."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def send(self, sql: str) -> list[dict[str, Any]]:
        """Run a statement and give its rows."""
        return run_sql(self._connection, sql)

    def state(self) -> State:
        """The native table and its history as an analyst reads them now."""
        rows = self.send(chains.TABLE)
        table = [{key: row[key] for key in row if key not in ("source_file", "loaded_at")} for row in rows]
        return State(table, chains.formers(self.send(chains.HISTORY)))

    def breaks(self) -> list[str]:
        """What is wrong with the times of the versions."""
        return chains.breaks(self.send(chains.HISTORY), self.send(chains.TABLE))

    def control(self) -> list[dict[str, Any]]:
        """What the loader knows of its loads, without the time and the ETags: tombstones name their run."""
        return self.send(
            "SELECT partition_date, school_id, row_count "
            "FROM public.period_attendance_lists ORDER BY partition_date, school_id"
        )

    def partitions(self) -> set[str]:
        """The registered partitions' values, as the view has them."""
        return {row["values"] for row in self.send("SELECT values FROM svv_external_partitions")}


TABLES = (
    "period_attendance",
    "period_attendance_lists",
    "period_attendance_places",
    "period_attendance_history",
)


class Course:
    """The model on its way: what is landed, and how the native table may go on from where it is."""

    def __init__(self, landed: Landed, table: Table) -> None:
        self.landed, self._table = copy.deepcopy((landed, table))

    def ahead(self) -> list[State]:
        """The native table as it is, after each batch of the next load, and when rows have left."""
        return [state_of(table) for table in self.tables()]

    def stand_at(self, state: State) -> bool:
        """Go on to where the table is; False when that is not ahead."""
        found = next((table for table in self.tables() if state_of(table) == state), None)
        self._table = found or self._table
        return found is not None

    def tables(self) -> Iterator[Table]:
        """The model's table as it is, after each batch of the next load, and when rows have left."""
        table = copy.deepcopy(self._table)
        days = sorted({day for day, _ in table.pending(self.landed)})
        yield copy.deepcopy(table)
        for start in range(0, len(days), BATCH):
            batch = days[start : start + BATCH]
            table.load(self.landed, {place for place in self.landed.lists if place[0] in batch})
            yield copy.deepcopy(table)
        table.load(self.landed)
        yield table


class Snapshots:
    """States of the bucket and the tables, to be kept and restored."""

    def __init__(self, pipeline: Pipeline, warehouse: Warehouse) -> None:
        self._pipeline, self._warehouse = pipeline, warehouse
        self._bucket = pipeline.sandbox.aws.bucket
        self._s3 = pipeline.sandbox.aws.client("s3")
        self._contents: dict[tuple[str, str], Content] = {}

    def objects(self) -> dict[str, Content]:
        """Key -> content of all in the bucket but what runs tell of themselves."""
        every = self._pipeline.bucket.keys("")
        return {key: self._content(key, etag) for key, etag in every.items() if not key.startswith(RUNS)}

    def _content(self, key: str, etag: str) -> Content:
        if (key, etag) not in self._contents:
            self._contents[key, etag] = content_of(key, self._pipeline.bucket.read(key))
        return self._contents[key, etag]

    def landing(self) -> dict[str, Content]:
        """Key -> records in the landing zone."""
        return {key: content for key, content in self.objects().items() if key.startswith(LANDING)}

    def save(self, name: str, course: Course) -> Saved:
        """Keep the state that is."""
        for table in TABLES:
            self._warehouse.send(f"CREATE TABLE public.{name}_{table} AS SELECT * FROM public.{table}")
        etags = self._pipeline.bucket.keys("")
        objects = {key: self._stored(key, etags[key], content) for key, content in self.objects().items()}
        return Saved(name, objects, self._warehouse.partitions(), course)

    def _stored(self, key: str, etag: str, content: Content) -> Stored:
        answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        return Stored(etag, answer["Body"].read(), answer["Metadata"], content)

    def restore(self, saved: Saved) -> None:
        """Let the outside world be as it was; what has not changed is not touched, so it keeps its age."""
        self._restore_objects(saved)
        self._restore_tables(saved)

    def _restore_objects(self, saved: Saved) -> None:
        now = self._pipeline.bucket.keys("")
        for key in now.keys() - saved.objects.keys():
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        changed = {key: stored for key, stored in saved.objects.items() if now.get(key) != stored.etag}
        for key, stored in changed.items():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=stored.body, Metadata=stored.metadata)
        if changed:  # S3 tells seconds: what a script writes next is to be younger
            time.sleep(1 - time.time() % 1)

    def _restore_tables(self, saved: Saved) -> None:
        for values in self._warehouse.partitions() - set(saved.partitions):
            year, month, day = json.loads(values)
            self._warehouse.send(
                "ALTER TABLE esd_spectrum.period_attendance "
                f"DROP PARTITION (year='{year}', month='{month}', day='{day}')"
            )
        for table in TABLES:
            self._warehouse.send(f"DELETE FROM public.{table}")
            self._warehouse.send(f"INSERT INTO public.{table} SELECT * FROM public.{saved.name}_{table}")
        self._date_control_rows()

    def _date_control_rows(self) -> None:
        """Let a list that was loaded count as loaded, though its object was put anew: it is younger now."""
        listed = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=LANDING)
        for entry in (entry for page in listed for entry in page["Contents"]):
            year, month, day, school = re.findall(r"\d+", entry["Key"].removeprefix(LANDING))
            self._warehouse.send(
                "UPDATE public.period_attendance_lists "
                f"SET last_modified = '{entry['LastModified']:%Y-%m-%d %H:%M:%S}' "
                f"WHERE partition_date = '{year}-{month}-{day}' AND school_id = {school} "
                f"AND etag = '{entry['ETag'].strip(chr(34))}'"
            )


class End(NamedTuple):
    """What undisturbed runs leave: the native table's rows, the control table, the registered partitions."""

    rows: list[Row]
    control: list[dict[str, Any]]
    partitions: set[str]


class Stage:
    """The world's three states: `first`, landed and loaded; `landed`, where what changed is not loaded yet;
    and the `end`. Built by undisturbed runs, each compared with the model.
    """

    def __init__(self, sandbox: Sandbox, front: AwsFront, warehouse: Warehouse, world: World) -> None:
        self.pipeline, self.front, self.warehouse = Pipeline(sandbox), front, warehouse
        self.snapshots = Snapshots(self.pipeline, warehouse)
        add_wanderer(world.source)
        self._run(fetch=0, load=0)
        world.follow()
        self.first = self.snapshots.save("first", Course(world.landed, world.table))
        change(world.source)
        self._run(fetch=3)
        follow_landing(world)
        self.landed = self.snapshots.save("landed", Course(world.landed, world.table))
        self._run(load=0)
        *_, world.table = self.landed.course.tables()
        world.compare()
        self.end = End(state_of(world.table).rows, warehouse.control(), warehouse.partitions())

    @property
    def sandbox(self) -> Sandbox:
        """All that the scripts call."""
        return self.pipeline.sandbox

    def _run(self, **expected: int) -> None:
        for script, status in expected.items():
            done = getattr(self.pipeline, script)(**PACE)
            assert done.status == status, done.story

    def restore(self, saved: Saved) -> Course:
        """Let the outside world be as it was; gives the model on its way from there."""
        self.snapshots.restore(saved)
        return copy.deepcopy(saved.course)

    def catch_up(self, course: Course) -> bool:
        """Tell the model what is landed now; False when the table is where no batch leaves it."""
        before, after = self.first.course.landed.lists, self.landed.course.landed.lists
        for place in after:
            content = self.snapshots.landing().get(object_key(place))
            if isinstance(content, frozenset):
                new = self.landed.objects[object_key(place)].content
                rows = {key: before.get(place, {}).get(key) for key, _ in content}
                rows |= {key: after[place][key] for key, version in content if (key, version) in new}
                course.landed.put(place, {key: row for key, row in rows.items() if row is not None})
        return course.stand_at(self.warehouse.state())


def follow_landing(world: World) -> None:
    """Let the model land what the source says, but for the record that is none."""
    for school in world.schools:
        good = [record for record in world.source.records(school) if record["id"] != ODD]
        world.landed.publish(school, good)
    world.compare_landing()


def state_of(table: Table) -> State:
    """The model's table as queries for all of it, by id, would answer."""
    return State([table.rows[key] for key in sorted(table.rows)], table.history)


def object_key(place: Place) -> str:
    """Where a school's list for a date lies."""
    day, school = place
    return f"{LANDING}year={day:%Y}/month={day:%m}/day={day:%d}/school_{school}.parquet"


@contextmanager
def staged() -> Iterator[Stage]:
    """A sandbox of its own with a stage in it."""
    with Sandbox(SMALL) as sandbox, AwsFront(sandbox.aws_endpoint) as front:
        world = set_up(sandbox)
        with connected(sandbox, application_name=ONLOOKER) as connection:
            connection.autocommit = True
            yield Stage(sandbox, front, Warehouse(connection), world)
