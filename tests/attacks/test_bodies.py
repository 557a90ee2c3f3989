"""Requests that are too large, never end, come too slowly, or are two at once, on a real server."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from api.harness import Api
from attacks.counting import BODIES, tried
from edges.wire import listening, said, status_of
from tallystick.edges.bodies import limited_bodies
from tallystick.edges.protocol import CarefulProtocol

PLACES = ("PUT /v1/loyalty_programs/1", "POST /v1/sessions", "POST /login", "POST /programs/new")
UPLOADS = ("POST /v1/loyalty_programs/1/imports", "POST /programs/1/imports/new")
HEAD = "host: tallystick.test\r\norigin: http://tallystick.test\r\n"
FORM = "content-type: application/x-www-form-urlencoded\r\n"


class HastyProtocol(CarefulProtocol):
    """One that waits for a hundredth of a second."""

    head_seconds = 0.01


@pytest.fixture
async def port(api: Api) -> AsyncIterator[int]:
    """Of the whole application; once attacked, it must go on to answer others."""
    async with listening(api.app) as port:
        yield port
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/readyz", timeout=30)
        assert answer.status_code == 200


def attacked(answer: bytes, *allowed: int) -> None:
    """Count an answer, which is one of these refusals; or the connection was closed on it."""
    tried(BODIES, refused=True)
    assert not answer or status_of(answer) in allowed, answer[:300]


async def endless(port: int, head: str, piece: bytes, most: int) -> tuple[bytes, int]:
    """What comes back to a request that goes on and on, and how many pieces were taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode())
    answer, sent = b"", 0
    async with asyncio.timeout(60):
        reading = asyncio.ensure_future(reader.read())
        while sent < most and not reading.done():
            try:
                writer.write(piece)
                await writer.drain()
            except ConnectionError:
                break
            sent += 1
            await asyncio.sleep(0)
        try:
            answer = await reading
        except ConnectionError:
            answer = b""
    writer.close()
    return answer, sent


@pytest.mark.parametrize("place", PLACES)
async def test_a_body_that_never_ends_is_given_up(api: Api, port: int, place: str) -> None:
    authorization = f"authorization: {api.manager.headers['Authorization']}\r\n"
    head = f"{place} HTTP/1.1\r\n{HEAD}{FORM}{authorization}transfer-encoding: chunked\r\n\r\n"
    answer, sent = await endless(port, head, b"10000\r\n" + b"x" * 0x10000 + b"\r\n", 4_000)
    attacked(answer, 303, 400, 401, 413, 422)
    assert sent < 1_000, "some sixty megabytes were taken"


@pytest.mark.parametrize("place", [*PLACES, *UPLOADS])
async def test_a_length_beyond_all_limits_is_refused_before_anything_is_sent(
    port: int, place: str
) -> None:
    for length in ("999999999999", "9" * 19, "9" * 400, "-1", "0x10", "1, 2", "+5", " ", "1e3"):
        head = f"{place} HTTP/1.1\r\n{HEAD}connection: close\r\ncontent-length: {length}\r\n\r\n"
        attacked(await said(port, head.encode()), 400, 401, 413, 431)


@pytest.mark.parametrize("place", [*PLACES, *UPLOADS])
async def test_a_body_that_stalls_is_given_up_everywhere(api: Api, place: str) -> None:
    hasty = limited_bodies(api.app, bytes_max=1_000_000, grace_seconds=0.05)
    authorization = f"authorization: {api.manager.headers['Authorization']}\r\n"
    kind = "content-type: multipart/form-data; boundary=b\r\n" if place in UPLOADS else FORM
    async with listening(hasty) as port:
        for length in ("content-length: 1000", "transfer-encoding: chunked"):
            more = f"{kind}{authorization}connection: close\r\n{length}\r\n\r\n"
            head = f"{place} HTTP/1.1\r\n{HEAD}{more}"
            answer = await said(port, head.encode(), b"5\r\nname=")
            attacked(answer, 303, 401, 404, 408)


POST, GET = b"POST /login HTTP/1.1\r\nhost: x\r\n", b"GET / HTTP/1.1\r\nhost: x\r\n"
CHUNKS, CLOSE = b"transfer-encoding: chunked\r\n", b"connection: close\r\n\r\n"
STRANGE = {
    "two lengths": POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a length and chunks": POST + b"content-length: 4\r\n" + CHUNKS + b"\r\n0\r\n\r\n" + GET,
    "chunks by another name": POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a chunk below nothing": POST + CHUNKS + b"\r\n-1\r\n\r\n",
    "a chunk beyond all numbers": POST + CHUNKS + b"\r\n" + b"f" * 40 + b"\r\nx",
    "a name with a blank": b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
    "a folded line": GET + b"x: a\r\n b\r\n\r\n",
    "NUL in a value": GET + b"x: a\x00b\r\n\r\n",
    "a bare line feed": b"GET / HTTP/1.1\nhost: x\nx: a\n\n",
    "no version": b"GET /\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nhost: x\r\n\r\n",
    "a preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": b"CONNECT evil.test:443 HTTP/1.1\r\nhost: x\r\n" + CLOSE,
    "a trace": b"TRACE / HTTP/1.1\r\nhost: x\r\nauthorization: secret\r\n" + CLOSE,
    "an address of another site": b"GET http://evil.test/ HTTP/1.1\r\nhost: x\r\n" + CLOSE,
    "a method of noise": b"\x00\x01\x02\x03 / HTTP/1.1\r\nhost: x\r\n\r\n",
}


@pytest.mark.parametrize("what", STRANGE)
async def test_what_is_no_clean_request_is_refused_and_nothing_is_smuggled(
    port: int, what: str
) -> None:
    answer = await said(port, STRANGE[what], eof=True)
    attacked(answer, 303, 400, 403, 404, 405, 501, 505)
    assert b"secret" not in answer
    assert answer.count(b"HTTP/1.1 ") <= 1, answer


async def test_heads_that_stall_do_not_keep_others_waiting(api: Api) -> None:
    async with listening(api.app, HastyProtocol) as port:
        slow = [said(port, f"GET /{n} HTTP/1.1\r\nx: ".encode()) for n in range(100)]
        for answer in await asyncio.gather(*slow):
            attacked(answer, 408)
