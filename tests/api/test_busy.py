"""What is told when there is too much work, a member is locked, or a connection breaks."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest

from api.harness import Member, refusal, running_api
from tallystick.services.context import Limits
from tallystick.store.db import Connection

HELD_UP = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def outsider(owner_url: str) -> AsyncIterator[Connection]:
    """Somebody else's connection, who can lock tables and end connections."""
    outsider = await asyncpg.connect(owner_url)
    yield outsider
    await outsider.close()


async def end_who_is_held_up(outsider: Connection) -> None:
    """Wait until a connection is held up by a lock, and end it."""
    while not (pids := await outsider.fetch(HELD_UP)):
        pass
    for row in pids:
        await outsider.execute("SELECT pg_terminate_backend($1, 5000)", row["pid"])


async def post_over_a_broken_connection(
    ann: Member, outsider: Connection, *, key: str | None
) -> httpx.Response:
    """The answer to a posting whose first connection breaks before its commit."""
    async with outsider.transaction():
        await outsider.execute("LOCK TABLE lot IN SHARE MODE")
        posting = asyncio.create_task(ann.put("add_points", {"points": 5}, key=key))
        await end_who_is_held_up(outsider)
    return await posting


async def test_a_full_queue_is_told_at_once(database_url: str) -> None:
    async with running_api(database_url, limits=Limits(queued_postings_max=0)) as api:
        ann = await api.member(await api.program())
        answer = await ann.add(1)
        assert refusal(answer, 503)["title"] == "busy"
        assert "the ledger is busy; nothing was written, try again" in answer.text
        assert answer.headers["retry-after"] == "1"
        assert await ann.balance() == {"active": 100}


async def test_a_locked_member_is_waited_for_a_while(
    database_url: str, outsider: Connection
) -> None:
    async with running_api(database_url, limits=Limits(holder_wait_seconds=0)) as api:
        ann = await api.member(await api.program())
        bea = await api.member(ann.program)
        async with outsider.transaction():
            await outsider.execute(
                "SELECT 1 FROM holder WHERE integration_id = $1 FOR UPDATE", ann.name
            )
            answer = await ann.add(1)
            assert refusal(answer, 503)["title"] == "busy"
            assert "the member is busy" in answer.text
            assert answer.headers["retry-after"] == "1"
            assert (await bea.add(1)).status_code == 204
        assert (await ann.add(1)).status_code == 204
        assert await ann.balance() == {"active": 101}


async def test_a_posting_whose_connection_broke_has_an_unknown_outcome(
    database_url: str, outsider: Connection
) -> None:
    async with running_api(database_url) as api:
        ann = await api.member(await api.program())
        answer = await post_over_a_broken_connection(ann, outsider, key=None)
        found = refusal(answer, 503)
        assert found["title"] == "outcome_unknown"
        assert "send an Idempotency-Key so that repeating is safe" in found["details"]
        assert "retry-after" not in answer.headers
        assert await ann.balance() == {"active": 100}


async def test_a_posting_with_a_key_is_repeated_for_its_sender(
    database_url: str, outsider: Connection
) -> None:
    async with running_api(database_url) as api:
        ann = await api.member(await api.program())
        answer = await post_over_a_broken_connection(ann, outsider, key="k-1")
        assert answer.status_code == 204
        assert await ann.balance() == {"active": 105}


async def test_an_import_whose_connection_broke_wrote_nothing(
    database_url: str, outsider: Connection
) -> None:
    async with running_api(database_url) as api:
        ann = await api.member(await api.program())
        path = f"/v1/loyalty_programs/{ann.program.id}/import_points"
        file = f"customerprofileid,amount\n{ann.name},5\n".encode()
        async with outsider.transaction():
            await outsider.execute("LOCK TABLE lot IN SHARE MODE")
            importing = asyncio.create_task(api.manager.post(path, files={"upFile": file}))
            await end_who_is_held_up(outsider)
        assert refusal(await importing, 503)["title"] == "outcome_unknown"
        assert await ann.balance() == {"active": 100}
        assert (await api.manager.post(path, files={"upFile": file})).status_code == 200
        assert await ann.balance() == {"active": 105}
