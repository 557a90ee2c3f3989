"""Heads of requests as they come over a real connection: how large, how many, how slow."""

import json

import pytest
import structlog

from attacks.counting import BODIES, tried
from edges.harness import application
from edges.wire import listening, said
from tallystick.edges.protocol import HEAD_BYTES_MAX, HEADERS_MAX, CarefulProtocol

OPENING = b"GET / HTTP/1.1\r\nhost: tallystick.test\r\n"


class HastyProtocol(CarefulProtocol):
    """One that waits for a hundredth of a second."""

    head_seconds = 0.01


def status(answer: bytes) -> int:
    """The status, once it is seen that the answer has the contract's shape."""
    head, _, body = answer.partition(b"\r\n\r\n")
    found = int(head.split()[1])
    tried(BODIES, refused=found >= 400)
    assert json.loads(body)["StatusCode"] == found
    return found


async def test_a_request_within_limits_is_answered() -> None:
    more = b"".join(b"x-%d: y\r\n" % n for n in range(HEADERS_MAX - 3))
    async with listening(application()) as port:
        answer = await said(port, OPENING, more, b"connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"".join(b"x-%d: y\r\n" % n for n in range(HEADERS_MAX)), id="too many"),
        pytest.param(b"x: " + b"y" * HEAD_BYTES_MAX + b"\r\n", id="one too large"),
        pytest.param(b"x: y" * HEAD_BYTES_MAX, id="one that never ends"),
        pytest.param(
            b"".join(b"x-%d: %s\r\n" % (n, b"y" * 1_000) for n in range(80)), id="large together"
        ),
    ],
)
async def test_a_head_beyond_limits_is_refused_and_the_connection_closed(rest: bytes) -> None:
    async with listening(application()) as port:
        assert status(await said(port, OPENING, rest, b"\r\n")) == 431


async def test_an_address_beyond_limits_is_refused() -> None:
    async with listening(application()) as port:
        path = b"/" + b"x" * HEAD_BYTES_MAX
        assert status(await said(port, b"GET " + path + b" HTTP/1.1\r\nhost: x\r\n\r\n")) == 431


async def test_what_is_not_http_is_refused_in_the_contracts_shape() -> None:
    async with listening(application()) as port:
        assert status(await said(port, b"\x16\x03\x01 this is TLS\r\n\r\n")) == 400


async def test_a_head_that_stalls_is_refused() -> None:
    async with listening(application(), HastyProtocol) as port:
        assert status(await said(port, OPENING)) == 408


async def test_a_connection_on_which_nothing_comes_is_closed() -> None:
    async with listening(application(), HastyProtocol) as port:
        assert await said(port) == b""


@pytest.mark.parametrize(
    "framing",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        b"content-length: 4\r\ncontent-length: 44\r\n",
        b"content-length: +4\r\n",
        b"content-length: 4, 44\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"transfer-encoding: xchunked\r\n",
        b"transfer-encoding : chunked\r\n",
        b"transfer-encoding:\x0bchunked\r\n",
        b"x: y\r\n transfer-encoding: chunked\r\n",
    ],
    ids=ascii,
)
async def test_a_request_whose_end_is_in_doubt_is_refused_with_all_that_follows(
    framing: bytes,
) -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nhost: tallystick.test\r\n\r\n"
    async with listening(application()) as port:
        head = b"POST / HTTP/1.1\r\nhost: tallystick.test\r\n" + framing + b"\r\n"
        answer = await said(port, head + b"0\r\n\r\n" + hidden)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert status(answer) == 400


async def test_a_head_that_is_refused_leaves_a_line_in_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        async with listening(application()) as port:
            await said(port, b"this is no request\r\n\r\n")
    [line] = lines
    assert (line["code"], line["address"]) == ("bad_request", "127.0.0.1")
