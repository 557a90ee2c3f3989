"""How large a body may be, and how slowly it may come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive

from edges.harness import application, client_of
from tallystick.edges.bodies import FRAME_BYTES, limited_bodies

CHUNKED = [(b"transfer-encoding", b"chunked")]
MOST = FRAME_BYTES + 1_000


async def pieces(size: int) -> AsyncIterator[bytes]:
    """A body of that size, whose length is not told."""
    for _ in range(size // 1_000):
        yield b"x" * 1_000


@pytest.mark.parametrize("size", [0, 1_000, MOST])
async def test_a_body_within_the_limit_arrives(size: int) -> None:
    async with client_of(application(body_bytes_max=1_000)) as client:
        assert (await client.post("/", content=b"x" * size)).json()["size"] == size


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_beyond_the_limit_is_refused_whether_its_length_is_told_or_not(
    *, told: bool
) -> None:
    content = b"x" * (MOST + 1_000) if told else pieces(MOST + 1_000)
    async with client_of(application(careful, body_bytes_max=1_000)) as client:
        answer = await client.post("/", content=content)
    assert answer.status_code == 413
    assert answer.json()["StatusCode"] == 413
    assert "101,000 bytes" in answer.json()["message"]
    assert answer.headers["Connection"] == "close"


async def test_a_body_that_stalls_is_refused() -> None:
    sent = await _posted([b"x"], grace_seconds=0.01)
    assert [message["status"] for message in sent if "status" in message] == [408]


async def test_an_application_that_waits_for_the_end_of_a_reader_is_left_alone() -> None:
    async def waits(
        _scope: Any, receive: Receive, send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await receive()
        await asyncio.wait_for(receive(), 0.05)
        await send({"type": "http.response.start", "status": 204, "headers": []})

    with pytest.raises(TimeoutError):
        await _run(limited_bodies(waits, bytes_max=0, grace_seconds=0.01), [b""], more=False)


async def careful(request: Request) -> Response:
    """Reads its body as an operation does."""
    try:
        await request.body()
    except ClientDisconnect:
        return Response(status_code=400)
    return Response()


async def _posted(body: list[bytes], *, grace_seconds: float) -> list[Message]:
    async def app(scope: Any, receive: Receive, send: Any) -> None:
        answer = await careful(Request(scope, receive))
        await answer(scope, receive, send)

    return await _run(
        limited_bodies(app, bytes_max=0, grace_seconds=grace_seconds), body, more=True
    )


async def _run(app: Any, body: list[bytes], *, more: bool) -> list[Message]:
    """What is sent to a client that goes silent after these pieces."""
    sent: list[Message] = []

    async def receive() -> Message:
        if body:
            return {"type": "http.request", "body": body.pop(0), "more_body": more}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": CHUNKED, "query_string": b""}
    await app(scope, receive, send)
    return sent
