"""Text as Windows, .NET, PowerShell and forms write it: what is plain is taken, else the setting is named."""

from __future__ import annotations

import argparse
import codecs
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar
from unittest import mock
from uuid import uuid4

import pytest

from attendance_common import config, env_file, secret_text
from attendance_common.config import AwsSettings, FetcherSettings, LoaderSettings
from attendance_common.errors import ConfigurationError
from attendance_common.fetch.body_text import as_utf8
from attendance_common.fetch.page import read_page
from attendance_common.plain_text import plain
from tests.pipeline import FETCHER, LOADER
from tests.sandbox.environment import ESD_SECRET_ID, REDSHIFT_SECRET_ID
from tests.world import World

SECRET = "Zqx7-secret"
URL = "https://district.eschooldata.com/api"
Kind = TypeVar("Kind", bound=AwsSettings)


@pytest.fixture(autouse=True)
def dotenv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty directory, an environment without settings, and the path of the `.env` that is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(env_file, "SCRIPTS_FOLDER", tmp_path)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with mock.patch.dict(os.environ, kept, clear=True):
        yield tmp_path / ".env"


def fetcher() -> FetcherSettings:
    return _read(FetcherSettings)


def loader() -> LoaderSettings:
    return _read(LoaderSettings)


def _read(kind: type[Kind]) -> Kind:
    parser = argparse.ArgumentParser()
    config.add_flags(parser, kind)
    return config.read(kind, parser.parse_args([])).settings()


# --- .env ---------------------------------------------------------------------------------------------------

TEXT = f"# settings\nESD_API_URL={URL}\nS3_BUCKET=district-data\nESD_SCHOOL_YEAR_ID=55\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        codecs.BOM_UTF16_LE + TEXT.replace("\n", "\r\n").encode("utf-16-le"),
        TEXT.replace("\n", " \t\n").encode(),
        TEXT.replace("\n", "\u00a0\n").encode(),
        TEXT.replace("\n", "\u200b\n\u200b").encode(),
        TEXT.replace("\n", "\n\ufeff").encode(),
        TEXT.replace("=", " = ").encode(),
        TEXT.replace("=", "\u00a0=\t").encode(),
        TEXT.replace("\n", "\nexport ").removesuffix("export ").encode(),
        TEXT.replace("\n", "\nset ").removesuffix("set ").encode(),
        TEXT.replace("\n", "\nSET  ").removesuffix("SET  ").encode(),
        TEXT.replace("\n", '"\nset "').removesuffix('\nset "').encode(),
        TEXT.replace("\n", '"\n$env:').replace("=", '="').removesuffix("\n$env:").encode(),
        TEXT.replace("\n", '"\n$Env:').replace("=", ' = "').removesuffix("\n$Env:").encode(),
        TEXT.replace("\n", '"\ndeclare -x ').replace("=", '="').removesuffix("\ndeclare -x ").encode(),
        TEXT.replace("\n", "”\n").replace("=", "=“").encode(),
        TEXT.replace("\n", "'\n").replace("=", "='").encode(),
        TEXT.replace("\n", " '\n").replace("=", "=' ").encode(),
    ],
)
def test_a_plain_env_file_in_any_dress(dotenv: Path, content: bytes) -> None:
    dotenv.write_bytes(content)
    settings = fetcher()
    assert (settings.api_url, settings.bucket, settings.school_year_id) == (URL, "district-data", 55)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"S3_BUCKET=a-b-c\nREDSHIFT_USER=M\xfcller\n", "is not UTF-8 text (line 2): save it as UTF-8"),
        (codecs.BOM_UTF16_LE + b"S\0=\0x", "is not UTF-8 text (line 1): save it as UTF-8"),
        ("S3_BUCKET=x\n".encode("utf-16-le"), "has NUL characters"),
        (b"S3_BUCKET=x\0\n", "has NUL characters"),
        ("S3_BUCKET=x\n".encode("utf-32"), "has NUL characters"),
        ("S3_BU\u200bCKET=x\n".encode(), "line 1 of"),
        ("ok=1\nS3_BU\u0421KET=x\n".encode(), "line 2 of"),  # a Cyrillic letter
        (b"$S3_BUCKET=x\n", "line 1 of"),
        (b"S3_BUCKET: x\n", "line 1 of"),
        (b"setx S3_BUCKET x\n", "line 1 of"),
    ],
)
def test_an_env_file_that_is_not_plain_is_named(dotenv: Path, content: bytes, fault: str) -> None:
    dotenv.write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        loader()
    assert raised.value.exit_status == 2
    [sentence] = raised.value.faults
    assert str(dotenv) in sentence
    assert fault in sentence


# --- settings -----------------------------------------------------------------------------------------------

AROUND = [
    " {} ",
    "{}\n",
    "{}\r\n",
    "\t{}",
    '"{}"',
    "'{}'",
    '" {} "',
    "“{}”",
    "\ufeff{}",
    "{}\u200b",
    "\u00a0{}",
]


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(
    ("variable", "value", "field"),
    [
        ("S3_BUCKET", "district-data", "bucket"),
        ("S3_PREFIX", "a/b/", "prefix"),
        ("AWS_REGION", "eu-central-1", "region"),
        ("S3_KMS_KEY_ID", "alias/edna", "kms_key_id"),
        ("ESD_API_URL", URL, "api_url"),
        ("ESD_SECRET_ID", "prod/esd", "secret_id"),
        ("ESD_SCHOOL_YEAR_ID", "55", "school_year_id"),
        ("LOG_FORMAT", "json", "log_format"),
    ],
)
def test_what_surrounds_a_setting_is_no_part_of_it(
    variable: str, value: str, field: str, around: str
) -> None:
    os.environ.update({"ESD_API_URL": URL, variable: around.format(value)})
    assert str(getattr(fetcher(), field)) == value


@pytest.mark.parametrize("around", AROUND)
def test_what_surrounds_a_variable_of_aws_is_no_part_of_it(around: str) -> None:
    os.environ["AWS_PROFILE"] = around.format("edna")
    loader()
    assert os.environ["AWS_PROFILE"] == "edna"


@pytest.mark.parametrize("blank", ["", " ", "\r", "\t\n", '""', "\u200b"])
def test_a_blank_is_no_setting(blank: str) -> None:
    os.environ.update(S3_BUCKET=blank, REDSHIFT_PORT=blank, AWS_PROFILE=blank, AWS_CA_BUNDLE=blank)
    settings = loader()
    assert (settings.bucket, settings.port) == ("edna-prod", None)
    assert {"AWS_PROFILE", "AWS_CA_BUNDLE"} & os.environ.keys() == set()


INNER = {
    "S3_BUCKET": "edna prod",
    "S3_PREFIX": "landing/period attendance",
    "AWS_REGION": "us east-1",
    "S3_KMS_KEY_ID": "alias/my key",
    "ESD_API_URL": "https://district.eschooldata.com/my api",
    "ESD_SECRET_ID": "prod/my secret",
    "ESD_SCHOOL_YEAR_ID": "5 5",
    "REDSHIFT_HOST": "my cluster.example.com",
    "REDSHIFT_SECRET_ID": "prod/my secret",
}


def of(variable: str) -> type[AwsSettings]:
    return LoaderSettings if variable.startswith("REDSHIFT_") else FetcherSettings


@pytest.mark.parametrize("between", [" ", "\t", "\n", "\r\n", "\x01", "\u00a0", "\u200b", "\u202e", "\x7f"])
@pytest.mark.parametrize("variable", INNER)
def test_what_nobody_sees_in_a_setting_is_named(variable: str, between: str) -> None:
    os.environ.update({"ESD_API_URL": URL, variable: INNER[variable].replace(" ", between)})
    with pytest.raises(ConfigurationError) as raised:
        _read(of(variable))
    [sentence] = raised.value.faults
    assert sentence.startswith(f"{variable} ")
    assert INNER[variable].partition(" ")[0] not in sentence


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ESD_SCHOOL_YEAR_ID", "５５", "whole number"),  # noqa: RUF001
        ("ESD_SCHOOL_YEAR_ID", "5" * 5000, "whole number"),
        ("ESD_PAGE_SIZE", "²", "whole number"),
        ("ESD_API_URL", "https://https://district.eschooldata.com/api", "twice"),
        ("ESD_API_URL", f"{URL}/{URL}", "twice"),
        ("ESD_API_URL", f"{URL}/api", "twice"),
        ("ESD_API_URL", f"{URL}.", "dot"),
        ("ESD_API_URL", "https://district.eschooldata.com./api", "host"),
        ("ESD_API_URL", f"{URL}/v1", "before /v1"),
        ("ESD_API_URL", f"{URL}/v1/schools", "before /v1"),
        ("ESD_API_URL", "https://district.eschooldata.com:api", "port"),
        ("ESD_API_URL", "https://district.eschooldata.com:99999/api", "port"),
        ("ESD_API_URL", "https://district.eschooldata.com:0/api", "port"),
        ("ESD_API_URL", "https://schüle.example/api", "xn--"),
        ("ESD_API_URL", "https://<district>.eschooldata.com/api", "host"),
        ("ESD_API_URL", "https:\\\\district.eschooldata.com\\api", "https://"),
        ("ESD_API_URL", "https//district.eschooldata.com/api", "https://"),
        ("AWS_REGION", "us-east1", "us-east-1"),
        ("AWS_REGION", "us-east-1a", "us-east-1"),
        ("AWS_REGION", "US East (N. Virginia)", "blank"),
        ("AWS_REGION", "useast1", "us-east-1"),
        ("S3_BUCKET", "Edna_Prod", "lower-case"),
        ("S3_BUCKET", "ed", "3 to 63"),
        ("S3_BUCKET", "edna..prod", "dots"),
        ("S3_BUCKET", "192.168.0.1", "bucket"),
        ("S3_BUCKET", "arn:aws:s3:::edna-prod", "bucket"),
        ("S3_PREFIX", "s3://edna-prod/landing/attendance/", "without s3://"),
        ("S3_PREFIX", "landing\\attendance", "two folders"),
        ("S3_PREFIX", "landing/../attendance", "two folders"),
        ("S3_PREFIX", "landing/atten'dance", "ASCII"),
        ("S3_KMS_KEY_ID", "alias/'x'", "KMS"),
        ("REDSHIFT_HOST", "https://cluster.example.com", "host alone"),
        ("REDSHIFT_HOST", "cluster.example.com:5439/db02", "host alone"),
        ("REDSHIFT_HOST", "jdbc:redshift://cluster.example.com:5439/db02", "host alone"),
        ("REDSHIFT_HOST", "cluster.example.com.", "name of a host"),
        ("REDSHIFT_HOST", "/var/run/postgresql", "host alone"),
        ("REDSHIFT_USER", "dba\u200b02", "U+200B"),
        ("REDSHIFT_DATABASE", "db\x0002".replace("\0", "\x02"), "U+0002"),
        ("REDSHIFT_USER", "M\udcfcller", "U+DCFC"),  # a Latin-1 byte in the environment
    ],
)
def test_a_setting_that_cannot_be_is_named(variable: str, value: str, words: str) -> None:
    os.environ.update({"ESD_API_URL": URL, variable: value})
    with pytest.raises(ConfigurationError) as raised:
        _read(of(variable))
    [sentence] = raised.value.faults
    assert sentence.startswith(f"{variable} ")
    assert words in sentence


@pytest.mark.parametrize(
    ("variable", "value", "field"),
    [
        ("ESD_API_URL", "HTTPS://District.eschooldata.com:443/api", "api_url"),
        ("ESD_API_URL", "https://xn--schle-lva.example/api", "api_url"),
        ("AWS_REGION", "us-gov-west-1", "region"),
        ("S3_BUCKET", "data.district-7.example", "bucket"),
        (
            "ESD_SECRET_ID",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/esd-AbCdEf",
            "secret_id",
        ),
        ("S3_KMS_KEY_ID", "arn:aws:kms:us-east-1:123456789012:key/mrk-0123", "kms_key_id"),
        ("REDSHIFT_SECRET_ID", "redshift!cluster-dba02", "secret_id"),
        ("REDSHIFT_HOST", "10.0.0.7", "host"),
        ("REDSHIFT_HOST", "::1", "host"),
        ("REDSHIFT_USER", "Jörg Müller", "user"),
    ],
)
def test_a_setting_that_can_be_is_taken(variable: str, value: str, field: str) -> None:
    os.environ.update({"ESD_API_URL": URL, variable: value})
    assert getattr(_read(of(variable)), field) == value


@pytest.mark.parametrize("text", ["", "a", '"', '"a', "a'", "“a'"])
def test_what_is_plain_stays(text: str) -> None:
    assert plain(text) == text


# --- secrets ------------------------------------------------------------------------------------------------

KEYS = ("ESD_URL", "ESD_CLIENT_ID")
JSON = json.dumps({"ESD_URL": URL, "ESD_CLIENT_ID": "district"})


@pytest.mark.parametrize(
    "content",
    [
        JSON,
        f"\ufeff{JSON}",
        f"{JSON}\r\n",
        JSON.replace("{", "{\r\n\t").replace(",", ",\r\n"),
        json.dumps(JSON),
        JSON.replace('"', '\\"'),
        JSON.lower(),
        JSON.replace('"ESD_URL"', '" Esd_Url\u200b"'),
        JSON.replace('"district"', '"district\\r\\n"'),
        JSON.replace('"district"', '" district\\t"'),
        JSON.replace('"district"', '"district\n"'),
        JSON.replace("}", ', "esd_url": "https://other.example"}'),
        JSON.encode(),
        JSON.encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + JSON.encode("utf-16-le"),
    ],
)
def test_a_plain_secret_in_any_dress(content: str | bytes) -> None:
    assert secret_text.values(content, KEYS) == {"ESD_URL": URL, "ESD_CLIENT_ID": "district"}


def test_a_number_is_a_text_and_null_is_nothing() -> None:
    content = json.dumps({"password": 12345, "port": 5439, "host": None, "username": ""})
    assert secret_text.values(content, ["password"]) == {"password": "12345", "port": "5439"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{{'password': '{SECRET}'}}", "straight double quotes"),
        (f"{{“password”: “{SECRET}”}}", "straight double quotes"),
        (f"{{password:{SECRET}}}", "straight double quotes"),
        (f"password={SECRET}", "must be a JSON object with password"),
        (f'"{SECRET}"', "must be a JSON object with password"),
        ("[" * 100_000, "must be a JSON object with password"),
        ("", "must be a JSON object with password"),
        (SECRET.encode() + b"\xff", "is not UTF-8 text"),
        (f'{{"password": ["{SECRET}"]}}', "password as something that is no text"),
        (f'{{"password": {{"value": "{SECRET}"}}}}', "password as something that is no text"),
        ('{"password": true}', "password as something that is no text"),
        ('{"password": 1.5}', "password as something that is no text"),
        (f'{{"password": "{SECRET}\\u0000x"}}', "password, which has a character in it that cannot be seen"),
        (f'{{"password": "{SECRET}\\ud800x"}}', "U+D800"),
        (f'{{"Password": "{SECRET}", "PASSWORD": "x"}}', "password 2 times"),
        ('{"password": null}', "has no password: add it"),
        ('{"password": "\\r\\n"}', "has no password: add it"),
        (f'{{"pass word": "{SECRET}"}}', "has no password: add it"),
    ],
)
def test_a_secret_that_is_not_plain_is_not_quoted(content: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=r"has|must|is") as raised:
        secret_text.values(content, ["password"])
    assert words in str(raised.value)
    assert SECRET not in str(raised.value)


def test_both_scripts_read_such_secrets(world: World) -> None:
    client = world.pipeline.sandbox.aws.client("secretsmanager")
    names = []
    for secret_id in (ESD_SECRET_ID, REDSHIFT_SECRET_ID):
        text = client.get_secret_value(SecretId=secret_id)["SecretString"]
        values = {name.swapcase(): f"{value}\r\n" for name, value in json.loads(text).items()}
        names.append(f"windows-{uuid4()}")
        client.create_secret(Name=names[-1], SecretBinary=json.dumps(values).encode("utf-8-sig"))
    assert world.pipeline.fetch(ESD_SECRET_ID=f' "{names[0]}"\r').status == 0
    assert world.pipeline.load(REDSHIFT_SECRET_ID=names[1]).status == 0
    world.follow()


@pytest.mark.parametrize("script", [FETCHER, LOADER])
def test_a_secret_of_another_kind_is_named(world: World, script: str) -> None:
    client = world.pipeline.sandbox.aws.client("secretsmanager")
    name = f"odd-{uuid4()}"
    client.create_secret(Name=name, SecretString=f"{{'password': '{SECRET}'}}")
    done = world.pipeline.script(script, "--verbose", ESD_SECRET_ID=name, REDSHIFT_SECRET_ID=name)
    assert done.status == 2
    assert f"secret '{name}' must be a JSON object" in done.result["error"]
    assert SECRET not in done.story + done.output


# --- bodies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_body_in_any_encoding_of_json(encoding: str) -> None:
    record = {"id": 7, "studentId": 9, "date": "12-09-2025", "comment": "Jörg 😀"}
    body = json.dumps({"periodAttendanceList": [record], "pagingInfo": {"totalCount": 1}}, ensure_ascii=False)
    page = read_page(as_utf8(body.encode(encoding), "application/json"), 5)
    assert page.rows.select("id", "comment").rows() == [(7, "Jörg 😀")]
    assert (page.rejections, page.paging.count) == ((), 1)
