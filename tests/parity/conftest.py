"""The application that the tests of a module share, and the clients that all of them share."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from parity.clients import COMMANDS, Client, running_client
from parity.harness import World, running_world
from services.harness import NOW


@pytest.fixture(scope="session")
async def clients() -> AsyncIterator[dict[str, Client]]:
    """Every official client, running."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(running_client(name)) for name in COMMANDS}


@pytest.fixture(scope="module")
async def module_world(module_database_url: str) -> AsyncIterator[World]:
    """The application of a module."""
    async with running_world(module_database_url) as world:
        yield world


@pytest.fixture
def world(module_world: World) -> World:
    """The same with its clock at NOW."""
    module_world.clock.now = NOW
    return module_world
