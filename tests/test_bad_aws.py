"""S3 and Secrets Manager that refuse or are out of reach: the right status, and a sentence with the cure."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.bucket import LANDING
from tests.failing import SCRIPTS, WITHOUT_WAITING, assert_fails, fails, fails_for_now
from tests.pipeline import FETCHER, LOADER
from tests.sandbox.aws_front import AwsFront, Refusal, closed_port, refuse
from tests.sandbox.environment import ESD_SECRET_ID
from tests.world import World


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_bucket(still: World, script: str) -> None:
    fails(still, script, "bucket does not exist", "check S3_BUCKET", S3_BUCKET="edna-absent")


REFUSED = {
    "no right to write": (
        "PutObject",
        Refusal(403, "AccessDenied"),
        "its policy in docs/policies",
        [FETCHER],
    ),
    "no right to list": (
        "ListObjectsV2",
        Refusal(403, "AccessDenied"),
        "its policy in docs/policies",
        SCRIPTS,
    ),
    "credentials expired": ("ListObjectsV2", Refusal(400, "ExpiredToken"), "have expired: renew", SCRIPTS),
    "unknown key": (
        "ListObjectsV2",
        Refusal(403, "InvalidAccessKeyId"),
        "check the AWS credentials",
        SCRIPTS,
    ),
    "clock off": ("ListObjectsV2", Refusal(403, "RequestTimeTooSkewed"), "clock is off: set it", SCRIPTS),
    "secret out of reach": (
        "GetSecretValue",
        Refusal(400, "AccessDeniedException"),
        "its policy in docs/policies",
        SCRIPTS,
    ),
    "expired for the secret": (
        "GetSecretValue",
        Refusal(400, "ExpiredTokenException"),
        "have expired: renew",
        SCRIPTS,
    ),
}
CASES = [
    pytest.param(action, refusal, cure, script, id=f"{name}, {script.partition('_')[0]}")
    for name, (action, refusal, cure, scripts) in REFUSED.items()
    for script in scripts
]


@pytest.mark.parametrize(("action", "refusal", "cure", "script"), CASES)
def test_aws_refuses(still: World, action: str, refusal: Refusal, cure: str, script: str) -> None:
    with AwsFront(still.pipeline.sandbox.aws_endpoint, refuse(refusal, action)) as front:
        fails(still, script, cure, refusal.code, AWS_ENDPOINT_URL=front.endpoint)


def test_the_right_to_write_is_lost_on_the_way(landed: World) -> None:
    before = landed.pipeline.bucket.keys(LANDING)
    for record in landed.source.records(landed.schools[1]):
        landed.change(landed.schools[1], record["id"], comment="all", modifiedOn="2026-06-01T00:00:00Z")
    rule = refuse(Refusal(403, "AccessDenied"), "PutObject", after=2)
    with AwsFront(landed.pipeline.sandbox.aws_endpoint, rule) as front:
        done = landed.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint, **WITHOUT_WAITING)
    assert_fails(done, "its policy in docs/policies")
    after = landed.pipeline.bucket.keys(LANDING)
    assert len([name for name in after if after[name] != before[name]]) <= 2
    assert landed.pipeline.fetch().status == 0
    assert landed.pipeline.load().status == 0
    landed.follow()


@pytest.mark.parametrize("script", SCRIPTS)
def test_aws_is_out_of_reach(still: World, script: str) -> None:
    nowhere = f"http://127.0.0.1:{closed_port()}"
    fails_for_now(still, script, "could not be reached", "AWS_ENDPOINT_URL", AWS_ENDPOINT_URL=nowhere)


@pytest.mark.parametrize("refusal", [Refusal(503, "SlowDown"), Refusal(500, "InternalError")], ids=str)
@pytest.mark.parametrize("script", SCRIPTS)
def test_aws_has_too_much_to_do(still: World, script: str, refusal: Refusal) -> None:
    with AwsFront(still.pipeline.sandbox.aws_endpoint, lambda _: refusal) as front:
        fails_for_now(still, script, refusal.code, AWS_ENDPOINT_URL=front.endpoint)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_such_profile(still: World, script: str) -> None:
    fails(still, script, "check AWS_PROFILE", AWS_PROFILE="somebody-elses")


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_bucket_can_have_this_name(still: World, script: str) -> None:
    fails(still, script, "S3_BUCKET has a blank in it", S3_BUCKET="edna prod")


def test_no_credentials(still: World, tmp_path: Path) -> None:
    nothing = str(tmp_path / "nothing")
    variables = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
    }
    for script in SCRIPTS:
        fails(still, script, "no AWS credentials were found", **variables)


@pytest.mark.parametrize(("script", "variable"), [(FETCHER, "ESD_SECRET_ID"), (LOADER, "REDSHIFT_SECRET_ID")])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["not found", "check", "AWS_REGION"]),
        ("hunter2-not-json", ["must be a JSON object"]),
        ('["hunter2"]', ["must be a JSON object"]),
        ('{"other": "hunter2"}', ["has no", "add it"]),
        ('{"password": "", "ESD_URL": "", "hunter2": ""}', ["has no", "add it"]),
    ],
    ids=["missing", "no JSON", "a list", "without the key", "empty"],
)
def test_the_secret_is_wrong(
    still: World, script: str, variable: str, content: str | None, words: list[str]
) -> None:
    name = f"another-{uuid4()}"
    if content is not None:
        client = still.pipeline.sandbox.aws.client("secretsmanager")
        client.create_secret(Name=name, SecretString=content)
    done = fails(still, script, f"'{name}'", *words, **{variable: name})
    assert "hunter2" not in done.story + done.output


def test_a_token_url_in_the_open_is_not_asked(still: World) -> None:
    client = still.pipeline.sandbox.aws.client("secretsmanager")
    secret = json.loads(client.get_secret_value(SecretId=ESD_SECRET_ID)["SecretString"])
    open_url = {**secret, "ESD_URL": "http://district.eschooldata.com/token"}
    client.create_secret(Name="open", SecretString=json.dumps(open_url))
    fails(still, FETCHER, "ESD_URL", "https://", ESD_SECRET_ID="open")
