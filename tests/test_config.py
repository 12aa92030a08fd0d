"""Settings: where they come from, which win, and that all the faults are named at once."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from attendance_common import env_file
from attendance_common.config import (
    AwsSettings,
    FetcherSettings,
    LoaderSettings,
    add_flags,
    read,
)
from attendance_common.errors import ConfigurationError
from attendance_common.setting_text import secure_url

VARIABLES = """
    ESD_API_URL ESD_SECRET_ID ESD_SCHOOL_YEAR_ID ESD_PAGE_SIZE ESD_CONCURRENCY ESD_TIMEOUT ESD_ATTEMPTS
    S3_BUCKET S3_PREFIX AWS_REGION LOG_FORMAT REDSHIFT_HOST REDSHIFT_PORT REDSHIFT_DATABASE REDSHIFT_USER
    REDSHIFT_SECRET_ID REDSHIFT_SSLMODE REDSHIFT_SSLROOTCERT REDSHIFT_BATCH_PARTITIONS
"""
URL = "https://district.eschooldata.com/api"
Set = Callable[..., None]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Set:
    """Give an environment without any of the settings, in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(env_file, "SCRIPTS_FOLDER", tmp_path)
    for name in VARIABLES.split():
        monkeypatch.setenv(name, "")  # so that it is put back even when .env sets it
        monkeypatch.delenv(name)

    def put(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return put


def flags(settings: type[AwsSettings], *argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_flags(parser, settings)
    return parser.parse_args(argv)


def fetcher(*argv: str) -> FetcherSettings:
    return read(FetcherSettings, flags(FetcherSettings, *argv)).settings()


def loader(*argv: str) -> LoaderSettings:
    return read(LoaderSettings, flags(LoaderSettings, *argv)).settings()


def test_the_fetchers_defaults_are_the_owners(environment: Set) -> None:
    environment(ESD_API_URL=URL)
    expected = {
        "api_url": URL,
        "secret_id": "prod/edna/esd_credentials",
        "school_year_id": None,
        "page_size": 1000,
        "concurrency": 8,
        "bucket": "edna-prod",
        "prefix": "raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/",
        "region": None,
        "log_format": "text",
    }
    assert expected.items() <= vars(fetcher()).items()


def test_the_loaders_defaults_are_the_owners() -> None:
    expected = {
        "secret_id": "prod/edna/redshift_credentials",
        "sslmode": "verify-full",
        "sslrootcert": None,
        "batch_partitions": 366,
        "bucket": "edna-prod",
    }
    assert expected.items() <= vars(loader()).items()


@pytest.mark.parametrize("name", ["host", "port", "database", "user"])
def test_what_the_secret_may_say_is_left_open_until_it_is_read(name: str) -> None:
    assert getattr(loader(), name) is None


def test_flag_before_environment_before_dotenv_before_default(environment: Set, tmp_path: Path) -> None:
    dotenv = f"ESD_API_URL={URL}\nS3_BUCKET=dotenv\nESD_PAGE_SIZE=10\nESD_CONCURRENCY=2\n"
    (tmp_path / ".env").write_text(dotenv)
    environment(S3_BUCKET="environment", ESD_PAGE_SIZE="20")
    settings = fetcher("--page-size", "30")
    assert (settings.page_size, settings.bucket) == (30, "environment")
    assert (settings.concurrency, settings.api_url, settings.timeout) == (2, URL, 60)


def test_an_empty_variable_is_no_setting(environment: Set) -> None:
    environment(ESD_API_URL=URL, ESD_PAGE_SIZE="", S3_BUCKET="", ESD_SCHOOL_YEAR_ID="")
    settings = fetcher()
    assert (settings.page_size, settings.bucket, settings.school_year_id) == (1000, "edna-prod", None)


def test_all_the_faults_are_named_at_once(environment: Set) -> None:
    environment(ESD_PAGE_SIZE="many", S3_PREFIX="flat", S3_BUCKET="s3://edna-prod")
    with pytest.raises(ConfigurationError) as raised:
        fetcher("--concurrency", "0", "--log-format", "xml")
    for variable in (
        "ESD_API_URL",
        "ESD_PAGE_SIZE",
        "S3_PREFIX",
        "S3_BUCKET",
        "ESD_CONCURRENCY",
        "LOG_FORMAT",
    ):
        assert variable in str(raised.value)
    assert "--help" in str(raised.value)
    assert raised.value.exit_status == 2


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ESD_PAGE_SIZE", "0"),
        ("ESD_PAGE_SIZE", "10001"),
        ("ESD_PAGE_SIZE", "1e3"),
        ("ESD_PAGE_SIZE", "-5"),
        ("ESD_PAGE_SIZE", "٣"),
        ("ESD_CONCURRENCY", "65"),
        ("ESD_TIMEOUT", "0"),
        ("ESD_ATTEMPTS", "0"),
        ("ESD_SCHOOL_YEAR_ID", "2025-26"),
        ("ESD_API_URL", "district.eschooldata.com/api"),
        ("ESD_API_URL", "https://district.eschooldata.com/api?key=1"),
        ("S3_BUCKET", "edna-prod/raw_esd"),
        ("S3_PREFIX", "/"),
        ("S3_PREFIX", "a//b/"),
        ("LOG_FORMAT", "JSON"),
    ],
)
def test_a_wrong_setting_of_the_fetcher(environment: Set, variable: str, value: str) -> None:
    environment(**{"ESD_API_URL": URL, variable: value})
    with pytest.raises(ConfigurationError, match=variable):
        fetcher()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDSHIFT_PORT", "65536"),
        ("REDSHIFT_PORT", "postgres"),
        ("REDSHIFT_SSLMODE", "verify"),
        ("REDSHIFT_SSLROOTCERT", "/no/such/file.pem"),
        ("REDSHIFT_BATCH_PARTITIONS", "0"),
    ],
)
def test_a_wrong_setting_of_the_loader(environment: Set, variable: str, value: str) -> None:
    environment(**{variable: value})
    with pytest.raises(ConfigurationError, match=variable):
        loader()


@pytest.mark.parametrize("value", ["a/b/c", "/a/b/c", "a/b/c/", "/a/b/c/"])
def test_a_prefix_has_one_slash_behind_and_none_in_front(environment: Set, value: str) -> None:
    environment(S3_PREFIX=value)
    assert loader().prefix == "a/b/c/"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://district.eschooldata.com/api/", "https://district.eschooldata.com/api"),
        ("https://district.eschooldata.com", "https://district.eschooldata.com"),
        ("http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_url_on_which_a_secret_may_travel(value: str, url: str) -> None:
    assert secure_url(value) == url


@pytest.mark.parametrize(
    "value",
    [
        "http://district.eschooldata.com/api",
        "http://localhost.example.com/",
        "http://localhost@example.com/",
        "https://user:password@district.eschooldata.com/api",
        "http://127.0.0.1.example.com/",
        "http://0.0.0.0/",
        "ftp://localhost/",
        "https://",
        "https:///api",
        "//district.eschooldata.com",
        "https://[::1",
        "",
    ],
)
def test_a_url_on_which_no_secret_may_travel(value: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        secure_url(value)


@pytest.mark.parametrize("settings", [FetcherSettings, LoaderSettings])
def test_help_names_every_variable_and_its_flag(settings: type[AwsSettings]) -> None:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter)
    add_flags(parser, settings)
    help_text = parser.format_help()
    own = "ESD_" if settings is FetcherSettings else "REDSHIFT_"
    for name in VARIABLES.split():
        if name.startswith((own, "S3_", "AWS_", "LOG_")):
            assert name in help_text
    assert {"--bucket", "--prefix", "--region", "--log-format", "--secret-id"} <= set(
        help_text.replace("[", " ").split()
    )
