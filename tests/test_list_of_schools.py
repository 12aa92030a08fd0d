"""The list of schools at a real source: read to its end, odd entries named, schools asked for as written."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from attendance_common.errors import SourceError
from attendance_common.fetch.school_list import SchoolList
from attendance_common.fetch.schools import list_schools
from tests.esd_api import api_for, fresh, settings_for
from tests.pipeline import Finished
from tests.sandbox.esd import EsdServer, Fault, Source
from tests.world import World

LIST = "schools$"


@pytest.fixture
def server() -> Iterator[EsdServer]:
    with EsdServer(Source()) as server:
        yield server


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


def read(server: EsdServer, *faults: Fault, page_size: int = 100) -> SchoolList:
    """Read the list through these faults."""
    server.faults.add(*faults)
    options: dict[str, Any] = {"page_size": page_size, "concurrency": 2, "school_year_id": None}
    return list_schools(api_for(server, **options), settings_for(server, **options))


def pages_asked(server: EsdServer) -> list[int | None]:
    return [each.page for each in server.traffic.log if each.path.endswith("/schools")]


def has_schools(server: EsdServer, *ids: Any) -> None:
    server.source.schools[:] = [{"id": each, "name": "Alder Grove"} for each in ids]


def stating(paging: object, **where: Any) -> Fault:
    return Fault("paging", path=LIST, times=None, paging=paging, **where)


# --- its end ------------------------------------------------------------------------------------------------

MANY = [*range(1, 231)]

TOTALS: dict[str, list[Fault]] = {
    "right": [],
    "none": [stating(None)],
    "empty": [stating({})],
    "no object": [stating([1])],
    "on the first page alone": [stating({}, page=n) for n in range(2, 9)],
    "on the last page alone": [stating({}, page=n) for n in (1, 2, 4, 5)],
    "one page": [stating({"totalPages": 1})],
    "no page": [stating({"totalPages": 0, "totalCount": 230})],
    "more pages than there are": [stating({"totalPages": 10**9, "totalCount": 230})],
    "as text": [stating({"totalPages": "3", "totalCount": "230"})],
    "as floats": [stating({"totalPages": 3.0, "totalCount": 230.0})],
    "null": [stating({"totalPages": None, "totalCount": None})],
    "negative": [stating({"totalPages": -3, "totalCount": -1})],
    "too few counted": [stating({"totalPages": 1, "totalCount": 10})],
    "of the page": [
        stating({"totalCount": 100, "totalPages": 1}, page=1),
        stating({"totalCount": 30}, page=3),
    ],
    **{
        f"not stated, {status} behind": [stating(None), Fault("status", LIST, page=4, status=status)]
        for status in (204, 400, 404, 416)
    },
    "stated, and failing behind": [Fault("status", LIST, page=4, status=500, times=None)],
    "pages of 50 whatever is asked": [Fault("page_size", path=LIST, times=None)],
    "a bare list": [Fault("rewrite", path=LIST, times=None, rewrite=lambda content: content["schools"])],
    "null behind the end": [
        Fault("rewrite", path=LIST, page=n, rewrite=lambda content: content | {"schools": None})
        for n in (4, 5)
    ],
}  # fmt: skip


@pytest.mark.parametrize("faults", TOTALS.values(), ids=TOTALS.keys())
def test_every_school_is_listed_whatever_the_totals_say(server: EsdServer, faults: list[Fault]) -> None:
    has_schools(server, *MANY)
    listed = read(server, *map(fresh, faults))
    assert list(listed.asked_as) == MANY
    assert (listed.odd, listed.gaps, listed.missing_schools, listed.missing_pages) == ({}, {}, 0, 0)


def test_an_empty_page_between_two_does_not_end_the_list(server: EsdServer) -> None:
    has_schools(server, *MANY)
    emptied = Fault("rewrite", path=LIST, page=2, rewrite=lambda content: content | {"schools": []})
    listed = read(server, emptied, stating(None))
    assert list(listed.asked_as) == [*MANY[:100], *MANY[200:]]
    assert pages_asked(server) == [1, 2, 3, 4, 5]


def test_the_page_size_is_that_of_the_setting(server: EsdServer) -> None:
    has_schools(server, 1, 2, 3)
    assert list(read(server, page_size=2).asked_as) == [1, 2, 3]
    assert {each.query.get("pageSize") for each in server.traffic.log if each.method == "GET"} == {"2"}


def test_a_source_that_ignores_the_page_comes_to_an_end_and_lacks_what_it_counts(server: EsdServer) -> None:
    has_schools(server, *MANY)
    listed = read(server, Fault("same_page", path=LIST, times=None))
    assert (list(listed.asked_as), pages_asked(server)) == (MANY[:100], [1, 2, 3])
    assert (listed.count, listed.missing_schools) == (230, 130)


def test_a_source_that_ignores_the_page_and_counts_pages_alone_lacks_pages(server: EsdServer) -> None:
    has_schools(server, *MANY)
    listed = read(server, Fault("same_page", path=LIST, times=None), stating({"totalPages": 3}))
    assert (listed.missing_schools, listed.missing_pages, listed.pages_came) == (0, 2, 1)


@pytest.mark.parametrize("status", [400, 404, 416])
def test_a_page_that_is_refused_though_it_was_announced_is_missing(server: EsdServer, status: int) -> None:
    has_schools(server, *MANY)
    listed = read(server, stating({"totalPages": 3}), Fault("status", path=LIST, page=2, status=status))
    assert (list(listed.asked_as), listed.missing_pages) == (MANY[:100], 2)


def test_the_highest_totals_count(server: EsdServer) -> None:
    has_schools(server, *MANY)
    listed = read(server, stating({"totalPages": 9, "totalCount": 240}, page=1))
    assert (listed.count, listed.pages_counted, listed.missing_schools) == (240, 9, 10)


@pytest.mark.parametrize("paging", [None, {"totalPages": 3}], ids=["not stated", "stated"])
def test_a_page_that_cannot_be_had_is_a_gap_and_the_others_are_read(server: EsdServer, paging: Any) -> None:
    has_schools(server, *MANY)
    listed = read(server, stating(paging), Fault("status", path=LIST, page=2, status=503, times=None))
    assert list(listed.asked_as) == [*MANY[:100], *MANY[200:]]
    assert list(listed.gaps) == [2]
    assert listed.gaps[2].startswith("status 503 (application/json), after 2 tries: ")


# --- its entries --------------------------------------------------------------------------------------------


def number(text: str) -> Fault:
    """Send the first school's id as this JSON."""

    def edited(content: Any) -> Any:
        return content | {"schools": [{"id": orjson.Fragment(text)}, *content["schools"][1:]]}

    return Fault("rewrite", path=LIST, page=1, rewrite=edited)


ODD: dict[str, str] = {
    "null": "entry 1",
    "true": "entry 1",
    "false": "entry 1",
    "12.0": "entry 1",
    "1e3": "entry 1",
    "-12": "-12",
    "{}": "entry 1",
    "[12]": "entry 1",
    '{"id": 12}': "entry 1",
    '""': "entry 1",
    '" "': "entry 1",
    '"-12"': "-12",
    '"12.0"': "12.0",
    '"12a"': "12a",
    '"١٢"': "entry 1",
    '"1_2"': "1_2",
    '"+12"': "entry 1",
    '"b1946ac9-2492-4d23-87ef-0000c0ffee00"': "b1946ac9-2492-4d23-87ef-0000c0ffee00",
    '"' + "a" * 41 + '"': "entry 1",
    '"two words"': "entry 1",
    "9223372036854775808": "9223372036854775808",
    '"9223372036854775808"': "9223372036854775808",
    "1" + "0" * 5000: "entry 1",
    '"1' + "0" * 5000 + '"': "entry 1",
}  # fmt: skip


@pytest.mark.parametrize(("text", "key"), ODD.items(), ids=lambda text: text[:24])
def test_an_odd_id_is_named_and_the_others_are_read(server: EsdServer, text: str, key: str) -> None:
    has_schools(server, 1, 2, 3)
    listed = read(server, number(text))
    assert (list(listed.asked_as), list(listed.odd)) == ([2, 3], [key])
    assert listed.odd[key].startswith("entry 1")
    assert listed.odd[key].endswith("; have it corrected at the source")
    assert listed.missing_schools == 0


@pytest.mark.parametrize("entry", [None, 12, "12", 1.5, True, [], [12], {}, {"ID": 12}, {"name": "Alder"}])
def test_an_entry_without_an_id_or_that_is_no_object_is_named_by_its_place(
    server: EsdServer, entry: Any
) -> None:
    server.source.schools[:] = [{"id": 1}, entry, {"id": 2}]
    listed = read(server)
    assert (list(listed.asked_as), list(listed.odd)) == ([1, 2], ["entry 2"])
    assert re.match(
        r"entry 2 of ESD's list of schools was not read: it (is no object|has no id);", listed.odd["entry 2"]
    )


@pytest.mark.parametrize(
    ("text", "school", "asked_as"),
    [
        ("0", 0, "0"),
        ("12", 12, "12"),
        ('"12"', 12, "12"),
        ('"0125"', 125, "0125"),
        ('" 125 "', 125, " 125 "),
        ("9223372036854775807", 2**63 - 1, "9223372036854775807"),
    ],
)
def test_an_id_is_a_number_and_keeps_how_it_is_written(
    server: EsdServer, text: str, school: int, asked_as: str
) -> None:
    has_schools(server, 1, 2)
    listed = read(server, number(text))
    assert (listed.asked_as, listed.odd) == ({school: asked_as, 2: "2"}, {})


def test_a_place_is_counted_over_all_pages(server: EsdServer) -> None:
    has_schools(server, 1, 2, None, 4, None)
    listed = read(server, page_size=2)
    assert (list(listed.asked_as), list(listed.odd)) == ([1, 2, 4], ["entry 3", "entry 5"])


def test_odd_entries_of_a_page_that_repeats_are_named_once(server: EsdServer) -> None:
    has_schools(server, None, 2, None, 4)
    listed = read(server, Fault("same_page", path=LIST, times=None), page_size=3)
    assert (list(listed.asked_as), list(listed.odd)) == ([2], ["entry 1", "entry 3"])


@pytest.mark.parametrize("ids", [[1, 1, 2], [1, 2, 1], [1, "1", 2], [1, 2, 2, 2, 1, 1]])
@pytest.mark.parametrize("page_size", [2, 100])
def test_entries_that_are_listed_twice_count_once_and_are_not_reported(
    server: EsdServer, ids: list[Any], page_size: int
) -> None:
    has_schools(server, *ids)
    listed = read(server, page_size=page_size)
    assert (list(listed.asked_as), listed.odd, listed.missing_schools) == ([1, 2], {}, 0)


@pytest.mark.parametrize(("ids", "asked_as"), [(["0125", 125, 1], "0125"), ([125, 1, "0125"], "125")])
def test_one_number_in_two_writings_is_asked_for_as_it_came_first_and_named(
    server: EsdServer, ids: list[Any], asked_as: str
) -> None:
    has_schools(server, *ids)
    listed = read(server)
    assert listed.asked_as == {125: asked_as, 1: "1"}
    [sentence] = listed.odd.values()
    assert f"it is school 125 once more, which another entry writes '{asked_as}'" in sentence


# --- no list ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [204, 404])
def test_no_schools_is_a_fault(server: EsdServer, status: int) -> None:
    with pytest.raises(SourceError, match=r"^ESD lists no schools: check ESD_API_URL") as raised:
        read(server, Fault("status", path=LIST, times=None, status=status))
    assert raised.value.exit_status == 2


@pytest.mark.parametrize("ids", [[], [None], ["x", 1.5]])
def test_a_list_without_a_school_that_can_be_read_is_a_fault(server: EsdServer, ids: list[Any]) -> None:
    has_schools(server, *ids)
    with pytest.raises(SourceError, match=r"^ESD lists no schools") as raised:
        read(server)
    assert (raised.value.exit_status, "entry 1" in str(raised.value)) == (2, bool(ids))


@pytest.mark.parametrize("status", [400, 416])
def test_a_first_page_that_is_refused_names_the_page_size(server: EsdServer, status: int) -> None:
    with pytest.raises(SourceError, match=rf"status {status} .*ESD_PAGE_SIZE") as raised:
        read(server, Fault("status", path=LIST, times=None, status=status))
    assert raised.value.exit_status == 2


NO_LISTS: dict[str, tuple[object, str]] = {
    "no field": ({}, "but no list of schools"),
    "another field": ({"data": [{"id": 5}]}, "but no list of schools"),
    "an object": ({"schools": {"id": 5}}, "but no list of schools"),
    "a text": ({"schools": "5"}, "but no list of schools"),
    "null": (None, "which is no JSON"),
    "a text alone": ("Zqx7", "which is no JSON"),
    "a number": (5, "which is no JSON"),
}


@pytest.mark.parametrize(("content", "what"), NO_LISTS.values(), ids=NO_LISTS.keys())
def test_another_answer_is_named_by_its_status_and_type_and_not_by_its_text(
    server: EsdServer, content: object, what: str
) -> None:
    has_schools(server, 1)
    with pytest.raises(SourceError) as raised:
        read(server, Fault("rewrite", path=LIST, times=None, rewrite=lambda _: content))
    assert str(raised.value).startswith(
        f"schools, page 1: status 200 (application/json), {what}, after 2 tries: "
    )
    assert str(raised.value).endswith("check ESD_API_URL")
    assert raised.value.exit_status == 1


def test_a_page_for_people_is_named_by_its_type(server: EsdServer) -> None:
    with pytest.raises(SourceError, match=r"status 200 \(text/html\)"):
        read(server, Fault("html", path=LIST, times=None))


def test_a_page_for_people_that_passes_is_waited_out(server: EsdServer) -> None:
    has_schools(server, 5, 3)
    assert list(read(server, Fault("html", path=LIST)).asked_as) == [5, 3]


# --- in a run -----------------------------------------------------------------------------------------------

QUICK = {"ESD_PAGE_SIZE": "100", "ESD_ATTEMPTS": "1"}


def fetch(world: World, *faults: Fault, flags: tuple[str, ...] = ()) -> Finished:
    world.esd.traffic.forget()
    world.esd.faults.add(*map(fresh, faults))
    done = world.pipeline.fetch(*flags, **QUICK)
    world.esd.faults.clear()
    return done


def assert_reported_once(world: World, sentence: str, *faults: Fault) -> None:
    """The run lands everything and reports this; the next one counts it as standing."""
    done = fetch(world, *faults)
    assert done.status == 3, done.story
    [attention] = done.result["attention"]
    assert attention.startswith(f"{sentence} (since ")
    again = fetch(world, *faults)
    assert (again.status, again.result["attention"], again.result["standing"]) == (0, [], 1)


def test_an_odd_entry_is_reported_once_and_forgotten_when_it_is_mended(world: World) -> None:
    good = list(world.source.schools)
    world.publish()
    world.source.schools.insert(1, {"id": "b1946ac9-2492", "name": "Alder Grove"})
    sentence = (
        "entry 2 ('b1946ac9-2492') of ESD's list of schools was not read: its id is no number that a school "
        "can have; have it corrected at the source"
    )
    assert_reported_once(world, sentence)
    world.compare_landing()
    recent = fetch(world, flags=("--days", "5000"))
    assert (recent.status, recent.result["standing"]) == (0, 1)
    world.source.schools[:] = good
    mended = fetch(world)
    assert (mended.status, mended.result["standing"]) == (0, 0)


def test_a_list_that_is_shorter_than_counted_is_reported_once(world: World) -> None:
    world.publish()
    sentence = (
        "ESD counts 89 schools and lists 3: the others were not read; ask the source's operator for them"
    )
    assert_reported_once(world, sentence, stating({"totalCount": 89}))
    world.compare_landing()
    record = world.bucket.run_record(fetch(world).result["run"])
    assert record["conditions"]["short list of schools"] == {"all": None}


def test_a_list_with_fewer_pages_than_announced_is_reported_once(world: World) -> None:
    cure = "the others were not read; ask the source's operator for them"
    sentence = f"ESD tells of 4 pages of schools and sends 2: {cure}"
    assert_reported_once(world, sentence, stating({"totalPages": 4}))


def test_a_page_of_the_list_that_cannot_be_had_is_reported_each_time(world: World) -> None:
    faults = stating(None), Fault("status", path=LIST, page=2, status=503, times=None)
    world.publish()
    sentence = (
        "ESD's list of schools was read with a gap (page 2: status 503 (application/json), after 1 try: "
    )
    for _ in range(2):
        done = fetch(world, *faults)
        assert (done.status, done.result["standing"]) == (3, 0), done.story
        [reported] = done.result["attention"]
        assert reported.startswith(sentence)
        assert reported.endswith("the schools on these pages were not read; run again")
        world.compare_landing()


@pytest.mark.parametrize("flags", [(), ("--school", "125"), ("--school", "0125"), ("--days", "5000")])
def test_a_school_is_asked_for_as_the_list_writes_it(world: World, flags: tuple[str, ...]) -> None:
    records = world.source.records(world.first)
    world.source.set_records(125, records)
    world.source.schools[:] = [{"id": "0125"}]
    done = fetch(world, flags=flags)
    assert (done.status, done.result["landed"]) == (0, 300), done.story
    assert {each.query.get("schoolId") for each in world.esd.traffic.log} == {None, "0125"}
    world.landed.publish(125, records)
    world.compare_landing()
    assert world.bucket.run_record(done.result["run"])["by_school"].keys() == {"125"}
