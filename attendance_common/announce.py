"""Announces the end of a run: an SNS message, a heartbeat to a monitor, metrics to CloudWatch.

Each is sent only when its setting is set, and each request ends within MOST_SECONDS. A failure is logged and
does not change the result of the run. No student's data is sent: the sentences are those of the result line.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from attendance_common import alerts, aws, metrics, run_record
from attendance_common.config import AwsSettings
from attendance_common.errors import AttendanceError, ExitStatus
from attendance_common.landing import Areas
from attendance_common.log import event, log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

SECONDS = 5  # to connect, and to wait for the next byte of an answer
MOST_SECONDS = 10  # a request in all: an answer may come byte by byte, and each byte restarts SECONDS
MOST_REDIRECTS = 3
ALIVE = (ExitStatus.DONE, ExitStatus.NEEDS_A_PERSON)


def announce(
    settings: AwsSettings, result: Mapping[str, Any], share: str | None = None, *, complete: bool = True
) -> None:
    """Send what the settings ask for, for a run with this result line. Raises no Exception.

    `share`: the share of the schools that the run read, such as `2/4`; it has its own memory of alerts.
    `complete`: whether all settings could be read. Otherwise the bucket may be another landing zone's, whose
    memory of alerts is neither read nor written.
    """
    now = dt.datetime.now(dt.timezone.utc)
    if settings.alert_topic:
        alert = _Alerts(settings, share)
        _try("the alert", lambda: (alert.send if complete else alert.send_alone)(result, now))
    if settings.metrics_namespace:
        _try("the metrics", lambda: _in_time(lambda: _measure(settings, result, now)))
    if settings.heartbeat_url and result["status"] in ALIVE:
        _try("the heartbeat", lambda: _in_time(lambda: _beat(settings)))


def _try(what: str, send: Callable[[], None]) -> None:
    """Send, and log a failure. Only this project's own errors are quoted; others are named by their type."""
    try:
        send()
    except AttendanceError as fault:
        log.info("could not send %s: %s", what, fault, extra=event("not_announced"))
    except Exception as error:  # noqa: BLE001 - an announcement never fails a run
        log.info("could not send %s (%s)", what, type(error).__name__, extra=event("not_announced"))


def _in_time(request: Callable[[], T]) -> T:
    """What `request` returns or raises. Raises AttendanceError when it does not end within MOST_SECONDS.

    Then its thread is abandoned, and ends with the process.
    """
    ended: Future[T] = Future()

    def work() -> None:
        try:
            ended.set_result(request())
        except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
            ended.set_exception(error)

    run_record.soon(work, MOST_SECONDS)
    if not ended.done():
        raise AttendanceError(f"there was no answer in {MOST_SECONDS} s")
    return ended.result()


class _Alerts:
    """Sends the alerts of a command, and stores in S3 what was sent last."""

    def __init__(self, settings: AwsSettings, share: str | None) -> None:
        self._settings = settings
        self._areas = Areas(settings.bucket, settings.prefix)
        of = f"-{share.replace('/', '-of-')}" if share else ""
        self._key = f"{self._areas.alerts}{settings.command}{of}.json"

    @cached_property
    def _s3(self) -> S3Client:
        client: S3Client = aws.brief_client(self._settings, "s3", SECONDS)
        return client

    def send(self, result: Mapping[str, Any], now: dt.datetime) -> None:
        """Send a message when one is due, then store that it was sent.

        A process that is killed in between sends the message again in its next run.
        """
        last = self._remembered()
        sentences = alerts.sentences_of(result)
        if not sentences:
            if last:
                _in_time(lambda: self._remember({}))
        elif memory := alerts.due(last, sentences, now):
            folder = run_record.folder(self._areas, self._settings.command)
            place = f"s3://{self._areas.bucket}/{folder}{result['run']}.json"
            _in_time(lambda: self._publish(self._ended(result, sentences, place), memory))
            _in_time(lambda: self._remember(memory.text()))

    def send_alone(self, result: Mapping[str, Any], now: dt.datetime) -> None:
        """Send a message about wrong settings, whatever was sent before, and store nothing."""
        sentences = alerts.sentences_of(result)
        if memory := alerts.due(None, sentences, now):
            _in_time(lambda: self._publish(self._ended(result, sentences, None), memory))

    def _ended(self, result: Mapping[str, Any], sentences: list[str], record: str | None) -> alerts.Ended:
        return alerts.Ended(
            command=self._settings.command,
            status=ExitStatus(result["status"]),
            run=str(result["run"]),
            host=socket.gethostname(),
            record=record,
            sentences=sentences,
        )

    def _publish(self, ended: alerts.Ended, memory: alerts.Memory) -> None:
        topic = str(self._settings.alert_topic)
        # A topic is reached in its own region: arn:aws:sns:<region>:…
        sns = aws.brief_client(self._settings, "sns", SECONDS, region=topic.split(":")[3])
        with aws.explained(f"{topic} (ALERT_SNS_TOPIC_ARN)"):
            sns.publish(
                TopicArn=topic, Subject=alerts.subject(ended), Message=alerts.message(ended, memory.since)
            )

    def _remembered(self) -> alerts.Memory | None:
        """What was sent last; None when nothing was, or when S3 cannot be read: then it is sent again."""
        try:
            return alerts.memory_of(json.loads(_in_time(self._stored)))
        except Exception:  # noqa: BLE001 - S3 may be what the alert is about
            return None

    def _stored(self) -> bytes:
        return self._s3.get_object(Bucket=self._areas.bucket, Key=self._key)["Body"].read()

    def _remember(self, content: dict[str, Any]) -> None:
        with aws.explained(f"s3://{self._areas.bucket}/{self._key}"):
            self._s3.put_object(
                Bucket=self._areas.bucket,
                Key=self._key,
                Body=json.dumps(content).encode(),
                **aws.encryption(self._settings),
            )


def _measure(settings: AwsSettings, result: Mapping[str, Any], now: dt.datetime) -> None:
    namespace = settings.metrics_namespace
    cloudwatch = aws.brief_client(settings, "cloudwatch", SECONDS)
    with aws.explained(f"the CloudWatch namespace {namespace} (METRICS_NAMESPACE)"):
        cloudwatch.put_metric_data(
            Namespace=namespace, MetricData=metrics.data(settings.command, result, now)
        )


def _beat(settings: AwsSettings) -> None:
    """Call the monitor. Its URL is a kind of password, so no error may quote it."""
    import requests

    url = str(settings.heartbeat_url).replace("{command}", settings.command)
    with requests.Session() as session:
        session.max_redirects = MOST_REDIRECTS
        with session.get(url, timeout=SECONDS, stream=True) as answer:  # its body is not read
            if not answer.ok:
                raise AttendanceError(f"the monitor of HEARTBEAT_URL answered {answer.status_code}")
