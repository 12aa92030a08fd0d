"""Alerts: when a message is due, what it says, and what reaches SNS from the scripts as they are."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import boto3
import pytest

from attendance_common import alerts
from attendance_common.alerts import Ended, Memory
from attendance_common.errors import ExitStatus
from attendance_common.fetch.arguments import Shard
from tests.bucket import ALERTS
from tests.sandbox import Sandbox
from tests.sandbox.environment import CREDENTIALS
from tests.sandbox.esd import Fault
from tests.world import World

NOW = dt.datetime(2025, 12, 9, 5, 0, tzinfo=dt.timezone.utc)
HOUR = dt.timedelta(hours=1)
GAP = "school 12549: page 2 could not be read"
DARK = "school 12550 lists nothing"


# --- when a message is due ----------------------------------------------------------------------------------


def sent(*sentences: str, hours_ago: int) -> Memory:
    moment = (NOW - hours_ago * HOUR).isoformat()
    return Memory(dict.fromkeys(sentences, moment), moment)


def test_the_first_sentences_are_sent() -> None:
    assert alerts.due(None, [GAP], NOW) == Memory({GAP: NOW.isoformat()}, NOW.isoformat())


@pytest.mark.parametrize(("hours", "is_due"), [(1, False), (22, False), (23, True), (25, True), (-1, True)])
def test_the_same_sentences_are_sent_once_a_day(hours: int, is_due: bool) -> None:
    memory = alerts.due(sent(GAP, DARK, hours_ago=hours), [DARK, GAP], NOW)
    assert (memory is not None) is is_due


@pytest.mark.parametrize("sentences", [[GAP, DARK], [DARK]])
def test_other_sentences_are_sent_at_once(sentences: list[str]) -> None:
    assert alerts.due(sent(GAP, hours_ago=1), sentences, NOW)


def test_a_sentence_keeps_the_time_at_which_it_was_seen_first() -> None:
    memory = alerts.due(sent(GAP, hours_ago=30), [GAP, DARK], NOW)
    assert memory
    assert memory.since == {GAP: (NOW - 30 * HOUR).isoformat(), DARK: NOW.isoformat()}


def test_a_run_without_sentences_sends_nothing() -> None:
    assert alerts.due(sent(GAP, hours_ago=100), [], NOW) is None


@pytest.mark.parametrize("content", [None, [], {}, {"since": 1, "sent": 2}, {"since": {}, "sent": "soon"}])
def test_a_memory_that_cannot_be_read_is_none(content: object) -> None:
    assert alerts.memory_of(content) is None


def test_a_memory_outlives_json() -> None:
    memory = sent(GAP, hours_ago=1)
    assert alerts.memory_of(json.loads(json.dumps(memory.text()))) == memory


ALIKE = [
    "the list of 2025-12-09 was not loaded: Spectrum Scan Error, no context (XX000) (query: {query}) (s3://b/k)",
    "Redshift refused a statement with SQLSTATE 42P01: could not open relation with OID {query} (42P01)",
    "the list was not loaded (s3://b/k, written 2025-12-0{day} 04:0{day} UTC); fetch school 1 again",
    "nothing was landed before this run, while the run of 2025-12-0{day}T04:0{day}:11+00:00 landed elsewhere",
    "the clock says 2025-12-0{day} 04:00:1{day}.123456",
    "run 20251209T05000{day}Z-{query}abc wrote it",
    "school 12549, page 2: status 429 in place of 200, after 1{day} tries: run again later",
    "the server ended process {query}, [pid={query}]",
    'connection to server at "cluster" (10.0.0.{day}), port 5439 failed: Connection refused',
]


@pytest.mark.parametrize("sentence", ALIKE)
def test_what_is_new_in_each_run_makes_no_new_sentence(sentence: str) -> None:
    first, second = sentence.format(query=108, day=1), sentence.format(query=111, day=2)
    assert first != second
    sent_before = alerts.due(None, [first], NOW)
    assert sent_before
    assert alerts.due(sent_before, [second], NOW + HOUR) is None
    again = alerts.due(sent_before, [second], NOW + 24 * HOUR)
    assert again
    text = alerts.message(ended(second), again.since)
    assert f"1. {second}\n   First seen: {NOW.isoformat()}" in text


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("school 12549: 5 records wait", "school 12549: 6 records wait"),
        ("school 12549 lists nothing", "school 12550 lists nothing"),
        ("the list of 2025-12-08 was not loaded", "the list of 2025-12-09 was not loaded"),
        ("refused (XX000, code: 8001) (query: 5)", "refused (XX000, code: 1202) (query: 5)"),
        ("the monitor answered 500", "the monitor answered 404"),
        ("s3://b/school_id_12549.parquet is gone", "s3://b/school_id_12550.parquet is gone"),
    ],
)
def test_another_count_school_date_or_code_is_sent_at_once(first: str, second: str) -> None:
    assert alerts.due(alerts.due(None, [first], NOW), [second], NOW + HOUR)


# --- what it says -------------------------------------------------------------------------------------------


def ended(*sentences: str, status: ExitStatus = ExitStatus.NEEDS_A_PERSON) -> Ended:
    return Ended(
        "fetch", status, "20251209T050000Z-1", "etl-1", "s3://edna-prod/runs/fetch/1.json", sentences
    )


def test_a_message_says_what_since_when_and_where_to_look() -> None:
    text = alerts.message(ended(GAP, DARK), {GAP: "2025-12-08T05:00:00+00:00", DARK: NOW.isoformat()})
    assert text.splitlines()[:6] == [
        "The fetch ended with status 3: finished, and somebody should read this.",
        "",
        f"1. {GAP}",
        "   First seen: 2025-12-08T05:00:00+00:00",
        f"2. {DARK}",
        "   First seen: 2025-12-09T05:00:00+00:00",
    ]
    for line in ("Host: etl-1", "Run: 20251209T050000Z-1", "Record: s3://edna-prod/runs/fetch/1.json"):
        assert line in text.splitlines()


def test_a_message_has_room_in_sns_however_much_there_is_to_say() -> None:
    sentences = [f"{number} {'é' * 5000}" for number in range(1000)]
    text = alerts.message(ended(*sentences), dict.fromkeys(sentences, NOW.isoformat()))
    assert len(text.encode()) < 256 * 1024
    assert "950 more" in text


def test_the_subject_is_a_short_line_of_ascii() -> None:
    subject = alerts.subject(ended(*(f"é {number}" for number in range(2000))))
    assert subject == "Attendance fetch: status 3, 2000 sentences to read"


# --- the scripts as they are --------------------------------------------------------------------------------


class Topic:
    """A topic whose messages can be read: a queue is subscribed to it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._options: dict[str, Any] = {
            "endpoint_url": sandbox.aws.endpoint,
            "region_name": sandbox.aws.region,
            "aws_access_key_id": CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        }
        sns, self._sqs = boto3.client("sns", **self._options), boto3.client("sqs", **self._options)
        self.arn: str = sns.create_topic(Name="attendance")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        asked = {"QueueUrl": self._queue, "AttributeNames": ["QueueArn"]}
        queue = self._sqs.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=queue)

    def messages(self) -> list[dict[str, Any]]:
        """What came since this was last asked."""
        found = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", [])
        for each in found:
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"]) for each in found]


@pytest.fixture
def topic(world: World) -> Topic:
    return Topic(world.pipeline.sandbox)


def test_a_gap_is_sent_once_and_again_after_a_good_run(world: World, topic: Topic) -> None:
    world.esd.faults.add(Fault("status", school=world.first, page=1, status=500, times=None))
    settings = {"ALERT_SNS_TOPIC_ARN": topic.arn, "ESD_ATTEMPTS": "1"}
    first = world.pipeline.fetch(**settings)
    assert first.status == 3
    [message] = topic.messages()
    assert message["Subject"] == "Attendance fetch: status 3, 1 sentence to read"
    for expected in (*first.result["attention"], first.result["run"], "Host: "):
        assert expected in message["Message"]
    assert world.pipeline.fetch(**settings).status == 3
    assert topic.messages() == []
    world.esd.faults.clear()
    assert world.pipeline.fetch(**settings).status == 0
    assert topic.messages() == []
    assert json.loads(world.bucket.read(f"{ALERTS}fetch.json")) == {}


def test_a_failure_is_sent_and_so_is_a_wrong_setting(world: World, topic: Topic) -> None:
    failed = world.pipeline.load(ALERT_SNS_TOPIC_ARN=topic.arn, REDSHIFT_PORT="0")
    assert failed.status == 2
    [message] = topic.messages()
    assert failed.result["error"] in message["Message"]


@pytest.mark.parametrize("wrong", [{"S3_BUCKET": "s3://mine"}, {"S3_BUCKET": "", "S3_BUKET": "mine"}])
def test_with_wrong_settings_nothing_is_remembered_where_the_defaults_point(
    world: World, topic: Topic, wrong: dict[str, str]
) -> None:
    default = Memory({DARK: NOW.isoformat()}, NOW.isoformat())
    s3, bucket = world.pipeline.sandbox.aws.client("s3"), world.pipeline.sandbox.aws.bucket
    s3.put_object(Bucket=bucket, Key=f"{ALERTS}load.json", Body=json.dumps(default.text()).encode())
    for _ in range(2):
        failed = world.pipeline.load(ALERT_SNS_TOPIC_ARN=topic.arn, **wrong)
        assert failed.status == 2
        [message] = topic.messages()
        assert failed.result["error"] in message["Message"]
        assert "Record: none, since the settings are wrong" in message["Message"]
        assert message["Message"].endswith("Each run sends this until the settings are right.")
        assert "s3://edna-prod" not in message["Message"]
    assert alerts.memory_of(json.loads(world.bucket.read(f"{ALERTS}load.json"))) == default


def test_who_looks_at_the_answer_is_sent_nothing(world: World, topic: Topic) -> None:
    for flags in (["--check"], ["--dry-run"], ["--quarantine"]):
        world.pipeline.fetch(*flags, ALERT_SNS_TOPIC_ARN=topic.arn, ESD_SCHOOL_YEAR_ID="0")
    assert topic.messages() == []
    assert not world.bucket.keys(ALERTS)


def test_an_alert_that_cannot_be_sent_changes_nothing_of_the_run(world: World) -> None:
    missing = "arn:aws:sns:us-east-1:123456789012:nobody"
    done = world.pipeline.load(ALERT_SNS_TOPIC_ARN=missing)
    assert done.status == 3  # nothing is landed
    assert "could not send the alert: " in done.story
    assert not world.bucket.keys(ALERTS)


def test_each_share_of_the_schools_has_its_own_memory(world: World, topic: Topic) -> None:
    world.esd.faults.add(Fault("status", path="periodAttendance", status=500, times=None))
    share = Shard(1, 2).name
    world.pipeline.fetch("--shard", share, ALERT_SNS_TOPIC_ARN=topic.arn, ESD_ATTEMPTS="1")
    assert list(world.bucket.keys(ALERTS)) == ["fetch-1-of-2.json"]
