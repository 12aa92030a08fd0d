"""The procedure by which one student's records are deleted, carried out as it is written."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from tests.documents import ROOT
from tests.pipeline import PATIENCE, Pipeline
from tests.sandbox import Options, Sandbox
from tests.world import set_up

STUDENT, SCHOOL = "700412", "12549"  # as the document has them
TABLES = ("period_attendance", "period_attendance_history", "period_attendance_versions")

Block = tuple[str, str]  # its language, its text


def document() -> list[Block]:
    """The blocks of the procedure, in order."""
    text = (ROOT / "docs" / "deletion.md").read_text(encoding="utf-8")
    found = re.findall(r"^   ```(sql|sh)\n(.*?)^   ```", text, re.MULTILINE | re.DOTALL)
    return [(language, re.sub(r"^   ", "", body, flags=re.MULTILINE)) for language, body in found]


class Request:
    """A source with a student, whose records were corrected, landed, quarantined and loaded."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world = set_up(sandbox)
        self.pipeline: Pipeline = self.world.pipeline
        self.school = self.world.first
        s3 = sandbox.aws.client("s3")
        s3.put_bucket_versioning(Bucket=sandbox.aws.bucket, VersioningConfiguration={"Status": "Enabled"})
        records = self.world.source.records(self.school)
        self.ids = [900_001, 900_002, 900_003]
        for key, like in zip(self.ids, records[::9], strict=False):
            self._put(like, id=key)
        self._put(records[0], id=900_004, minutesLate="seven")  # cannot be landed
        self.ids.append(900_004)
        # A record that cannot be landed is all that another school has of the student.
        self.other = self.world.schools[1]
        like = self.world.source.records(self.other)[0]
        self.only = {**like, "id": 900_005, "studentId": int(STUDENT), "minutesLate": "seven"}
        self.world.source.put(self.other, [self.only])

    def _put(self, record: dict[str, Any], **fields: Any) -> None:
        self.world.source.put(self.school, [{**record, "studentId": int(STUDENT), **fields}])

    def happen(self) -> None:
        """Land and load the records, correct one, move one, let one be removed."""
        assert (self.pipeline.fetch().status, self.pipeline.load().status) == (3, 0)
        first, second, third, _ = (self.world.source.find(self.school, key) for key in self.ids)
        self._put(first, attendanceStatus="Excused", modifiedOn="2026-06-01T00:00:00Z")
        self._put(second, date=third["date"])
        self.world.source.remove(self.school, third["id"])
        assert (self.pipeline.fetch().status, self.pipeline.load().status) == (0, 0)

    def delete_at_the_source(self) -> None:
        for key in self.ids:
            if any(record["id"] == key for record in self.world.source.records(self.school)):
                self.world.source.remove(self.school, key)
        self.world.source.remove(self.other, self.only["id"])

    def carry_out(self, block: Block) -> list[list[tuple[Any, ...]]]:
        """What each statement answers; a command has to end with status 0."""
        language, text = block
        if language == "sql":
            statements = [each.strip() for each in text.split(";") if each.strip()]
            return [[tuple(row.values()) for row in self.pipeline.query(each)] for each in statements]
        environment = self.pipeline.sandbox.process_environment()
        environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-e", "-c", text.replace(SCHOOL, str(self.school))],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return []

    def in_tables(self) -> dict[str, int]:
        """How many rows of the student each table has."""
        counts = {}
        for table in TABLES:
            query = f"SELECT COUNT(*) AS n FROM public.{table} WHERE student_id = {STUDENT}"
            counts[table] = self.pipeline.query(query)[0]["n"]
        ids = ", ".join(map(str, self.ids))
        query = f"SELECT COUNT(*) AS n FROM public.period_attendance_places WHERE id IN ({ids})"
        return counts | {"places": self.pipeline.query(query)[0]["n"]}

    def in_s3(self, *, latest: bool) -> set[str]:
        """The objects that hold the student's number, in the newest version or in an older one."""
        aws = self.pipeline.sandbox.aws
        s3 = aws.client("s3")
        found = set()
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=aws.bucket):
            for each in page.get("Versions", []):
                if each["IsLatest"] is latest:
                    answer = s3.get_object(Bucket=aws.bucket, Key=each["Key"], VersionId=each["VersionId"])
                    if STUDENT in text_of(each["Key"], answer["Body"].read()):
                        found.add(each["Key"].rsplit("/", 1)[-1])
        return found


def text_of(key: str, body: bytes) -> str:
    if not key.endswith(".parquet"):
        return body.decode()
    return repr(pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist())


@pytest.fixture
def request_of_a_student() -> Iterator[Request]:
    with Sandbox(Options(schools=2, records=40, days=4)) as sandbox:
        yield Request(sandbox)


def test_nothing_of_the_student_is_anywhere_afterwards(request_of_a_student: Request) -> None:
    student = request_of_a_student
    student.happen()
    name = f"school_{student.school}"
    assert student.in_tables() == dict(zip([*TABLES, "places"], [2, 3, 5, 2], strict=True))
    only_in_quarantine = f"school_{student.other}.jsonl"
    assert student.in_s3(latest=True) == {f"{name}.parquet", f"{name}.jsonl", only_in_quarantine}
    assert student.in_s3(latest=False) >= {f"{name}.parquet"}

    schools, fetch_and_load, look, history, versions = document()
    student.delete_at_the_source()
    assert student.carry_out(schools) == [[(student.school,)]]
    student.carry_out(fetch_and_load)
    assert student.carry_out(look) == [[(0,)], [(0,)]]
    assert student.in_s3(latest=True) == set()
    assert student.carry_out(history)[-1] == [(0,)]
    student.carry_out(versions)

    assert set(student.in_tables().values()) == {0}
    assert student.in_s3(latest=True) | student.in_s3(latest=False) == set()
    for flags in ([], ["--verify"]):
        done = student.pipeline.load(*flags)
        assert (done.status, done.result["attention"]) == (0, [])
    assert student.pipeline.fetch("--quarantine").status == 0
    assert student.in_tables()["period_attendance"] == 0


def test_the_records_come_back_as_long_as_the_source_has_them(request_of_a_student: Request) -> None:
    student = request_of_a_student
    student.happen()
    _, fetch_and_load, look, _, _ = document()
    student.carry_out(fetch_and_load)
    assert student.carry_out(look) == [[(2,)], [(2,)]]
