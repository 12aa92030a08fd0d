"""`.env`: which one is read, what in it is a fault, and which names are nearly a setting's."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from unittest import mock

import pytest

from attendance_common import config, env_file
from attendance_common.config import FetcherSettings, LoaderSettings, Reading
from attendance_common.errors import ConfigurationError
from tests.documents import ROOT

SECRET = "Zqx7-secret"
ALL = {each.metadata["variable"] for kind in (FetcherSettings, LoaderSettings) for each in fields(kind)}


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The working directory and the scripts' own, both empty, and an environment without settings."""
    here, scripts = tmp_path / "here", tmp_path / "scripts"
    here.mkdir()
    scripts.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(env_file, "SCRIPTS_FOLDER", scripts)
    for name in list(os.environ):
        monkeypatch.delenv(name)  # before a test sets one, so that what was there comes back last
    with mock.patch.dict(os.environ):
        yield here, scripts


def read(*argv: str) -> Reading[LoaderSettings]:
    parser = argparse.ArgumentParser()
    config.add_flags(parser, LoaderSettings)
    return config.read(LoaderSettings, parser.parse_args(argv))


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# --- which one ----------------------------------------------------------------------------------------------


def test_none() -> None:
    assert read().env_file is None
    assert read().settings().bucket == "edna-prod"


def test_the_scripts_own_is_read_from_any_directory(folders: tuple[Path, Path]) -> None:
    own = put(folders[1] / ".env", "S3_BUCKET=own\n")
    assert (read().env_file, read().settings().bucket) == (own, "own")


def test_the_working_directorys_goes_first_and_alone(folders: tuple[Path, Path]) -> None:
    put(folders[1] / ".env", "S3_BUCKET=own\nREDSHIFT_USER=own\n")
    here = put(folders[0] / ".env", "S3_BUCKET=here\n")
    reading = read()
    assert (reading.env_file, reading.settings().bucket, reading.settings().user) == (here, "here", None)


def test_a_directory_of_that_name_is_no_file(folders: tuple[Path, Path]) -> None:
    (folders[0] / ".env").mkdir()
    assert read().env_file is None


def test_a_directory_that_may_not_be_entered_has_no_file(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, scripts = folders
    own = put(scripts / ".env", "S3_BUCKET=own\n")
    stat = Path.stat

    def refused(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.parent == here:
            raise PermissionError
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refused)
    assert (read().env_file, read().settings().bucket) == (own, "own")


@pytest.mark.parametrize("error", [FileNotFoundError, PermissionError])
def test_a_directory_that_is_gone_has_no_file(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def gone() -> Path:
        raise error

    own = put(folders[1] / ".env", "S3_BUCKET=own\n")
    monkeypatch.setattr(Path, "cwd", gone)
    assert read().env_file == own


def test_the_flag_goes_before_both(folders: tuple[Path, Path], tmp_path: Path) -> None:
    put(folders[0] / ".env", "S3_BUCKET=here\n")
    given = put(tmp_path / "night.env", "S3_BUCKET=given\n")
    reading = read("--env-file", "../night.env")
    assert reading.env_file is not None
    assert (reading.env_file.samefile(given), reading.settings().bucket) == (True, "given")


# --- what in it is a fault ----------------------------------------------------------------------------------


def faults(*argv: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        read(*argv).settings()
    return raised.value.faults


def test_a_file_that_is_not_there() -> None:
    [fault] = faults("--env-file", "nowhere.env")
    assert "nowhere.env cannot be read (FileNotFoundError)" in fault


def test_a_file_that_is_no_text(folders: tuple[Path, Path]) -> None:
    (folders[0] / ".env").write_bytes(b"S3_BUCKET=\xff\n")
    [fault] = faults()
    assert fault.endswith(".env is not UTF-8 text (line 1): save it as UTF-8")


def test_a_line_that_sets_nothing_is_named_and_not_quoted(folders: tuple[Path, Path]) -> None:
    path = put(folders[0] / ".env", f"# a comment\n\nS3_BUCKET here\n  \nREDSHIFT_USER\nA=1\n='{SECRET}\n")
    assert faults() == [f"line {number} of {path} is not NAME=value" for number in (3, 5, 7)]


@pytest.mark.parametrize("other", ["S3_BUCKET=other", "export S3_BUCKET = 'other'", "S3_BUCKET="])
def test_a_name_with_two_values_is_a_fault(folders: tuple[Path, Path], other: str) -> None:
    path = put(folders[0] / ".env", f"S3_BUCKET={SECRET}\n# a comment\n\n{other}\nA=1\nB=1\nA=2\nB=1\nB=1\n")
    reading = read()
    assert reading.faults == [
        f"lines 1 and 4 of {path} give one name different values: keep one line",
        f"lines 5 and 7 of {path} give one name different values: keep one line",
    ]


def test_a_name_with_the_same_value_twice_is_none(folders: tuple[Path, Path]) -> None:
    put(folders[0] / ".env", "S3_BUCKET=same\nexport S3_BUCKET = 'same'  # again\n")
    assert read().settings().bucket == "same"


@pytest.mark.parametrize("empty", ["", "  ", "\u200b", "''"])
def test_an_empty_variable_does_not_hide_the_files(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, empty: str
) -> None:
    put(folders[0] / ".env", "S3_BUCKET=here\nAWS_PROFILE=p\n")
    monkeypatch.setenv("S3_BUCKET", empty)
    monkeypatch.setenv("AWS_PROFILE", empty)
    assert read().settings().bucket == "here"
    assert os.environ["AWS_PROFILE"] == "p"  # for boto3


def test_what_may_stand_in_it(folders: tuple[Path, Path]) -> None:
    put(
        folders[0] / ".env",
        "\ufeff# a comment\nexport S3_BUCKET='a-b'  # another\n\nAWS_PROFILE=p\nREDSHIFT_USER=\n"
        "ESD_API_URL=https://x\nREDSHIFT_DATABASE=${AWS_PROFILE}_db\n",
    )
    settings = read().settings()
    assert (settings.bucket, settings.user, settings.database) == ("a-b", None, "p_db")
    assert os.environ["AWS_PROFILE"] == "p"  # for boto3


def test_an_underscore_too_many_is_a_near_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESD_SCHOOL_YEAR_ID_", "55")
    assert "did you mean ESD_SCHOOL_YEAR_ID?" in read().faults[0]


def test_a_name_that_is_no_setting_is_a_fault_in_the_file(folders: tuple[Path, Path]) -> None:
    text = "ESD_SCHOOLYEAR_ID=55\nREDSHIFT_JDBC_URL=x\nS3_BUCKET_NAME=b\nPGUSER=u\nESDS=1\n"
    path = put(folders[0] / ".env", text)
    assert faults() == [
        f"ESD_SCHOOLYEAR_ID in {path} is no setting (did you mean ESD_SCHOOL_YEAR_ID?)",
        f"REDSHIFT_JDBC_URL in {path} is no setting (see .env.example)",
        f"S3_BUCKET_NAME in {path} is no setting (did you mean S3_BUCKET?)",
    ]


def test_all_faults_are_named_at_once(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    put(folders[0] / ".env", "S3_BUKET=b\nwhat\nREDSHIFT_PORT=none\n")
    monkeypatch.setenv("REDSHIFT_HOTS", "h")
    sentences = " ".join(faults("--prefix", "flat"))
    for name in ("line 2 of", "S3_BUKET", "REDSHIFT_HOTS", "REDSHIFT_PORT", "S3_PREFIX"):
        assert name in sentences


# --- names that are nearly a setting's ----------------------------------------------------------------------

NEARLY = {
    "ESD_SCHOOLYEAR_ID": "ESD_SCHOOL_YEAR_ID",
    "ESD_SCHOOL_YEAR": "ESD_SCHOOL_YEAR_ID",
    "ESD_SCHOOL_YEAR_IDS": "ESD_SCHOOL_YEAR_ID",
    "esd_school_year_id": "ESD_SCHOOL_YEAR_ID",
    "ESD_YEAR_ID": "ESD_SCHOOL_YEAR_ID",
    "ESD_SCHL_YR_ID": "ESD_SCHOOL_YEAR_ID",
    "ESD_YR_ID": "ESD_SCHOOL_YEAR_ID",
    "ESD_PG_SIZE": "ESD_PAGE_SIZE",
    "ESD_API_URI": "ESD_API_URL",
    "ESD_PAGESIZE": "ESD_PAGE_SIZE",
    "ESD_CONCURENCY": "ESD_CONCURRENCY",
    "S3_BUKET": "S3_BUCKET",
    "S3_PREFIXES": "S3_PREFIX",
    "S3_KMS_KEY": "S3_KMS_KEY_ID",
    "S3_KEY_ID": "S3_KMS_KEY_ID",
    "S3_BKT": "S3_BUCKET",
    "REDSHIFT_HOTS": "REDSHIFT_HOST",
    "REDSHIFT_PROT": "REDSHIFT_PORT",
    "REDSHIFT_DATABSE": "REDSHIFT_DATABASE",
    "REDSHIFT_DB": "REDSHIFT_DATABASE",
    "redshift_db": "REDSHIFT_DATABASE",
    "REDSHIFT_PRT": "REDSHIFT_PORT",
    "REDSHIFT_USR": "REDSHIFT_USER",
    "REDSHIFT_SSL_MODE": "REDSHIFT_SSLMODE",
    "REDSHIFT_SECRET": "REDSHIFT_SECRET_ID",
    "REDSHIFT_BATCHPARTITIONS": "REDSHIFT_BATCH_PARTITIONS",
}
INNOCENT = """
    S3_ENDPOINT S3_ENDPOINT_URL S3_REGION S3_USE_SSL S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY S3_PATH
    S3_BUCKET_NAME S3_KEY S3_ID S3_SECRET S3_ACCESS_KEY S3_URL S3_HOST S3_PORT S3_ROOT S3_BACKUP S3_KMS
    ESD_HOME ESD_ENV ESD_USER ESD_URL ESD_CLIENT_ID ESD_SECRET_KEY ESD_API_KEY
    ESD_ID ESD_KEY ESD_API ESD_PAGE ESD_TOKEN ESD_DEBUG ESD_LOG_LEVEL ESD_DATA_DIR ESD_PATH ESD_HOST ESD_PORT
    ESD_CORE ESD_CONFIG ESD_TMP ESD_VERSION
    REDSHIFT_JDBC_URL REDSHIFT_PASSWORD REDSHIFT_SCHEMA REDSHIFT_IAM_ROLE REDSHIFT_CLUSTER_ID REDSHIFT_POOL
    REDSHIFT_HOME REDSHIFT_DATE REDSHIFT_DSN REDSHIFT_URL REDSHIFT_SSL REDSHIFT_ROLE REDSHIFT_REGION
    REDSHIFT_CLUSTER REDSHIFT_WORKGROUP REDSHIFT_TABLE REDSHIFT_S3_BUCKET REDSHIFT_TIMEOUT REDSHIFT_ID
    REDSHIFT_DATABASE_URL S3 ESD_ ESDX_HOME AWS_REGIONS BUCKET PATH
"""


@pytest.mark.parametrize(("name", "meant"), NEARLY.items())
def test_a_near_miss_in_the_environment_is_a_fault(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "55")
    assert faults() == [f"{name} in the environment is no setting (did you mean {meant}?)"]


@pytest.mark.parametrize("name", INNOCENT.split())
def test_what_others_put_into_the_environment_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    assert read().faults == []


@pytest.mark.parametrize("name", sorted(ALL - {"REDSHIFT_PORT", "REDSHIFT_SSLROOTCERT"}))
def test_a_setting_of_either_script_is_none(
    name: str, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folders[0] / ".env", f"{name}=\n")
    monkeypatch.setenv(name, "")
    assert read().faults == []


def test_an_empty_near_miss_in_the_environment_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_BUKET", "")
    assert read().faults == []


# --- the example --------------------------------------------------------------------------------------------


def test_the_example_sets_each_setting_to_its_default(folders: tuple[Path, Path]) -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    settings = [line.removeprefix("#") for line in lines if line.startswith("#") and line[1:2].isupper()]
    assert {line.partition("=")[0] for line in settings} == ALL
    defaults = read().settings()
    put(folders[0] / ".env", "\n".join(settings).replace("ESD_API_URL=", "ESD_API_URL=https://x/api"))
    said = read().settings()
    in_secret = ("host", "port", "database", "user")
    for each in fields(LoaderSettings):
        if each.name not in in_secret:
            assert getattr(said, each.name) == getattr(defaults, each.name)
