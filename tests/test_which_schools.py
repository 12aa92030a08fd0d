"""Which schools a run reads: --school, --shard, and those that --allow-removals names."""

from __future__ import annotations

import pytest

from esd_period_attendance_fetcher import chosen, flags, main
from tests.sandbox import Sandbox
from tests.world import World


@pytest.mark.parametrize(
    ("line", "schools"),
    [
        ("", [1, 2, 3, 4]),
        ("--school 2", [2]),
        ("--school 4 --school 1", [1, 4]),
        ("--shard 1/2", [2, 4]),
        ("--school 1 --shard 1/2", [1]),  # what is named is read, whoever's share it is
        ("--allow-removals 9=5", [1, 2, 3, 4, 9]),
        ("--allow-removals 9=5 --shard 1/2", [2, 4]),
        ("--allow-removals 9=5 --allow-removals 8=1 --school 9", [9]),
    ],
)
def test_which_schools_are_read(line: str, schools: list[int]) -> None:
    assert chosen([1, 2, 3, 4], flags().parse_args(line.split())) == (schools, [])


def test_a_school_that_is_not_listed_is_named() -> None:
    schools, sentences = chosen([1, 2], flags().parse_args(["--school", "2", "--school", "7"]))
    assert (schools, sentences) == ([2], ["school 7 is not listed, and was not read: check --school"])


def test_a_school_that_is_named_twice_and_not_listed_is_reported_once() -> None:
    assert chosen([1, 2], flags().parse_args(["--school", "7", "--school", "7"])) == (
        [],
        ["school 7 is not listed, and was not read: check --school"],
    )


def test_removals_are_gathered_by_school() -> None:
    given = flags().parse_args(["--allow-removals", "9=5", "--allow-removals", "8=0"])
    assert given.allow_removals == {9: 5, 8: 0}
    assert flags().parse_args([]).allow_removals == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--school", "x"),
        ("--school", "-1"),
        ("--allow-removals", "9"),
        ("--allow-removals", "9="),
        ("--allow-removals", "9=-1"),
        ("--allow-removals", "9=5", "--since", "2025-12-09"),
        ("--quarantine", "--replay-quarantine"),
    ],
    ids=" ".join,
)
def test_wrong_flags_are_wrong_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_only_that_school_is_asked_for_and_written(sandbox: Sandbox) -> None:
    world = World(sandbox)
    done = world.pipeline.fetch("--school", str(world.first), ESD_PAGE_SIZE="400")
    assert (done.status, done.result["schools"]) == (0, 1)
    assert {request.school for request in world.esd.traffic.log} == {None, world.first}
    assert {school for _, school in world.bucket.landed()} == {world.first}
