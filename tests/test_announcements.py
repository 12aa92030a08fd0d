"""Heartbeat and metrics: what a run says of itself to a monitor and to CloudWatch."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from attendance_common import metrics, setting_text
from tests.sandbox.environment import CREDENTIALS
from tests.world import World

NOW = dt.datetime(2025, 12, 9, 5, 0, tzinfo=dt.timezone.utc)


class Monitor:
    """A monitor on loopback: which paths were called; it answers `status`."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.status = 200
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.called.append(self.path)
                self.send_response(monitor.status)
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
