"""A table, control rows or places that somebody damaged: found, repaired, named, nothing lost."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tests.damage import EIGHT, FIVE, SIX, WHOLE, attention, do, lineage, three_lists, twin
from tests.lists import (
    LATER,
    LISTS,
    MONDAY,
    NEWER,
    PLACES,
    TABLE,
    TUESDAY,
    land,
    land_tombstone,
    load,
    put,
    statuses,
    take_away,
    version,
)
from tests.pipeline import Pipeline, connected


@pytest.fixture
def loaded(pipeline: Pipeline) -> Pipeline:
    return three_lists(pipeline)


DAMAGES: dict[str, tuple[list[str], int, int]] = {  # statements, dates that differ, records read again
    "truncated": ([f"TRUNCATE {TABLE}"], 2, 4),
    "a date deleted": ([f"DELETE FROM {TABLE} WHERE attendance_date = '{MONDAY}'"], 1, 2),
    "a row deleted": ([f"DELETE FROM {TABLE} WHERE id = 7"], 1, 1),
    "a row twice": (twin(5), 1, 1),
    "rows twice": ([*twin(5), *twin(7)], 2, 2),
    "a row with another time": ([f"UPDATE {TABLE} SET modified_on = '2052-01-01' WHERE id = 5"], 1, 1),
    "a row without a time": ([f"UPDATE {TABLE} SET modified_on = NULL WHERE id = 5"], 1, 1),
    "a row on another date": ([f"UPDATE {TABLE} SET attendance_date = '{LATER}' WHERE id = 5"], 2, 1),
    "a row of another id": ([f"UPDATE {TABLE} SET id = 6 WHERE id = 5"], 1, 2),
    "a twin on another date": (twin(5, LATER), 1, 1),
    "a twin long ago": (twin(5, date(2015, 3, 2)), 1, 1),
    "a twin that says otherwise": (twin(5, attendance_status="'Z'"), 1, 1),
}


@pytest.mark.parametrize("dates", ["1", "366"])
@pytest.mark.parametrize("damage_name", DAMAGES)
def test_a_damaged_table_is_repaired_and_reported(loaded: Pipeline, damage_name: str, dates: str) -> None:
    damage, days, records = DAMAGES[damage_name]
    before = lineage(loaded)
    do(loaded, *damage)
    done = loaded.load(REDSHIFT_BATCH_PARTITIONS=dates)
    assert done.status == 3, done.story
    text = " ".join(done.result["attention"])
    counts = re.findall(r"(\d+) (?:record was|records were) missing, changed or there more than once", text)
    assert sum(map(int, counts)) == records
    assert done.result["repaired_dates"] == days
    assert (done.result["loaded"], done.result["inserted"], done.result["updated"]) == (0, 0, 0)
    assert statuses(loaded) == WHOLE
    assert lineage(loaded) == before  # a repair is no change
    assert load(loaded) == {}


def test_a_damaged_table_is_repaired_beside_what_changed(loaded: Pipeline) -> None:
    do(loaded, f"TRUNCATE {TABLE}")
    land(loaded, MONDAY, version(5, "new", NEWER), SIX)
    done = loaded.load()
    assert (done.status, done.result["updated"]) == (3, 1)
    assert statuses(loaded) == {**WHOLE, 5: ("new", MONDAY)}
    assert load(loaded) == {}


def test_rows_with_an_id_that_no_list_has_stay_and_are_named_with_their_delete(loaded: Pipeline) -> None:
    do(loaded, *twin(5, id="999"))
    for _ in range(2):
        sentence = attention(loaded.load())
        assert "1 row has an id that no list has; it stays" in sentence
        assert statuses(loaded).keys() == {*WHOLE, 999}
    cure = re.search(r"DELETE FROM .*\)", sentence)
    assert cure is not None
    do(loaded, cure[0])
    assert load(loaded) == {}
    assert statuses(loaded) == WHOLE


def test_what_cannot_be_read_again_stays_as_it_is_and_is_reported(loaded: Pipeline) -> None:
    do(loaded, *twin(5))
    take_away(loaded, MONDAY, "school_1.parquet")
    done = loaded.load()
    sentences = " ".join(done.result["attention"])
    assert done.status == 3
    assert "the rows of 1 record are not as they were loaded, and cannot be read again" in sentences
    assert loaded.query(f"SELECT COUNT(*) AS n FROM {TABLE}") == [{"n": 5}]
    land(loaded, MONDAY, FIVE, SIX)
    assert loaded.load().status == 3
    assert statuses(loaded) == WHOLE
    assert load(loaded) == {}


def test_a_damaged_row_of_a_list_that_is_gone_is_reported_with_cures_that_work(loaded: Pipeline) -> None:
    take_away(loaded, MONDAY, "school_1.parquet")
    assert loaded.load().status == 3  # the object is gone
    do(loaded, f"DELETE FROM {TABLE} WHERE id = 5")
    for _ in range(2):
        done = loaded.load()
        sentence = attention(done)
        assert "cannot be read again, since the object of its list is gone from S3" in sentence
        assert "or fetch its school again" in sentence
        assert done.result["repaired_dates"] == 0
    cure = re.search(r"--forget-list \S+ \d+", sentence)
    assert cure is not None
    assert loaded.load(*cure[0].split()).status == 0
    assert load(loaded) == {}
    land(loaded, MONDAY, FIVE, SIX)
    assert loaded.load().status == 0
    assert statuses(loaded) == WHOLE


def test_a_column_changed_by_hand_is_seen_by_verify_alone(loaded: Pipeline) -> None:
    do(loaded, f"UPDATE {TABLE} SET comment = 'by hand' WHERE id = 5")
    assert load(loaded) == {}
    sentence = attention(loaded.load("--verify"))
    flags = ("--reload", "--from", "2025-12-08", "--to", "2025-12-08")
    assert "1 record with other columns than were loaded, on 2025-12-08: run the loader with " in sentence
    assert " ".join(flags) in sentence
    assert loaded.query(f"SELECT comment FROM {TABLE} WHERE id = 5") == [{"comment": "by hand"}]
    assert loaded.load(*flags).status == 0
    assert loaded.query(f"SELECT comment FROM {TABLE} WHERE id = 5") == [{"comment": None}]
    assert loaded.load("--verify").status == 0


# --- control rows and places --------------------------------------------------------------------------------


def test_an_empty_control_table_is_filled_again_and_no_row_is_written(loaded: Pipeline) -> None:
    before = lineage(loaded)
    do(loaded, f"TRUNCATE {LISTS}")
    done = loaded.load()
    assert (done.result["unchanged"], done.result["inserted"], done.result["updated"]) == (4, 0, 0)
    assert "had no row for 3 lists that were loaded before, first 2025-12-08 of school 1" in attention(done)
    assert lineage(loaded) == before
    assert load(loaded) == {}


WRONG_PLACES = {
    "other ids": f"UPDATE {PLACES} SET id = id + 1000000 WHERE partition_date = '{MONDAY}'",
    "another time": f"UPDATE {PLACES} SET modified_on = '2030-01-01' WHERE partition_date = '{MONDAY}'",
    "no time": f"UPDATE {PLACES} SET modified_on = NULL WHERE id = 5",
}


@pytest.mark.parametrize("damage", WRONG_PLACES)
def test_wrong_places_are_written_anew_and_no_row_is_written(loaded: Pipeline, damage: str) -> None:
    before = lineage(loaded)
    do(loaded, WRONG_PLACES[damage])
    sentence = attention(loaded.load())
    assert "did not agree on 2025-12-08: their lists were loaded again" in sentence
    assert "DELETE" not in sentence
    assert lineage(loaded) == before
    assert load(loaded) == {}
    assert loaded.load("--verify").status == 0


def test_places_with_other_hashes_are_seen_by_verify_and_its_cure_works(loaded: Pipeline) -> None:
    do(loaded, f"UPDATE {PLACES} SET hash = 'x' WHERE id = 5")
    assert load(loaded) == {}
    said = loaded.load("--verify").result["attention"]
    cures = re.findall(r"--reload --from \S+ --to \d{4}-\d\d-\d\d", " ".join(said))
    assert cures == ["--reload --from 2025-12-08 --to 2025-12-08"] * 2
    loaded.load(*cures[0].split())
    assert loaded.load("--verify").status == 0


def test_a_list_that_was_forgotten_comes_back_without_a_word(loaded: Pipeline) -> None:
    take_away(loaded, TUESDAY, "school_2.parquet")
    assert loaded.load("--forget-list", "2025-12-09", "2").status == 0
    land(loaded, TUESDAY, EIGHT, school=2)
    assert load(loaded) == {"inserted": 1}


@pytest.mark.parametrize(
    "damage",
    [
        f"TRUNCATE {PLACES}",
        f"DELETE FROM {PLACES} WHERE id = 5",
        f"DELETE FROM {PLACES} WHERE school_id = 2",
        f"UPDATE {PLACES} SET partition_date = '{LATER}' WHERE id = 7",
        f"UPDATE {PLACES} SET marked = TRUE",
        f"UPDATE {PLACES} SET wins = FALSE",
        f"UPDATE {PLACES} SET wins = FALSE WHERE id = 5",
        f"INSERT INTO {PLACES} SELECT * FROM {PLACES}",
    ],
)
def test_damaged_places_are_filled_again_and_reported(loaded: Pipeline, damage: str) -> None:
    do(loaded, damage)
    done = loaded.load()
    assert (done.status, done.result["removed"]) == (3, 0)
    assert "did not agree" in " ".join(done.result["attention"])
    assert statuses(loaded) == WHOLE
    assert load(loaded) == {}
    assert statuses(loaded) == WHOLE


def test_places_of_an_object_that_is_gone_stay_when_those_of_its_date_are_filled_again(
    loaded: Pipeline,
) -> None:
    take_away(loaded, TUESDAY, "school_2.parquet")
    loaded.load()
    do(loaded, f"DELETE FROM {PLACES} WHERE id = 7")
    done = loaded.load()
    assert (done.status, done.result["removed"]) == (3, 0)
    assert "an id that no list has" not in " ".join(done.result["attention"])
    assert statuses(loaded) == WHOLE
    assert loaded.query(f"SELECT id FROM {PLACES} ORDER BY id") == [{"id": each} for each in (5, 6, 7, 8)]


def test_a_list_without_object_control_row_and_places_keeps_its_rows_and_is_named(loaded: Pipeline) -> None:
    take_away(loaded, TUESDAY, "school_2.parquet")
    do(loaded, f"DELETE FROM {LISTS} WHERE school_id = 2")
    done = loaded.load()
    assert (done.status, done.result["removed"]) == (3, 0)
    assert "1 row has an id that no list has; it stays" in " ".join(done.result["attention"])
    assert statuses(loaded) == WHOLE


def test_a_list_is_loaded_though_a_winner_of_one_of_its_records_lies_in_one_that_cannot_be_read(
    loaded: Pipeline,
) -> None:
    land(loaded, MONDAY, version(7, "older", "2025-12-01 08:00:00.000000"), FIVE, SIX)
    load(loaded)
    put(loaded, MONDAY, "school_3.parquet", b"{}")
    land(loaded, TUESDAY, version(9, "new", NEWER))
    done = loaded.load()
    assert done.status == 3
    assert statuses(loaded)[9] == ("new", TUESDAY)
    take_away(loaded, MONDAY, "school_3.parquet")
    loaded.load()
    loaded.load()
    assert statuses(loaded)[7] == ("older", MONDAY)
    assert load(loaded) == {}


# --- verify -------------------------------------------------------------------------------------------------


def test_verify_finds_nothing_where_nothing_is_wrong(loaded: Pipeline) -> None:
    land_tombstone(loaded, LATER)
    load(loaded)
    done = loaded.load("--verify")
    assert (done.status, done.result["verified"], done.result["rows"]) == (0, 4, 5)


def test_lists_that_verify_could_not_compare_do_not_count_as_verified(loaded: Pipeline) -> None:
    put(loaded, TUESDAY, "school_1.parquet", b"{}")
    done = loaded.load("--verify")
    assert (done.status, done.result["verified"], done.result["not_loaded"]) == (3, 0, 1)
    sentence = attention(done)
    assert sentence.startswith(
        "the lists of 2 dates from 2025-12-08 to 2025-12-09 were not compared: Spectrum Scan"
    )
    assert sentence.endswith("; run the loader, which names the list or the object at fault")


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (
            f"TRUNCATE {TABLE}",
            "other rows than were loaded on 2 dates: 2025-12-08, 2025-12-09: run the loader",
        ),
        (f"UPDATE {TABLE} SET id = 999 WHERE id = 5", "on 1 date: 2025-12-08"),
        (f"DELETE FROM {PLACES} WHERE id = 8", "the rows are not those that were loaded"),
        (f"UPDATE {PLACES} SET hash = '' WHERE id = 8", "the rows are not those that were loaded"),
    ],
)
def test_verify_finds_and_changes_nothing(loaded: Pipeline, damage: str, word: str) -> None:
    do(loaded, damage)
    state = [loaded.query(f"SELECT * FROM {each} ORDER BY 1, 2, 3") for each in (TABLE, PLACES, LISTS)]
    done = loaded.load("--verify")
    assert done.status == 3
    assert word in " ".join(done.result["attention"])
    assert [
        loaded.query(f"SELECT * FROM {each} ORDER BY 1, 2, 3") for each in (TABLE, PLACES, LISTS)
    ] == state


def test_a_dry_run_says_what_would_be_repaired_and_repairs_nothing(loaded: Pipeline) -> None:
    do(loaded, f"TRUNCATE {TABLE}")
    done = loaded.load("--dry-run")
    assert "would repair: 2025-12-08, 2025-12-09" in done.story
    take_away(loaded, TUESDAY, "school_2.parquet")
    done = loaded.load("--dry-run", "--forget-list", "2025-12-09", "2")
    assert "would remove: the records of the list of 2025-12-09 of school 2" in done.story
    assert statuses(loaded) == {}


# --- the lock -----------------------------------------------------------------------------------------------


def test_waiting_for_the_lock_ends_with_the_query_that_shows_who_holds_it(loaded: Pipeline) -> None:
    land(loaded, MONDAY, FIVE)
    with connected(loaded.sandbox) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE public.period_attendance_lock")
        done = loaded.load(REDSHIFT_LOCK_SECONDS="1")
        assert done.status == 1
        assert "REDSHIFT_LOCK_SECONDS" in done.result["error"]
        [query] = re.findall(r"SELECT locks.*", done.result["error"])
        [holder] = loaded.query(query)
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == (holder["pid"],)
        assert statuses(loaded) == WHOLE  # readers do not wait
    assert load(loaded) == {"unchanged": 1, "removed": 1}
