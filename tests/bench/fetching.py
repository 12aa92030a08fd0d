"""The fetcher's speed: against the floor, against other ways to do it, and where the source is slow."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from statistics import median

from tests.bench import dlt_environment, model
from tests.bench.processes import FETCHER, Ended, module, run, script, side_by_side
from tests.bench.sizes import Sizes
from tests.bench.source import Source
from tests.bench.table import Row, ratio
from tests.documents import ROOT

AT_ONCE = 16


def seconds(runs: Sequence[Ended]) -> list[float]:
    """Wall seconds of each."""
    return [each.seconds for each in runs]


def _timed(runs: Sequence[Ended]) -> str:
    return f"{median(seconds(runs)):.2f} s (CPU {median(each.cpu for each in runs):.2f} s)"


def _source(sizes: Sizes) -> Source:
    return Source(sizes.schools, sizes.records)


def _environment(source: Source, sizes: Sizes) -> dict[str, str]:
    return source.environment(ESD_PAGE_SIZE=str(sizes.page_size))


def _first_fetch(source: Source, environment: dict[str, str], sizes: Sizes) -> Ended:
    """Into an empty bucket; RuntimeError unless everything was landed."""
    source.empty_bucket()
    ended = script(FETCHER, environment)
    _expect(ended.result["landed"], sizes.schools * sizes.records)
    return ended


def _expect(records: int, expected: int) -> None:
    if records != expected:
        raise RuntimeError(f"{records} records of {expected}")


def fetch(sizes: Sizes) -> Iterator[Row]:
    """First fetch and refetch against only reading and decoding the pages."""
    with _source(sizes) as source:
        environment = _environment(source, sizes)
        module("reading", environment)  # pages are compressed once, by whoever asks first
        reading, first, again = side_by_side(
            sizes.rounds,
            lambda: module("reading", environment),
            lambda: _first_fetch(source, environment, sizes),
            lambda: script(FETCHER, environment),
        )
    times = ratio(seconds(first), seconds(reading))
    inner = median(json.loads(each.lines[-1])["reading"] for each in reading)
    yield Row(
        f"first fetch of {sizes.schools * sizes.records:,} records against reading and decoding them",
        "<= 1.3 x",
        f"{times:.2f} x: {_timed(first)} against {_timed(reading)}, of which {inner:.2f} s without start-up",
        sizes.rounds,
        times <= 1.3,
    )
    written = max(each.result["lists_written"] for each in again)
    part = ratio(seconds(again), seconds(first))
    yield Row(
        "refetch of the same data against the first fetch",
        "0 lists written, <= 1 x",
        f"{written} lists written, {part:.2f} x: {_timed(again)}",
        sizes.rounds,
        written == 0 and part <= 1,
    )


PAGES_OF_A_SCHOOL = 200


def deletions(sizes: Sizes) -> Iterator[Row]:
    """Pages asked for when one school in three had a deletion, against those that there are."""
    page_size = max(1, sizes.records // PAGES_OF_A_SCHOOL)
    with Source(3, sizes.records) as source:
        environment = source.environment(ESD_PAGE_SIZE=str(page_size))
        script(FETCHER, environment)
        source.delete(every=3)
        again = script(FETCHER, environment)
    _expect(again.result["removed"], 1)
    plain = 3 * -(-sizes.records // page_size)
    times = again.result["pages"] / plain
    yield Row(
        f"pages asked for when one school in three had a deletion, against the {plain} that there are",
        "<= 1.08 x",
        f"{times:.3f} x",
        1,
        times <= 1.08,
    )


def straightforward(sizes: Sizes) -> Iterator[Row]:
    """First fetch against the script that one writes first."""
    with _source(sizes) as source:
        environment = _environment(source, sizes)
        module("reading", environment)
        ours, theirs = side_by_side(
            sizes.slow_rounds,
            lambda: _first_fetch(source, environment, sizes),
            lambda: module("straightforward", environment),
        )
    yield _faster("the straightforward script", 6, ours, theirs)


def dlt(sizes: Sizes) -> Iterator[Row]:
    """First fetch against dlt's REST source to Parquet on local disk."""
    if sizes.install and not dlt_environment.is_made():
        dlt_environment.make()
    if not dlt_environment.is_made():
        yield Row("first fetch against dlt", ">= 8 x faster", "not measured: needs --install 1", 0)
        return
    with _source(sizes) as source:
        environment = _environment(source, sizes)
        module("reading", environment)
        ours, theirs = side_by_side(
            sizes.slow_rounds,
            lambda: _first_fetch(source, environment, sizes),
            lambda: _dlt_run(source, environment, sizes),
        )
    yield _faster(dlt_environment.REQUIREMENT, 8, ours, theirs)


def _dlt_run(source: Source, environment: dict[str, str], sizes: Sizes) -> Ended:
    client = {**source.announced["client"], "RUNTIME__DLTHUB_TELEMETRY": "false"}
    with tempfile.TemporaryDirectory(prefix="bench-dlt-") as directory:
        command = [dlt_environment.python(), ROOT / "tests/bench/dlt_pipeline.py", directory]
        ended = run([str(part) for part in command], {**environment, **client, "HOME": directory})
    _expect(int(ended.lines[-1]), sizes.schools * sizes.records)
    return ended


def _faster(name: str, aim: int, ours: Sequence[Ended], theirs: Sequence[Ended]) -> Row:
    times = ratio(seconds(theirs), seconds(ours))
    return Row(
        f"first fetch against {name}",
        f">= {aim} x faster",
        f"{times:.1f} x: {_timed(ours)} against {_timed(theirs)}",
        len(ours),
        times >= aim,
    )


def latency(sizes: Sizes) -> Iterator[Row]:
    """Where the source is slow, the clock should be pages x latency / requests at a time alone."""
    yield from _latency(sizes, 50, sizes.latency_small_pages)
    yield from _latency(sizes, sizes.page_size, sizes.latency_pages)


def _latency(sizes: Sizes, page_size: int, pages: int) -> Iterator[Row]:
    page_seconds = sizes.latency_milliseconds / 1000
    with Source(sizes.schools, pages * page_size) as source:
        environment = source.environment(ESD_PAGE_SIZE=str(page_size), ESD_CONCURRENCY=str(AT_ONCE))
        module("reading", environment)
        source.slow_down(page_seconds)
        runs = []
        for _ in range(sizes.slow_rounds):
            source.empty_bucket()
            runs.append(script(FETCHER, environment))
    ideal = model.fetch_seconds(runs[0].result["pages"], page_seconds, AT_ONCE)
    share = median(ideal / each.seconds for each in runs)
    about = f"{AT_ONCE} at once, {page_seconds} s a page, {sizes.schools * pages} pages of {page_size}"
    yield Row(
        f"{about}: ideal time / wall time",
        ">= 0.9",
        f"{share:.2f}: {ideal:.1f} s against {_timed(runs)}",
        len(runs),
        share >= 0.9,
    )
    predicted = median((ideal + model.START_SECONDS) / each.seconds for each in runs)
    yield Row(
        f"the model's prediction of the same ({page_size} records a page) / wall time",
        "0.9 to 1.1",
        f"{predicted:.2f}",
        len(runs),
        0.9 <= predicted <= 1.1,
    )
