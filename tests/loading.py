"""The loader run in this process: a random history needs hundreds of loads."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import ClassVar

import redshift_loader
from attendance_common import command, config
from attendance_common.config import LoaderSettings
from attendance_common.load.warehouse import Warehouse
from tests.pipeline import Pipeline


class Loading:
    """Loads with the sandbox's settings; what a load says is kept. Loads may overlap in several threads."""

    _lock = threading.Lock()
    _under_way = 0
    _before: ClassVar[dict[str, str | None]] = {}

    def __init__(self, pipeline: Pipeline) -> None:
        self._variables = pipeline.sandbox.environment
        self.said: command.Outcome | None = None

    def load(
        self, *arguments: str, dates: int = 366, forgotten: Sequence[tuple[date, int]] = ()
    ) -> command.Outcome:
        """One load with these flags, in batches of so many dates."""
        flags = redshift_loader.flags().parse_args(arguments)
        flags.forget_list = list(forgotten)
        given = argparse.Namespace(batch_partitions=str(dates))
        with self._environment():
            settings = config.read(LoaderSettings, given).settings()
            context = command.Context(flags, command.Termination(), command.run_id())
            self.said = redshift_loader.load(settings, context)
        return self.said

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        """The loader's connection, for a part of it alone."""
        with self._environment():
            yield Warehouse(config.read(LoaderSettings, argparse.Namespace()).settings())

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """The sandbox's variables, from the first load that begins to the last that ends."""
        with self._lock:
            if not Loading._under_way:
                Loading._before = {name: os.environ.get(name) for name in self._variables}
                os.environ.update(self._variables)
            Loading._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                Loading._under_way -= 1
                if not Loading._under_way:
                    _restore(Loading._before)


def _restore(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
