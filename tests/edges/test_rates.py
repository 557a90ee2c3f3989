"""How many requests a second one key may send."""

import structlog

from edges.harness import application, client_of


async def test_a_key_that_asks_too_often_is_told_to_wait_and_others_are_not() -> None:
    app = application(requests_per_second_max=3)
    hasty, other = {"Authorization": "ApiKey-v1 a"}, {"Authorization": "ApiKey-v1 b"}
    async with client_of(app) as client:
        statuses = [(await client.get("/", headers=hasty)).status_code for _ in range(3)]
        answer = await client.get("/", headers=hasty)
        assert (await client.get("/", headers=other)).status_code == 200
    assert statuses == [200, 200, 200]
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == 1
    assert answer.json()["message"].startswith("more than 3 requests a second")


async def test_who_shows_nothing_is_counted_by_address() -> None:
    app = application(requests_per_second_max=1)
    async with client_of(app, "192.0.2.1") as one, client_of(app, "192.0.2.2") as two:
        found = [(await client.get("/")).status_code for client in (one, one, two)]
    assert found == [200, 429, 200]


async def test_there_is_no_limit_unless_set() -> None:
    async with client_of(application()) as client:
        assert {(await client.get("/")).status_code for _ in range(50)} == {200}


async def test_who_is_told_to_wait_leaves_one_line_however_often_they_ask() -> None:
    with structlog.testing.capture_logs() as lines:
        async with client_of(application(requests_per_second_max=1), "192.0.2.1") as client:
            found = [(await client.get("/")).status_code for _ in range(4)]
    assert found == [200, 429, 429, 429]
    [line] = lines
    assert (line["code"], line["address"]) == ("too_many_requests", "192.0.2.1")
