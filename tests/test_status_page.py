"""The status page: what it shows of facts that are literals, and how a real browser draws it."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from attendance_common.load import calendar_svg, page, page_facts
from attendance_common.load.page import LoadLine, PageFacts, RunLine
from attendance_common.load.quality import Finding
from attendance_common.load.status import Facts, judge
from tests.world import World

NOW = dt.datetime(2025, 12, 10, 7, 0)
MONDAY = dt.date(2025, 12, 1)
# blink::mojom::PreferredColorScheme
DARK, LIGHT = "--blink-settings=preferredColorScheme=0", "--blink-settings=preferredColorScheme=1"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def day(number: int) -> dt.date:
    return dt.date(2025, 12, number)


# --- the calendar -------------------------------------------------------------------------------------------


def shades(counts: dict[dt.date, int]) -> dict[str, str]:
    drawn = calendar_svg.calendar(counts, NOW.date())
    return {cell.text: cell.shade for cell in drawn.cells}


def test_a_darker_cell_has_more_records_and_a_weekday_without_any_is_a_gap() -> None:
    found = shades({day(1): 100, day(2): 1, day(5): 50})
    assert found["Mon 2025-12-01: 100 records"] == "s4"
    assert found["Tue 2025-12-02: 1 record"] == "s1"
    assert found["Fri 2025-12-05: 50 records"] == "s2"
    assert found["Wed 2025-12-03: no records"] == found["Thu 2025-12-04: no records"] == "none"
    assert found["Mon 2025-12-08: no records"] == "off"  # after the last date with records
    assert found["Fri 2025-11-28: no records"] == "off"


def test_gaps_are_spans_of_weekdays() -> None:
    drawn = calendar_svg.calendar({day(1): 1, day(3): 1, day(10): 1}, NOW.date())
    assert drawn.gaps == [(day(2), day(2)), (day(4), day(9))]
    assert (drawn.first, drawn.last, drawn.records) == (day(1), day(10), 3)


def test_the_calendar_has_53_weeks_and_no_date_of_the_future() -> None:
    drawn = calendar_svg.calendar({}, NOW.date())
    assert len(drawn.cells) == 52 * 7 + 3
    assert {cell.x for cell in drawn.cells} == {32 + 14 * week for week in range(53)}
    assert [name for _, name in drawn.months] == [
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    ]


# --- the page -----------------------------------------------------------------------------------------------


def test_a_cell_says_how_a_date_compares_with_the_schools_usual_one() -> None:
    counts = {day(1): 100, day(2): 110, day(3): 90, day(4): 10, day(5): 400}
    found = page.cells(counts, [day(number) for number in range(1, 7)])
    assert [(cell.text, cell.kind) for cell in found] == [
        ("100", "usual"),
        ("110", "usual"),
        ("90", "usual"),
        ("10", "few"),
        ("400", "many"),
        ("none", "none"),
    ]


FINDING = Finding(
    *("missing days", "error", 12550, day(9), None, 1),
    finding="school 12550 has no record on 2025-12-09, while most schools have some",
    look_closer="SELECT 1",
    since=dt.datetime(2025, 12, 10, 3, 0),
    reported=None,
)
FACTS = PageFacts(
    status=judge(
        Facts(
            rows={12549: (12_345, day(9)), 12550: (678, day(8))},
            reported=["<script>alert(1)</script>"],
            findings=[FINDING],
        ),
        NOW,
        36,
    ),
    records={day(number): 1000 * number for number in (1, 2, 3, 4, 5, 8, 9)},
    by_school={12549: {day(8): 500, day(9): 510}, 12550: {day(8): 500}},
    loads=[LoadLine(dt.datetime(2025, 12, 10, 3, 0), 9000, 2500, 12)],
    lateness={"same day": 60, "1 to 7 days": 30, "8 to 30 days": 8, "more than 30 days": 2},
    quarantine={"date: 02-30-2025 is no real day": 3},
    runs=[RunLine("load", "load", dt.datetime(2025, 12, 10, 3), dt.datetime(2025, 12, 10, 3, 6), 3, 11_512)],
)


class Text(HTMLParser):
    """The text of a page, and every address in it."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")
        ]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(html: str) -> Text:
    made = Text()
    made.feed(html)
    return made


def test_the_page_needs_no_network_and_no_script() -> None:
    html = page.render(FACTS, NOW)
    found = parsed(html)
    assert found.addresses == []
    assert "script" not in found.tags
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize(
    "expected",
    [
        "no fetch that ended well is known: run the fetcher",
        "2025-12-09",
        "13,023",
        "Weekdays without a record",
        "school 12550 has no record on 2025-12-09, while most schools have some",
        "date: 02-30-2025 is no real day",
        "3, needs a person",
        "60 %",
        "11,512",
        "6.0",
        "none",
    ],
)
def test_the_page_says_what_is_so(expected: str) -> None:
    facts = FACTS
    if expected.startswith("Weekdays"):
        facts = PageFacts(**{**vars(FACTS), "records": {day(1): 5, day(9): 5}})
    assert expected in " ".join(" ".join(parsed(page.render(facts, NOW)).text).split())


def test_what_a_sentence_holds_is_text() -> None:
    sentence = "<script>alert('1')</script>"
    facts = PageFacts(**{**vars(FACTS), "quarantine": {sentence: 1}})
    found = parsed(page.render(facts, NOW))
    assert "script" not in found.tags
    assert sentence in "".join(found.text)


def test_a_page_of_nothing_is_a_page() -> None:
    empty = PageFacts(judge(Facts(), NOW, 36), {}, {}, [], {}, {}, [])
    text = " ".join(parsed(page.render(empty, NOW)).text)
    for expected in ("No record is in the table", "No run is known", "No check found anything"):
        assert expected in text


def test_each_cell_of_a_table_that_is_coloured_has_text() -> None:
    for kind in ("none", "few", "many"):
        assert f'class="n {kind}"></td>' not in page.render(FACTS, NOW)


def test_reasons_are_those_of_each_schools_newest_reading() -> None:
    records: list[dict[str, Any]] = [
        {"by_school": {"1": {"quarantine": {"no id": 2}}, "2": {"quarantine": {}}}},
        {"by_school": {"1": {"quarantine": {"no id": 9}}, "2": {"quarantine": {"no date": 9}}}},
        {"by_school": {"3": {"quarantine": {"no date": 3}}, "4": "odd"}},
        {"by_school": "odd"},
    ]
    assert page_facts.quarantined(records) == {"no date": 3, "no id": 2}


# --- a real browser -----------------------------------------------------------------------------------------


def browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"a browser is missing: none of {', '.join(BROWSERS)}")
    return found


def drawn(file: Path, *flags: str) -> str:
    """What the browser makes of the page: the document as it is after it was drawn."""
    command = [browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += [f"--user-data-dir={file.parent / 'profile'}", *flags, file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "status.html"
    made.write_text(page.render(FACTS, NOW), encoding="utf-8")
    return made


@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_draws_the_page_no_wider_than_its_window(file: Path, width: int) -> None:
    probe = "<script>document.title = document.documentElement.scrollWidth</script></body>"
    html = file.read_text().replace("</body>", probe)
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    file.write_text(html)
    document = drawn(file, "--dump-dom", f"--window-size={width},900")
    [measured] = re.findall(r"<title>(\d+)</title>", document)
    assert int(measured) <= max(width, 500)  # a headless window is no narrower than 500


def test_a_browser_makes_a_picture_in_light_and_in_the_dark(file: Path) -> None:
    pictures = []
    for number, scheme in enumerate((LIGHT, DARK)):
        picture = file.with_name(f"{number}.png")
        drawn(file, f"--screenshot={picture}", "--window-size=1280,900", scheme)
        pictures.append(picture.read_bytes())
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 10_000 for picture in pictures)
    assert pictures[0] != pictures[1]


# --- the script as it is ------------------------------------------------------------------------------------


def test_the_loader_writes_the_page_and_no_student_is_in_it(world: World, tmp_path: Path) -> None:
    world.pipeline.fetch()
    world.pipeline.load()
    file = tmp_path / "status.html"
    done = world.pipeline.load("--status-page", str(file))
    assert done.status in (0, 3)
    assert done.result["page"] == str(file)
    html = file.read_text()
    assert str(world.first) in html
    assert [each.name for each in tmp_path.iterdir()] == ["status.html"]
    students = {str(record["studentId"]) for record in world.source.records(world.first)}
    words = set(re.findall(r"\d+", html))
    assert not {student for student in students & words if len(student) > 4}


def test_a_page_that_cannot_be_written_says_so_at_once(world: World, tmp_path: Path) -> None:
    done = world.pipeline.load("--status-page", str(tmp_path / "missing" / "status.html"))
    assert done.status == 2
    assert "--status-page" in done.result["error"]
