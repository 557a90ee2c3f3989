"""What `serve` lets in and out: TLS, roles of the database, and what it refuses to start with."""

import asyncio
import json
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import pytest

from process.test_serve import run, serving
from tallystick.store.embedded import embedded_server

TLSv1_1, TLSv1_2 = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2
ROLES = """
SELECT DISTINCT usename FROM pg_stat_activity
WHERE application_name = 'tallystick' AND pid <> pg_backend_pid()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of PostgreSQL can reach, also when we are root."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def certificate(folder: Path) -> tuple[str, str]:
    """The files of a certificate for localhost, and of its key."""
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", key, "-out", cert,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


def test_with_a_certificate_all_is_said_over_tls(
    folder: Path, certificate: tuple[str, str]
) -> None:
    cert, key = certificate
    with serving(folder, tls_cert=cert, tls_key=key) as server:
        address = server.line(r"serves on (https://\S+)")[1]
        trust = ssl.create_default_context(cafile=cert)
        answer = httpx.get(f"{address}/healthz", verify=trust)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(address.replace("https", "http"))
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert len(answer.headers["X-Request-Id"]) == 32


def test_tls_is_spoken_in_its_good_versions_and_ciphers_only(
    folder: Path, certificate: tuple[str, str]
) -> None:
    cert, key = certificate
    with serving(folder, tls_cert=cert, tls_key=key) as server:
        port = int(server.line(r"serves on https://\S+:(\d+)")[1])
        assert _spoken(port, cert)[0] == "TLSv1.3"
        assert _spoken(port, cert, most=TLSv1_2)[0] == "TLSv1.2"
        with pytest.raises(OSError, match=r"(?i)alert|protocol|reset|EOF"):
            _spoken(port, cert, least=TLSv1_1, most=TLSv1_1)
        for weak in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"):
            with pytest.raises(OSError, match=r"(?i)alert|reset|EOF"):
                _spoken(port, cert, most=TLSv1_2, ciphers=weak)
        assert "GCM" in _spoken(port, cert, most=TLSv1_2)[1]


def test_a_refused_request_leaves_a_line_that_says_when_what_and_from_where(folder: Path) -> None:
    with serving(folder) as server:
        answer = httpx.get(
            f"{server.address}/v1/users/7",
            headers={"Authorization": 'Bearer x" "level": "info'},
        )
        shown = server.line(r'^\{.*"a request was refused".*\}$')[0]
        assert server.stop() == 0
    line = json.loads(shown)
    assert answer.status_code == 401
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert moment.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)
    assert line == {
        "event": "a request was refused",
        "level": "warning",
        "code": "not_signed_in",
        "method": "GET",
        "path": "/v1/users/{userId}",
        "address": "127.0.0.1",
        "user_id": None,
        "key_id": None,
        "request_id": answer.headers["X-Request-Id"],
    }


def test_what_is_logged_stays_on_its_line_whatever_it_holds() -> None:
    forged = 'x"}\n{"event": "nothing happened"}\r\x1b[2K'
    code = (
        "import structlog; from tallystick.main import _configure_logs; _configure_logs();"
        f"structlog.get_logger().warning('told', word={forged!r}, exc_info=ValueError({forged!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    [line] = done.stderr.splitlines()
    assert json.loads(line)["word"] == forged
    assert line.isprintable()


def test_what_is_secret_in_the_data_folder_is_for_our_account_only(folder: Path) -> None:
    with serving(folder) as server:
        server.line("serves on")
    for name in ("secret-key", "sign-in.json", "postgres/password"):
        assert (folder / "data" / name).resolve().stat().st_mode & 0o077 == 0, name
    for name in ("imports", "exports"):
        assert (folder / "data" / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"tls_cert": "/no/such/file"}, "no TLS with TALLYSTICK_TLS_CERT"),
        ({"tls_cert": __file__}, "no TLS with TALLYSTICK_TLS_CERT"),
        ({"tls_key": __file__}, "set TALLYSTICK_TLS_CERT as well"),
        ({"trusted_proxies": "10.0.0.0/8,my proxy"}, "TALLYSTICK_TRUSTED_PROXIES: found"),
    ],
)
def test_what_cannot_be_served_with_is_one_line(
    folder: Path, settings: dict[str, str], told: str
) -> None:
    done = run(folder, "serve", **settings)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_url_is_not_repeated_with_its_password(folder: Path) -> None:
    done = run(folder, "serve", owner_url="mysql://owner:secret@db/tallystick")
    assert "TALLYSTICK_OWNER_URL: found 'mysql://...@db/tallystick'" in done.stderr


def test_requests_and_commands_are_served_by_the_role_that_cannot_rewrite(folder: Path) -> None:
    with serving(folder, workers="2") as server:
        httpx.get(f"{server.address}/healthz", timeout=60)
        assert run(folder, "program", "list").returncode == 0
        with embedded_server(folder / "data") as joined:
            assert asyncio.run(_roles(joined.url)) == {"tallystick_application"}


def test_a_password_that_is_lost_is_made_anew_for_both_roles(folder: Path) -> None:
    assert run(folder, "migrate").returncode == 0
    (folder / "data/postgres").resolve().joinpath("password").unlink()
    done = run(folder, "program", "list")
    assert done.returncode == 0, done.stderr


async def _roles(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    found = {row["usename"] for row in await connection.fetch(ROLES)}
    await connection.close()
    return found


def _spoken(
    port: int,
    cert: str,
    *,
    least: ssl.TLSVersion = TLSv1_2,
    most: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ciphers: str = "ALL:@SECLEVEL=0",
) -> tuple[str | None, str]:
    """Version and cipher that server and client agree on. Errors: OSError if on none."""
    trust = ssl.create_default_context(cafile=cert)
    trust.set_ciphers(ciphers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of versions that are too old
        trust.minimum_version, trust.maximum_version = least, most
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        wrapped.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert wrapped.recv(1)
        cipher = wrapped.cipher()
        assert cipher is not None
        return wrapped.version(), cipher[0]
