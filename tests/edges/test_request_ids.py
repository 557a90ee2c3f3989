"""Each request has an id that its answer, the log and the application agree on."""

import pytest
import structlog
from starlette.requests import Request
from starlette.responses import Response
from structlog.contextvars import get_contextvars

from edges.harness import application, client_of
from tallystick.edges import Edges, inside


async def test_a_request_without_an_id_is_given_one() -> None:
    async with client_of(application()) as client:
        first, second = await client.get("/"), await client.get("/")
    for answer in (first, second):
        assert answer.headers["X-Request-Id"] == answer.json()["request_id"]
        assert len(answer.headers["X-Request-Id"]) == 32
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


@pytest.mark.parametrize("name", ["7", "a-b_c.d:e", "x" * 64])
async def test_an_id_that_came_along_is_kept(name: str) -> None:
    async with client_of(application()) as client:
        answer = await client.get("/", headers={"X-Request-Id": name})
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"] == name


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", 'a"b', "{}", "a\tb", "<b>", "é"], ids=ascii)
async def test_what_cannot_be_an_id_is_replaced(name: str) -> None:
    async with client_of(application()) as client:
        answer = await client.get("/", headers={b"X-Request-Id": name.encode("latin-1")})
    assert len(answer.headers["X-Request-Id"]) == 32


async def test_the_log_is_told_while_the_request_lasts_and_no_longer() -> None:
    seen: list[object] = []

    async def look(_request: Request) -> Response:
        seen.append(get_contextvars())
        return Response()

    async with client_of(application(look)) as client:
        await client.get("/", headers={"X-Request-Id": "till-7"})
    assert seen == [{"request_id": "till-7"}]
    assert get_contextvars() == {}


async def test_a_fault_is_logged_under_the_id_and_shows_nothing_of_its_inside() -> None:
    async def fail(*_request: object) -> None:
        raise ZeroDivisionError("a secret")

    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        async with client_of(inside(fail, Edges())) as client:
            answer = await client.get("/", headers={"X-Request-Id": "till-7"})
    assert answer.status_code == 500
    assert answer.json() == {
        "message": "the server made a mistake; its log says more",
        "errors": [],
        "StatusCode": 500,
    }
    assert answer.headers["X-Request-Id"] == "till-7"
    [line] = lines
    assert (line["request_id"], line["log_level"]) == ("till-7", "error")
