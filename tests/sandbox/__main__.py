"""`python -m tests.sandbox up` starts the outside world on loopback; `… correct` lets a day pass there."""

from __future__ import annotations

import argparse
import signal
import sys
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import orjson

from .environment import DEFAULT_ENV_FILE, read_env_file, write_env_file
from .esd.control import CONTROL_PATH
from .sandbox import Options, Sandbox


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status."""
    arguments = parse(argv)
    if arguments.command == "correct":
        return correct(arguments.env_file)
    return up(arguments)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up_command = commands.add_parser(
        "up", help="start everything, print 'ready', serve until SIGTERM or Ctrl-C"
    )
    correct_command = commands.add_parser("correct", help="let a day of corrections pass at a running source")
    for command in (up_command, correct_command):
        command.add_argument("--env-file", type=Path, default=DEFAULT_ENV_FILE, metavar="FILE")
    defaults = Options()
    up_command.add_argument("--without-esd", action="store_true", help="leave the source to somebody else")
    up_command.add_argument("--schools", type=_count, default=defaults.schools, metavar="N")
    up_command.add_argument(
        "--records", type=_count, default=defaults.records, metavar="N", help="per school"
    )
    up_command.add_argument(
        "--statement-log", type=Path, metavar="FILE", help="every SQL statement, as JSON lines"
    )
    up_command.add_argument("--isolation", choices=("SERIALIZABLE", "SNAPSHOT"), default=defaults.isolation)
    return parser.parse_args(argv)


def up(arguments: argparse.Namespace) -> int:
    """Serve until a signal says to stop."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    options = Options(
        schools=arguments.schools,
        records=arguments.records,
        until=datetime.now(timezone.utc),
        esd=not arguments.without_esd,
        isolation=arguments.isolation,
        statement_log=arguments.statement_log,
    )
    with Sandbox(options) as sandbox:
        write_env_file(arguments.env_file, sandbox.environment)
        print(f"settings are in {arguments.env_file}", file=sys.stderr)
        print("ready", flush=True)
        stop.wait()
    return 0


def correct(env_file: Path) -> int:
    """Ask the running source for a day of corrections and say what it did, in counts."""
    try:
        counts = _ask_for_corrections(read_env_file(env_file)["ESD_API_URL"])
    except (OSError, KeyError) as error:
        print(
            f"error: no source answers by {env_file} ({type(error).__name__}); "
            "start one with `python -m tests.sandbox up`, without --without-esd",
            file=sys.stderr,
        )
        return 1
    print("a day has passed at the source: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    return 0


def _ask_for_corrections(api_url: str) -> dict[str, int]:
    api = urlsplit(api_url)
    url = f"{api.scheme}://{api.netloc}{CONTROL_PATH}/corrections"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST", data=b"{}"), timeout=60) as answer:
        counts: dict[str, int] = orjson.loads(answer.read())
    return counts


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
