"""What an hour costs beside a night, on paper, against numbers that were worked out by hand."""

from __future__ import annotations

import pytest

from tests.bench.schedules import modified_hour, night, recent_hour, touched


def test_a_row_touches_one_place_and_very_many_touch_all() -> None:
    assert touched(1, 180) == pytest.approx(1)
    assert touched(2, 2) == pytest.approx(1.5)
    assert touched(100_000, 180) == pytest.approx(180)


def test_pages_that_are_asked_for() -> None:
    # 89 schools of 200 pages and one behind; 30 schools with a deletion, five pages each.
    assert night(0.01).pages == 89 * 201 + 30 * 5
    # 3 dates of 1,111.1 records are on 4 pages; and the last one.
    assert recent_hour().pages == 89 * 5
    # Of 200,000 rows a school, 45, 450 and 2,250 are modified in 2.25 of a day's ten hours.
    assert [modified_hour(share).pages for share in (0.001, 0.01, 0.05)] == [89 * 2, 89 * 2, 89 * 4]


def test_an_hour_of_what_was_modified_asks_for_two_per_cent_of_a_nights_pages_at_most() -> None:
    for share in (0.001, 0.01, 0.05):
        assert modified_hour(share).pages <= 0.02 * night(share).pages


def test_each_list_of_a_date_on_a_page_is_looked_at_and_what_changed_is_written() -> None:
    # Two pages of a school hold 2,000 records; 20 of 200,000 rows were modified in the hour.
    assert modified_hour(0.001).looked_at == pytest.approx(89 * 180, rel=0.001)
    assert modified_hour(0.001).written == pytest.approx(89 * 18.98, rel=0.001)
    assert (recent_hour().looked_at, recent_hour().written) == (89 * 5, 89 * 3)


def test_spectrum_opens_every_object_of_each_partition() -> None:
    assert recent_hour().spectrum_gets == 3 * 89
    assert modified_hour(0.01).spectrum_gets == pytest.approx(180 * 89)
