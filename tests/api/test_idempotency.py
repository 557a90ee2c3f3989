"""Idempotency-Key on writes that are no postings: done once, answered the same."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.harness import Api, exact, new_client, new_key, program_path, refusal
from services.harness import new_name
from tallystick.services.callers import CallerKind


@pytest.fixture
def key() -> str:
    return new_name("key")


async def create(client: httpx.AsyncClient, key: str, **body: Any) -> httpx.Response:
    return await client.post(
        "/v1/loyalty_programs",
        json={"timezone": "UTC", **body},
        headers={"Idempotency-Key": key},
    )


async def test_a_write_that_comes_again_is_answered_as_before(api: Api, key: str) -> None:
    name = new_name("program")
    first, again = (
        await create(api.manager, key, name=name),
        await create(api.manager, key, name=name),
    )
    assert exact(first) == exact(again)
    assert (first.status_code, again.status_code) == (201, 201)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]


async def test_a_key_stands_for_one_request(api: Api, key: str) -> None:
    await create(api.manager, key, name=new_name("program"))
    found = refusal(await create(api.manager, key, name=new_name("program")), 422)
    assert found["title"] == "key_reused"


async def test_everybody_has_keys_of_their_own(api: Api, key: str) -> None:
    other = new_client(api.app, await new_key(api.context, CallerKind.MANAGEMENT))
    await create(api.manager, key, name=new_name("program"))
    assert (await create(other, key, name=new_name("program"))).status_code == 201


async def test_after_a_refusal_the_key_can_be_used_again(api: Api, key: str) -> None:
    refusal(await create(api.manager, key, name=""), 400)
    assert (await create(api.manager, key, name=new_name("program"))).status_code == 201


async def test_the_same_write_many_times_at_once_is_done_once(api: Api, key: str) -> None:
    name = new_name("program")
    answers = await asyncio.gather(*(create(api.manager, key, name=name) for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    made = [
        p for p in exact(await api.manager.get("/v1/loyalty_programs"))["data"] if p["name"] == name
    ]
    assert len(made) == 1


async def test_an_import_that_comes_again_is_imported_once(api: Api, key: str) -> None:
    program = await api.program()
    for _ in range(2):
        answer = await api.manager.post(
            f"{program_path(program)}/import_points",
            files={"upFile": b"customerprofileid,amount\nann,5\n"},
            headers={"Idempotency-Key": key},
        )
        assert answer.is_success
    found = exact(await api.shop.get(f"{program_path(program)}/profile/ann/balances"))
    assert found["balance"]["activePoints"] == 5


async def test_a_key_is_forgotten_after_thirty_days(api: Api, key: str) -> None:
    await create(api.manager, key, name=new_name("program"))
    api.clock.now += timedelta(days=31)
    assert (await create(api.manager, key, name=new_name("program"))).status_code == 201
