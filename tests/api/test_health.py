"""`/healthz` and `/readyz`, and what everybody is told while the database is away."""

from urllib.parse import urlsplit

import asyncpg
import pytest

from api.harness import Api, new_client, refusal, running_api, running_app
from conftest import Server
from tallystick.services.context import Context
from tallystick.store.db import Database


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_process_that_works_says_so(api: Api, path: str) -> None:
    answer = await api.anybody.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_database_that_is_not_there_makes_the_process_unready() -> None:
    database = await Database.open("postgresql://nobody@127.0.0.1:1/nothing", size=1)
    async with running_app(Context(database=database, secret=b"none is needed")) as app:
        client = new_client(app)
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
        assert refusal(answer, 503)["title"] == "busy"
        assert int(answer.headers["retry-after"]) > 0


async def test_a_database_that_goes_away_is_waited_for(server: Server, database_url: str) -> None:
    name = urlsplit(database_url).path[1:]
    end_all = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1"
    administrator = await asyncpg.connect(server.url)
    async with running_api(database_url) as api:
        ann = await api.member(await api.program())
        await administrator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await administrator.execute(end_all, name)
        for answer in (
            await api.anybody.get("/readyz"),
            await ann.balances(),
            await ann.add(1),
            await ann.transactions(),
        ):
            assert refusal(answer, 503)["title"] == "busy"
            assert int(answer.headers["retry-after"]) > 0
        assert (await api.anybody.get("/healthz")).status_code == 200
        await administrator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert (await api.anybody.get("/readyz")).status_code == 200
        assert await ann.balance() == {"active": 100}
        assert (await ann.add(1)).status_code == 204
    await administrator.close()
