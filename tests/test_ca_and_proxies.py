"""CA files and proxies of the machine: wrong ones are named with the variable, right ones serve."""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import trustme

from attendance_common import machine
from tests.failing import PASSWORD, dry, dry_run_fails
from tests.pipeline import FETCHER, LOADER
from tests.sandbox.aws_front import AwsFront, closed_port
from tests.world import World

# --- CA files -----------------------------------------------------------------------------------------------

CA_VARIABLES = ["AWS_CA_BUNDLE", *machine.CA_FILES]


@pytest.mark.parametrize("name", CA_VARIABLES)
@pytest.mark.parametrize("kind", ["missing", "a folder", "no certificate", "UTF-16"])
def test_a_ca_file_that_is_none_is_named(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "ca.pem"
    if kind == "a folder":
        path.mkdir()
    elif kind == "no certificate":
        path.write_text("hello")
    elif kind == "UTF-16":
        path.write_bytes(trustme.CA().cert_pem.bytes().decode().encode("utf-16"))
    [sentence] = machine.faults({name: str(path)})
    assert sentence.startswith(f"{name} must be the path of a file")


def test_a_ca_file_that_is_right(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    assert machine.faults(dict.fromkeys(CA_VARIABLES, str(path))) == []


@pytest.mark.parametrize("name", ["REDSHIFT_SSLROOTCERT", *CA_VARIABLES])
def test_the_loader_ends_with_it(still: World, name: str) -> None:
    dry_run_fails(
        still, LOADER, 2, f"{name} must be the path of a file that exists", **{name: "/no/such/ca.pem"}
    )


@pytest.mark.parametrize("name", machine.CA_FILES)
def test_an_own_ca_works_through_any_of_these_variables(still: World, tmp_path: Path, name: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    sandbox = still.pipeline.sandbox
    api = sandbox.environment["ESD_API_URL"]
    with (
        AwsFront(sandbox.aws_endpoint, tls=context) as amazon,
        AwsFront(api.removesuffix("/api"), tls=context) as source,
    ):
        nothing = dict.fromkeys(CA_VARIABLES, "")  # whatever this machine's own environment says
        places = {**nothing, "AWS_ENDPOINT_URL": amazon.endpoint, "ESD_API_URL": f"{source.endpoint}/api"}
        dry_run_fails(still, FETCHER, 2, "not trusted", "AWS_CA_BUNDLE", **places)
        assert amazon.calls == source.calls == []
        dry_run_fails(
            still,
            FETCHER,
            2,
            "not trusted",
            "REQUESTS_CA_BUNDLE",
            **{**places, "AWS_ENDPOINT_URL": sandbox.aws_endpoint},
        )
        amazon.calls.clear()
        done = dry(still, FETCHER, **{**places, name: str(tmp_path / "ca.pem")})
        assert "not trusted" not in done.story
        assert amazon.actions() >= {"GetSecretValue", "ListObjectsV2"}
        assert source.calls


# --- proxies ------------------------------------------------------------------------------------------------


@contextmanager
def proxy(status: int) -> Iterator[str]:
    """A proxy that answers everything with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = do_CONNECT = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the terminal clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://user:{PASSWORD}@127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


ELSEWHERE = "https://district.eschooldata.example/api"


def test_a_proxy_that_wants_a_password(still: World) -> None:
    words = "the proxy wants a user and a password"
    with proxy(407) as url:
        dry_run_fails(still, LOADER, 2, words, "HTTP_PROXY", HTTP_PROXY=url)
        dry_run_fails(
            still, LOADER, 2, words, "HTTPS_PROXY", HTTPS_PROXY=url, AWS_ENDPOINT_URL="https://aws.example"
        )
        dry_run_fails(still, FETCHER, 2, words, "all_proxy", all_proxy=url)
        dry_run_fails(still, FETCHER, 2, words, "HTTPS_PROXY", HTTPS_PROXY=url, ESD_API_URL=ELSEWHERE)


def test_a_proxy_that_refuses(still: World) -> None:
    words = "cannot be reached or refuses: check it"
    with proxy(503) as url:
        dry_run_fails(
            still, LOADER, 1, words, "HTTPS_PROXY", HTTPS_PROXY=url, AWS_ENDPOINT_URL="https://aws.example"
        )
        dry_run_fails(still, FETCHER, 1, words, "HTTPS_PROXY", HTTPS_PROXY=url, ESD_API_URL=ELSEWHERE)


def test_a_proxy_that_is_not_there(still: World) -> None:
    nobody = f"http://user:{PASSWORD}@127.0.0.1:{closed_port()}"
    dry_run_fails(
        still, LOADER, 1, "the proxy of HTTP_PROXY cannot be reached", "NO_PROXY", HTTP_PROXY=nobody
    )
    dry_run_fails(still, FETCHER, 1, "the proxy of ALL_PROXY cannot be reached", "NO_PROXY", ALL_PROXY=nobody)
    assert dry(still, FETCHER, HTTP_PROXY=nobody, NO_PROXY="localhost,127.0.0.1").status == 0


@pytest.mark.skipif(importlib.util.find_spec("socks") is not None, reason="PySocks is installed")
def test_socks_is_not_supported(still: World) -> None:
    dry_run_fails(
        still, FETCHER, 2, "ALL_PROXY", "SOCKS is not supported", ALL_PROXY="socks5://127.0.0.1:1080"
    )
    assert (
        dry(still, LOADER, ALL_PROXY="socks5://127.0.0.1:1080").status == 0
    )  # AWS and Redshift do not use it
