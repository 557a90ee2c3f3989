"""What `serve` lets in and out: TLS, roles of the database, and what it refuses to start with."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import pytest

from process.test_serve import run, serving
from tallystick.store.embedded import embedded_server

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
        httpx.get(f"{server.address}/healthz")
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
