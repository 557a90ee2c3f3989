"""Paths and methods that there are not, HEAD, and clients that go away."""

from http import HTTPStatus

import pytest
from starlette.types import Message

from api.harness import Api, Member, program_path


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v2/loyalty_programs",
        "/V1/loyalty_programs",
        "/v1/loyalty_programs/",
        "//v1/loyalty_programs",
        "/v1%2Floyalty_programs",
        "/v1/loyalty_programs/1/profile//balances",
        "/v1/loyalty_programs/1/profile/a/b/balances",
        "/v1/loyalty_programs/1/profile/a/balances/",
        "/%00",
        "/%ff%fe",
        "/" + "x" * 10_000,
        "/../etc/passwd",
    ],
    ids=lambda path: path[:40],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "OPTIONS"])
async def test_an_unknown_path_is_not_found(api: Api, method: str, path: str) -> None:
    answer = await api.anybody.request(method, path)
    assert answer.status_code == 404
    assert answer.json() == {
        "message": HTTPStatus.NOT_FOUND.description,
        "errors": [],
        "StatusCode": 404,
    }


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("PATCH", "/v1/loyalty_programs", {"GET", "HEAD", "POST"}),
        ("GET", "/v1/sessions", {"POST", "DELETE"}),
        ("HEAD", "/v1/sessions", {"POST", "DELETE"}),
        ("GET", "/v1/loyalty_programs/1/profile/ann/add_points", {"PUT"}),
        ("POST", "/v1/loyalty_programs/1/profile/ann/add_points", {"PUT"}),
        ("OPTIONS", "/v1/loyalty_programs/1/import_points", {"POST"}),
        ("BREW", "/v1/loyalty_programs/1", {"GET", "HEAD", "PUT", "DELETE"}),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    api: Api, method: str, path: str, allowed: set[str]
) -> None:
    answer = await api.anybody.request(method, path)
    assert answer.status_code == 405
    if method != "HEAD":
        assert answer.json() == {
            "message": HTTPStatus.METHOD_NOT_ALLOWED.description,
            "errors": [],
            "StatusCode": 405,
        }
    assert set(answer.headers["allow"].split(", ")) == allowed


async def test_head_is_answered_like_get(api: Api, ann: Member) -> None:
    for client, path in (
        (api.anybody, "/healthz"),
        (api.manager, program_path(ann.program)),
        (api.shop, f"{ann.path}/balances"),
        (api.anybody, f"{ann.path}/balances"),
    ):
        headers = {"X-Request-Id": "the-same"}
        got = await client.get(path, headers=headers)
        head = await client.head(path, headers=headers)
        assert (got.status_code, dict(got.headers)) == (head.status_code, dict(head.headers))


async def test_a_slash_within_an_id_does_not_end_its_segment(api: Api, ann: Member) -> None:
    other = await api.member(ann.program, name=f"{ann.name}/balances")
    answer = await api.shop.get(f"{ann.path}%2Fbalances/balances")
    assert answer.json() == (await other.balances()).json()
    assert other.path.endswith("%2Fbalances")


async def test_a_client_that_goes_away_in_the_middle_writes_nothing(api: Api, ann: Member) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"points":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    path = f"{ann.path}/add_points"
    scope = {
        "type": "http",
        "method": "PUT",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"authorization", api.manager.headers["authorization"].encode())],
    }
    await api.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert await ann.names() == [""]
