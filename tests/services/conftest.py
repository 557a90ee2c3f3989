"""Use cases on a database that the tests of a module share, by a clock that stands at NOW."""

from collections.abc import AsyncIterator

import pytest

from conftest import SECRET
from services.harness import NOW, Clock, new_program
from tallystick.core.programs import Program
from tallystick.services.context import Context
from tallystick.store.db import Database


@pytest.fixture(scope="module")
def clock() -> Clock:
    """The clock of the module's context."""
    return Clock()


@pytest.fixture(scope="module")
async def module_context(module_database_url: str, clock: Clock) -> AsyncIterator[Context]:
    """What the use cases of a module are given; its tests make their own programs and members."""
    database = await Database.connect(module_database_url, size=5)
    yield Context(database=database, secret=SECRET, clock=clock)
    await database.close()


@pytest.fixture
def shared(module_context: Context, clock: Clock) -> Context:
    """The same with its clock at NOW."""
    clock.now = NOW
    return module_context


@pytest.fixture
async def program(shared: Context) -> Program:
    """A program without members, with subledgers, in which nobody may owe points."""
    return await new_program(shared)
