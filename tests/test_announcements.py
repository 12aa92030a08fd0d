"""Heartbeat and metrics: what a run says of itself to a monitor and to CloudWatch."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from attendance_common import announce, metrics, setting_text
from attendance_common.config import AwsSettings, LoaderSettings, Reading
from tests.sandbox.environment import CREDENTIALS
from tests.world import World

NOW = dt.datetime(2025, 12, 9, 5, 0, tzinfo=dt.timezone.utc)


class Monitor:
    """A monitor on loopback: which paths were called; it answers `status`, after `moves` redirects."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.status = 200
        self.moves = 0
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.called.append(self.path)
                moved = len(monitor.called) <= monitor.moves
                self.send_response(302 if moved else monitor.status)
                if moved:
                    self.send_header("Location", "/moved")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


# --- the heartbeat ------------------------------------------------------------------------------------------


def test_a_run_that_ends_well_or_needs_a_person_is_alive(world: World, monitor: Monitor) -> None:
    url = f"{monitor.url}/ping/{{command}}?key=1"
    assert world.pipeline.load(HEARTBEAT_URL=url).status == 3  # nothing is landed
    assert world.pipeline.fetch(HEARTBEAT_URL=url).status == 0
    assert world.pipeline.load(HEARTBEAT_URL=url).status == 0
    assert monitor.called == ["/ping/load?key=1", "/ping/fetch?key=1", "/ping/load?key=1"]


def test_a_run_that_fails_is_not_alive(world: World, monitor: Monitor) -> None:
    world.pipeline.sandbox.aws.client("s3").delete_bucket(Bucket=world.pipeline.sandbox.aws.bucket)
    assert world.pipeline.load(HEARTBEAT_URL=monitor.url).status == 2
    assert monitor.called == []


def test_a_monitor_that_is_down_changes_nothing_and_its_url_is_not_logged(
    world: World, monitor: Monitor
) -> None:
    monitor.status = 500
    done = world.pipeline.load(HEARTBEAT_URL=f"{monitor.url}/token-of-mine")
    assert done.status == 3
    assert "could not send the heartbeat: the monitor of HEARTBEAT_URL answered 500" in done.story
    silent = world.pipeline.load("--verbose", HEARTBEAT_URL="http://127.0.0.1:9/token-of-mine")
    assert silent.status == 3
    assert "could not send the heartbeat (ConnectionError)" in silent.story
    assert "token-of-mine" not in done.story + silent.story


@pytest.mark.parametrize("url", ["ftp://monitor.example.com", "monitor", "https://me:secret@monitor.example"])
def test_a_heartbeat_needs_a_url(url: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        setting_text.heartbeat_url(url)


class SlowMonitor:
    """A monitor that sends `begins_with`, and then a byte every tenth of a second until `close`."""

    def __init__(self, begins_with: bytes) -> None:
        self.released = threading.Event()
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.wfile.write(begins_with)
                with suppress(OSError):
                    for _ in range(MOST_BYTES):
                        if monitor.released.wait(0.1):
                            return
                        self.wfile.write(b"x")
                monitor.released.set()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token-of-mine"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


MOST_BYTES = 200  # then the monitor gives up, so that a test of a run that waits for ever ends


def announced_to(url: str) -> AwsSettings:
    return Reading(LoaderSettings, {"heartbeat_url": url}, [], None).usable()


@pytest.mark.parametrize(
    ("begins_with", "logged"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nX-", "could not send the heartbeat: there was no answer in 1 s"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "could not send the heartbeat: "),
    ],
)
def test_a_run_does_not_wait_for_the_end_of_an_answer(
    begins_with: bytes, logged: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(announce, "MOST_SECONDS", 1)
    caplog.set_level("INFO", "attendance")
    slow = SlowMonitor(begins_with)
    try:
        announce.announce(announced_to(slow.url), {"status": 0, "run": "1"})
        assert not slow.released.is_set()
        # urllib3 logs, too, also after the request was given up. No handler of the scripts prints that.
        said = [each.getMessage() for each in caplog.records if each.name == "attendance"]
        assert len(said) == bool(logged)
        assert logged in "".join(said)
        assert "token-of-mine" not in "".join(said)
    finally:
        slow.close()


def test_a_monitor_that_redirects_is_followed_a_few_times(
    monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "attendance")
    monitor.moves = 2
    announce.announce(announced_to(f"{monitor.url}/ping"), {"status": 0, "run": "1"})
    assert len(monitor.called) == 3
    assert not caplog.text
    monitor.called.clear()
    monitor.moves = 100
    announce.announce(announced_to(f"{monitor.url}/ping"), {"status": 0, "run": "1"})
    assert len(monitor.called) == 1 + 3
    assert "could not send the heartbeat (TooManyRedirects)" in caplog.text


# --- metrics ------------------------------------------------------------------------------------------------


def values(data: list[dict[str, Any]]) -> dict[str, float]:
    return {each["MetricName"]: each["Value"] for each in data}


def test_the_metrics_of_a_fetch() -> None:
    result = {"status": 3, "seconds": 12.5, "landed": 300, "lists_written": 5}
    result |= {"quarantined": 2, "removed": 7}  # what leaves a list is no row that was landed
    data = metrics.data("fetch", {**result, "newest_date": "2025-12-05", "attention": ["x"]}, NOW)
    assert values(data) == {
        "Status": 3,
        "Seconds": 12.5,
        "Rows": 300,
        "Lists": 5,
        "Quarantined": 2,
        "DaysBehind": 4,
    }
    assert all(each["Dimensions"] == [{"Name": "Command", "Value": "fetch"}] for each in data)
    assert {each["MetricName"]: each["Unit"] for each in data}["Seconds"] == "Seconds"


def test_the_metrics_of_a_load_and_of_a_run_that_failed() -> None:
    result = {"status": 0, "seconds": 1.0, "loaded": 2, "inserted": 5, "updated": 3, "removed": 1}
    assert values(metrics.data("load", {**result, "newest_date": None}, NOW)) == {
        "Status": 0,
        "Seconds": 1,
        "Rows": 9,
        "Lists": 2,
    }
    assert values(metrics.data("load", {"status": 1, "seconds": 2.0, "error": "x"}, NOW)) == {
        "Status": 1,
        "Seconds": 2,
    }


def test_metrics_reach_cloudwatch(world: World) -> None:
    done = world.pipeline.fetch(METRICS_NAMESPACE="SchoolAttendance")
    assert done.status == 0
    aws = world.pipeline.sandbox.aws
    cloudwatch = boto3.client(
        "cloudwatch",
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    listed = cloudwatch.list_metrics(Namespace="SchoolAttendance")["Metrics"]
    assert sorted(each["MetricName"] for each in listed) == [
        "DaysBehind",
        "Lists",
        "Quarantined",
        "Rows",
        "Seconds",
        "Status",
    ]


def test_metrics_that_cannot_be_sent_change_nothing(world: World) -> None:
    done = world.pipeline.load(METRICS_NAMESPACE="School", AWS_ENDPOINT_URL_CLOUDWATCH="http://127.0.0.1:9")
    assert done.status == 3
    assert "could not send the metrics: " in done.story
