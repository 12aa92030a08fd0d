"""A file in quarantine that cannot be read holds up its own school's quarantine alone, and is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attendance_common.fetch.quarantine import UnreadableFile, read, written
from tests.bucket import LANDING, QUARANTINE
from tests.pipeline import Finished
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront, Refusal, refuse
from tests.test_quarantine import lines
from tests.world import World

ABSENT = object()
GOOD = written(5, lines(1, 2))


def line(**fields: Any) -> bytes:
    """A line as this version writes it, but for these fields."""
    parts = {**json.loads(GOOD.splitlines()[0]), **fields}
    return (json.dumps({name: value for name, value in parts.items() if value is not ABSENT}) + "\n").encode()


ODD: dict[str, tuple[bytes, str]] = {
    "not UTF-8": (b"\xff" + GOOD, "a line is no JSON"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "a line is no JSON"),
    "a line cut off": (GOOD[:-20], "a line is no JSON"),
    "text": (GOOD + b"see Mrs. Marigold\n", "a line is no JSON"),
    "nested deeply": (b"[" * 50_000 + b"]" * 50_000, "a line is no JSON"),
    "a list": (b'["a"]\n', "a line has other fields than this version writes"),
    "a text": (b'"a"\n', "a line has other fields than this version writes"),
    "a number": (GOOD + b"5\n", "a line has other fields than this version writes"),
    "null": (b"null\n", "a line has other fields than this version writes"),
    "of a later version": (line(source="x"), "a line has other fields than this version writes"),
    "of an earlier version": (line(since=ABSENT), "a line has other fields than this version writes"),
    "the record as an object": (line(record={"id": 5}), "a field of a line is of another type"),
    "no reason": (line(reason=None), "a field of a line is of another type"),
    "a year as text": (line(schoolYearId="55"), "a field of a line is of another type"),
    "a year that is a flag": (line(schoolYearId=True), "a field of a line is of another type"),
    "another school": (GOOD + line(schoolId=6), "a line is of another school"),
}


@pytest.mark.parametrize(("body", "why"), ODD.values(), ids=ODD.keys())
def test_what_this_version_did_not_write_is_no_file_of_lines(body: bytes, why: str) -> None:
    with pytest.raises(UnreadableFile) as raised:
        read(body, 5)
    assert raised.value.why == why


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"),
        GOOD.rstrip(b"\n"),
        b"\n\n" + GOOD + b"  \n",
    ],
    ids=["as written", "a BOM", "CR LF", "both", "no last newline", "blank lines"],
)
def test_what_an_editor_makes_of_a_file_is_read(body: bytes) -> None:
    assert read(body, 5) == lines(1, 2)


@pytest.mark.parametrize("body", [b"", b"\n", b"\xef\xbb\xbf"], ids=repr)
def test_a_file_without_lines_is_empty(body: bytes) -> None:
    assert read(body, 5) == {}


# --- runs of the fetcher ------------------------------------------------------------------------------------


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """A world in which two schools have a record each that cannot be landed."""
    world = World(sandbox)
    for place, school in enumerate(world.schools[:2]):
        good = world.source.records(school)[0]
        world.source.add(school, {**good, "id": 901 + place, "date": "02-30-2026"})
    return world


def put(world: World, name: str, body: bytes) -> None:
    aws = world.pipeline.sandbox.aws
    aws.client("s3").put_object(Bucket=aws.bucket, Key=QUARANTINE + name, Body=body)


def name_of(school: int) -> str:
    return f"school_{school}.jsonl"


def everything_is_landed(world: World) -> bool:
    landed = {row["id"] for rows in world.bucket.landed().values() for row in rows}
    odd = {901, 902}
    return landed == {each["id"] for school in world.schools for each in world.source.records(school)} - odd


def check_other_school(world: World, done: Finished) -> None:
    second = world.schools[1]
    [lying] = world.bucket.read(QUARANTINE + name_of(second)).splitlines()
    assert (json.loads(lying)["schoolId"], json.loads(json.loads(lying)["record"])["id"]) == (second, 902)
    assert (done.status, done.result["schools_failed"], done.result["quarantined"]) == (3, 0, 2)
    assert "Marigold" not in done.story + done.output


@pytest.mark.parametrize("flags", [(), ("--since", "2025-09-25"), ("--dry-run",)], ids=" ".join)
def test_the_file_is_named_and_kept_and_all_else_is_done(world: World, flags: tuple[str, ...]) -> None:
    body = b"see Mrs. Marigold\n"
    put(world, name_of(world.first), body)
    done = world.pipeline.fetch(*flags)
    place = f"s3://{world.pipeline.sandbox.aws.bucket}/{QUARANTINE}{name_of(world.first)}"
    assert done.status == 3
    assert done.result["attention"][0] == (
        f"school {world.first}: {place} cannot be read (a line is no JSON), and stays as it is: move it away"
        ", and 1 record that cannot be landed was not added to it; then run again"
    )
    assert world.bucket.read(QUARANTINE + name_of(world.first)) == body
    if not flags:
        check_other_school(world, done)
        assert everything_is_landed(world)


def test_a_run_goes_on_when_the_file_was_moved_away(world: World) -> None:
    put(world, name_of(world.first), b"see Mrs. Marigold\n")
    assert world.pipeline.fetch().status == 3
    aws = world.pipeline.sandbox.aws
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=QUARANTINE + name_of(world.first))
    done = world.pipeline.fetch()
    assert (done.status, done.result["quarantined_new"]) == (3, 1)
    assert sorted(json.loads(each["record"])["id"] for each in world.bucket.quarantined()) == [901, 902]
    assert world.pipeline.fetch().status == 0


def test_a_file_that_s3_does_not_give_is_named_and_kept(world: World) -> None:
    put(world, name_of(world.first), GOOD)
    rule = refuse(Refusal(403, "InvalidObjectState"), "GetObject", QUARANTINE + name_of(world.first))
    with AwsFront(world.pipeline.sandbox.aws_endpoint, rule) as front:
        done = world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint)
    assert "cannot be read (it is archived), and stays as it is" in done.result["attention"][0]
    assert world.bucket.read(QUARANTINE + name_of(world.first)) == GOOD
    check_other_school(world, done)


def test_the_list_of_the_quarantine_and_its_replay_pass_it_over_and_name_it(world: World) -> None:
    assert world.pipeline.fetch().status == 3
    put(world, name_of(world.first), b"see Mrs. Marigold\n")
    put(world, "notes.txt", b"see Mrs. Marigold\n")
    before = world.bucket.keys(QUARANTINE) | world.bucket.keys(LANDING)
    for flag in ("--quarantine", "--replay-quarantine"):
        done = world.pipeline.fetch(flag)
        stranger, unreadable, *_ = done.result["attention"]
        assert (done.status, done.result["quarantined"]) == (3, 1)
        assert stranger.endswith("notes.txt is not what the fetcher puts into quarantine: move it away")
        assert f"{name_of(world.first)} cannot be read (a line is no JSON), and stays as it is" in unreadable
        assert "Marigold" not in done.story + done.output
    assert world.bucket.keys(QUARANTINE) | world.bucket.keys(LANDING) == before
