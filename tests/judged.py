"""What a fetch judges of the world: two schools whose records end today, and the sentences."""

from __future__ import annotations

import datetime as dt

from tests.model import Record
from tests.pipeline import Finished
from tests.sandbox import Sandbox
from tests.world import World

HOUR, WEEK = dt.timedelta(hours=1), dt.timedelta(days=7, minutes=1)
YEAR = 55


def day(ago: int) -> dt.date:
    return dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=ago)


def records(first_id: int, *days_ago: int) -> list[Record]:
    return [
        {"id": first_id + place, "date": f"{day(ago):%m-%d-%Y}", "studentId": 5}
        for place, ago in enumerate(sorted(days_ago, reverse=True))
    ]


def two_schools(sandbox: Sandbox) -> World:
    """Two schools with records up to today, and one that never had any; nothing is landed."""
    world = World(sandbox)
    world.source.set_records(world.schools[0], records(1, 40, 5, 3, 0))
    world.source.set_records(world.schools[1], records(11, 40, 5, 4, 0))
    return world


def fetch(world: World, *flags: str, **variables: str) -> Finished:
    return world.pipeline.fetch(*flags, **{"ESD_STALE_DAYS": "21", "ESD_ATTEMPTS": "1", **variables})


def outcome(done: Finished) -> tuple[int, list[str], int]:
    """Status, sentences without since when, and what is standing."""
    return (
        done.status,
        [sentence.rpartition(" (since ")[0] for sentence in done.result["attention"]],
        done.result["standing"],
    )


QUIET: tuple[int, list[str], int] = (0, [], 0)


def standing(count: int) -> tuple[int, list[str], int]:
    return (0, [], count)


def leave_the_list(world: World, school: int) -> None:
    world.source.schools = [each for each in world.source.schools if each["id"] != school]
    world.source.set_records(school, [])


def dark(school: int, ago: int = 0, count: int = 4, year: int = YEAR) -> str:
    return (
        f"school {school} lists no record in school year {year}, while others do; its landed records, the "
        f"newest of {day(ago)}, stay: ask the source's operator; if they are to go, run with "
        f"--allow-removals {school}={count}; if the school is meant to have none, name it in ESD_SKIP_SCHOOLS"
    )


def unlisted(school: int, ago: int = 0, count: int = 4) -> str:
    return (
        f"school {school} is no longer in ESD's list of schools; its landed records, the newest of "
        f"{day(ago)}, stay: ask the source's operator; if they are to go, run with "
        f"--allow-removals {school}={count}; if the school is meant to have none, name it in ESD_SKIP_SCHOOLS"
    )
