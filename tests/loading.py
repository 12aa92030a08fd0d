"""The loader run in this process: a random history needs hundreds of loads."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from typing import Any
from unittest.mock import patch

import psycopg2

import redshift_loader
from attendance_common import command, config
from attendance_common.config import LoaderSettings
from tests.pipeline import Pipeline


class Loading:
    """Loads with the sandbox's settings; what a load says is kept."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._variables = pipeline.sandbox.environment
        self.said: command.Outcome | None = None

    def load(self, *, dates: int = 366, forgotten: Sequence[tuple[date, int]] = ()) -> command.Outcome:
        """One load, in batches of so many dates."""
        flags = argparse.Namespace(dry_run=False, verify=False, forget_list=list(forgotten))
        with self._environment(REDSHIFT_BATCH_PARTITIONS=str(dates)):
            settings = config.read(LoaderSettings, argparse.Namespace()).settings()
            context = command.Context(flags, command.Termination(), command.run_id())
            self.said = redshift_loader.load(settings, context)
        return self.said

    @contextmanager
    def _environment(self, **more: str) -> Iterator[None]:
        with patch.dict("os.environ", {**self._variables, **more}):
            yield


@contextmanager
def connected(pipeline: Pipeline) -> Iterator[Any]:
    """A session of an analyst, in a transaction."""
    variables = pipeline.sandbox.environment
    connection = psycopg2.connect(
        host=variables["PGHOST"],
        port=variables["PGPORT"],
        user=variables["PGUSER"],
        dbname=variables["PGDATABASE"],
        password=variables["PGPASSWORD"],
        sslmode="verify-full",
        sslrootcert=variables["PGSSLROOTCERT"],
    )
    with closing(connection):
        yield connection
