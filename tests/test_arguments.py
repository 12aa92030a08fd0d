"""The flags of both scripts: numbers that are none, and flags that a kind of run would ignore."""

from __future__ import annotations

import json
from types import ModuleType

import pytest

import esd_period_attendance_fetcher
import redshift_loader
from attendance_common.fetch import arguments as fetch_arguments
from attendance_common.load import arguments as load_arguments

LONG = "9" * 5000  # int() refuses more than 4300 digits
ARABIC = "٣"  # int() and str.isdecimal() take it


@pytest.mark.parametrize("number", ["-5", "x", "1.0", LONG, "9" * 19, ARABIC, ""])
@pytest.mark.parametrize(
    ("script", "flags"),
    [
        (redshift_loader, ["--school={}"]),
        (redshift_loader, ["--backfill-school={}"]),
        (redshift_loader, ["--forget-list", "2025-12-09", "{}"]),
        (esd_period_attendance_fetcher, ["--school={}"]),
        (esd_period_attendance_fetcher, ["--days={}"]),
        (esd_period_attendance_fetcher, ["--modified-hours={}"]),
        (esd_period_attendance_fetcher, ["--allow-removals=5={}"]),
        (esd_period_attendance_fetcher, ["--allow-removals={}=5"]),
        (esd_period_attendance_fetcher, ["--shard={}/5"]),
        (esd_period_attendance_fetcher, ["--shard=1/{}"]),
    ],
)
def test_what_is_no_number_is_an_argument_error(
    script: ModuleType, flags: list[str], number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        script.flags().parse_args([flag.format(number) for flag in flags])
    assert ended.value.code == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error.startswith(f"argument {flags[0].split('=')[0]}: ")
    assert "must be" in error or number.startswith("-")


@pytest.mark.parametrize("year", ["9" * 5000 + "-01-01", "2025-12-9" + "9" * 5000])
def test_a_date_of_many_digits_is_an_argument_error(year: str, capsys: pytest.CaptureFixture[str]) -> None:
    for flags in (["--from", year], ["--forget-list", year, "5"]):
        with pytest.raises(SystemExit):
            redshift_loader.flags().parse_args(flags)
        assert "must be a date" in json.loads(capsys.readouterr().out)["error"]


def loader_faults(*flags: str) -> list[str]:
    return load_arguments.not_together(redshift_loader.flags().parse_args(flags))


def fetcher_faults(*flags: str) -> list[str]:
    return fetch_arguments.not_together(esd_period_attendance_fetcher.flags().parse_args(flags))


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--from", "2025-12-09", "--to", "2025-12-09", "--school", "5", "--dry-run"],
        ["--reload", "--school", "5", "--from", "2025-12-09", "--dry-run"],
        ["--forget-list", "2025-12-09", "5", "--school", "5", "--dry-run"],
        ["--status", "--json"],
        ["--status-page", "x.html"],
        ["--verify", "--dry-run"],
        ["--check", "--report", "x.json", "--verbose"],
        ["--backfill-from", "a.b", "--backfill-school", "5", "--reload", "--from", "2025-12-09", "--dry-run"],
    ],
    ids=" ".join,
)
def test_flags_of_the_loader_that_go_together(flags: list[str]) -> None:
    assert loader_faults(*flags) == []


@pytest.mark.parametrize("mode", [["--check"], ["--status"], ["--status-page", "x.html"], ["--verify"]])
@pytest.mark.parametrize(
    "ignored",
    [["--from", "2025-12-09"], ["--to", "2025-12-09"], ["--school", "5"], ["--backfill-school", "5"]],
)
def test_a_flag_that_a_run_of_the_loader_would_ignore(mode: list[str], ignored: list[str]) -> None:
    assert loader_faults(*mode, *ignored) == [f"{ignored[0]} does not go with {mode[0]}: leave one out"]


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        ("--check --reload", "--reload does not go with --check: leave one out"),
        ("--check --verify", "--verify does not go with --check: leave one out"),
        ("--check --status", "--status does not go with --check: leave one out"),
        ("--check --status-page x.html", "--status-page does not go with --check: leave one out"),
        ("--check --forget-list 2025-12-09 5", "--forget-list does not go with --check: leave one out"),
        ("--check --backfill-from a.b", "--backfill-from does not go with --check: leave one out"),
        ("--status --backfill-from a.b", "--backfill-from does not go with --status: leave one out"),
        ("--backfill-from a.b --verify", "--verify does not go with --backfill-from: leave one out"),
        ("--backfill-from a.b --json", "--json does not go with --backfill-from: leave one out"),
        ("--verify --json", "--json does not go with --verify: leave one out"),
        ("--status-page x.html --json", "--json does not go with --status-page: leave one out"),
        ("--json", "--json goes with --status"),
        ("--reload --json", "--json goes with --status"),
        ("--backfill-school 5", "--backfill-school goes with --backfill-from"),
        ("--from 2025-12-10 --to 2025-12-09", "--from 2025-12-10 is later than --to 2025-12-09"),
        ("--reload --from 2025-12-10 --to 2025-12-09", "--from 2025-12-10 is later than --to 2025-12-09"),
        (
            "--backfill-from a.b --from 2025-12-10 --to 2025-12-09",
            "--from 2025-12-10 is later than --to 2025-12-09",
        ),
    ],
)
def test_flags_of_the_loader_that_do_not_go_together(flags: str, fault: str) -> None:
    assert loader_faults(*flags.split()) == [fault]


@pytest.mark.parametrize("mode", ["--check", "--quarantine", "--replay-quarantine"])
@pytest.mark.parametrize("ignored", ["--school 5", "--shard 1/2"])
def test_a_flag_that_a_run_of_the_fetcher_would_ignore(mode: str, ignored: str) -> None:
    name = ignored.split(maxsplit=1)[0]
    assert fetcher_faults(mode, *ignored.split()) == [f"{name} does not go with {mode}: leave one out"]


@pytest.mark.parametrize(
    "ignored",
    [
        "--since 2025-12-09",
        "--days 3",
        "--modified-hours 3",
        "--allow-removals 5=5",
        "--quarantine",
        "--replay-quarantine",
    ],
)
def test_a_check_of_the_fetcher_has_no_other_kind(ignored: str) -> None:
    [fault] = fetcher_faults("--check", *ignored.split())
    assert fault.endswith(" does not go with --check: leave one out")


@pytest.mark.parametrize(
    "flags",
    [
        "",
        "--days 3 --shard 1/2",
        "--school 5 --shard 1/2 --dry-run",
        "--allow-removals 5=5 --school 5",
        "--check --report x.json",
        "--quarantine --dry-run",
        "--replay-quarantine --dry-run",
    ],
)
def test_flags_of_the_fetcher_that_go_together(flags: str) -> None:
    assert fetcher_faults(*flags.split()) == []
