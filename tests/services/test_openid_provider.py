"""A provider that does what none should: whatever comes back, it is a refusal, and soon.

The provider is a socket that writes what a test says; signatures and claims are tested in tests/web
with a real one.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from tallystick.core.errors import ProviderFailed
from tallystick.core.openid import OpenIdSettings
from tallystick.services.openid_provider import ANSWER_BYTES_MAX, OpenIdProvider

SECRET = "a secret of the client"
CODE = "a code of somebody"
VERIFIER = "a verifier of somebody, forty-three characters"
METADATA = "/.well-known/openid-configuration"
NOW = datetime(2026, 6, 15, tzinfo=UTC)

AWAY = "it cannot be reached"
ODD = "what it said is not what the standard asks for"
NO_TOKEN = "its ID token is not right"


def answer(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n"
    return head.encode() + body


def told(value: Any) -> bytes:
    return answer(json.dumps(value).encode())


ENDLESS = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * (ANSWER_BYTES_MAX + 100_000)
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
PACKED = answer(gzip.compress(b" " * 5_000_000), headers="Content-Encoding: gzip\r\n")


@asynccontextmanager
async def provider(answers: dict[str, Any]) -> AsyncIterator[OpenIdProvider]:
    """What is asked for a path is answered so; with nothing and no end where there is no answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        try:
            if (found := answers.get(path)) is not None:
                writer.write(found)
                await writer.drain()
                writer.close()
            else:
                await reader.read()  # until the other side gives up
                writer.close()
        except ConnectionError:
            pass

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    answers.setdefault(METADATA, told(metadata(issuer)))
    if isinstance(answers[METADATA], dict):
        answers[METADATA] = told(metadata(issuer) | answers[METADATA])
    settings = OpenIdSettings(
        issuer=issuer,
        client_id="tallystick",
        client_secret=SECRET,
        redirect_uri="http://127.0.0.1:1/login/openid/callback",
    )
    async with server:
        yield OpenIdProvider(settings, time_max=timedelta(milliseconds=500))


def metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/go",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/keys",
    }


TOKENS = told({"access_token": "a", "token_type": "bearer", "id_token": "e30.e30.e30"})
NO_KEYS = told({"keys": []})


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({METADATA: None}, AWAY),
        ({METADATA: b""}, AWAY),
        ({METADATA: b"hello\r\n\r\n"}, AWAY),
        ({METADATA: ENDLESS}, AWAY),
        ({METADATA: HALF}, AWAY),
        ({METADATA: PACKED}, AWAY),
        ({METADATA: answer(b"no", status="404 Not Found")}, AWAY),
        (
            {METADATA: answer(b"", status="302 Found", headers="Location: http://evil.test/\r\n")},
            AWAY,
        ),
        ({METADATA: answer(b"<h1>Hello</h1>")}, ODD),
        ({METADATA: told([])}, ODD),
        ({METADATA: told({"issuer": 5})}, ODD),
        ({METADATA: {"issuer": "https://evil.test"}}, ODD),
        ({METADATA: {"token_endpoint": "http://evil.test/token"}}, ODD),
        ({METADATA: {"jwks_uri": "http://[/"}}, ODD),
        ({METADATA: {"authorization_endpoint": "javascript:alert(1)"}}, ODD),
        ({METADATA: {"userinfo_endpoint": "ftp://evil.test/"}}, ODD),
        ({}, AWAY),
        ({"/token": ENDLESS}, AWAY),
        ({"/token": told([])}, ODD),
        ({"/token": told({"access_token": "a"})}, ODD),
        ({"/token": told({"access_token": "a", "id_token": "b", "expires_in": "soon"})}, ODD),
        ({"/token": told({"error": "invalid_client"})}, "it refused, as 'invalid_client'"),
        ({"/token": told({"error": {"a": "b"}})}, "it refused, as "),
        ({"/token": TOKENS, "/keys": ENDLESS}, AWAY),
        ({"/token": TOKENS, "/keys": told({"keys": {}})}, ODD),
        ({"/token": TOKENS, "/keys": NO_KEYS}, NO_TOKEN),
        ({"/token": TOKENS, "/keys": told({"keys": [{"kty": "RSA"}]})}, NO_TOKEN),
        ({"/token": TOKENS, "/keys": told({"keys": [{"kty": "RSA", "n": 5, "e": []}]})}, NO_TOKEN),
        ({"/token": TOKENS, "/keys": told({"keys": [{"kty": ["RSA"]}]})}, NO_TOKEN),
    ],
)
async def test_what_a_provider_does_is_never_a_fault_of_ours(
    answers: dict[str, Any], why: str
) -> None:
    with capture_logs() as lines:
        async with provider(dict(answers)) as asked, asyncio.timeout(5):
            with pytest.raises(ProviderFailed) as refused:
                await asked.redeem(CODE, issuer="", nonce="n", verifier=VERIFIER, now=NOW)
    assert refused.value.why.startswith(why)
    [line] = lines
    assert line["why"] == refused.value.why
    for secret in (SECRET, CODE, VERIFIER, "e30"):
        assert secret not in f"{line}{refused.value}"


async def test_nobody_has_to_wait_for_one_that_is_not_there() -> None:
    async with provider({}) as asked:
        pass  # whose port is closed from here on
    with pytest.raises(ProviderFailed, match=AWAY):
        await asked.metadata()


def test_neither_settings_nor_provider_show_the_secret() -> None:
    settings = OpenIdSettings(
        issuer="https://a", client_id="b", client_secret=SECRET, redirect_uri="https://c"
    )
    assert SECRET not in f"{settings} {OpenIdProvider(settings)}"
