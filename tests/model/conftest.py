"""The real ledger of the model tests, on an event loop of its own that they step by hand."""

import asyncio
from collections.abc import Iterator

import pytest

from model.real import Clock, RealLedger
from tallystick.services.context import Context
from tallystick.store.db import Database


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """Runs coroutines from tests that are not coroutines, as those drawn by Hypothesis are."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        yield runner


@pytest.fixture(scope="module")
def real_ledger(
    module_database_url: str, module_owner_url: str, runner: asyncio.Runner
) -> Iterator[RealLedger]:
    """The programs of the histories in a database that nobody else uses."""
    database = runner.run(Database.connect(module_database_url, size=2))
    owner = runner.run(Database.connect(module_owner_url, size=1))
    clock = Clock()
    context = Context(database=database, secret=b"none is needed", clock=clock)
    ledger = RealLedger(context, owner, clock)
    runner.run(ledger.create_programs())
    yield ledger
    runner.run(database.close())
    runner.run(owner.close())
