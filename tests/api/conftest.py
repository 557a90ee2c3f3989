"""An application that the tests of a module share, and members of the test's own."""

from collections.abc import AsyncIterator

import pytest

from api.harness import Api, Member, running_api
from services.harness import NOW


@pytest.fixture(scope="module")
async def module_api(module_database_url: str) -> AsyncIterator[Api]:
    """The application of a module."""
    async with running_api(module_database_url) as api:
        yield api


@pytest.fixture
def api(module_api: Api) -> Api:
    """The same with its clock at NOW."""
    module_api.clock.now = NOW
    return module_api


@pytest.fixture
async def ann(api: Api) -> Member:
    """Ann has 100 points in a program with subledgers in which nobody may owe points."""
    return await api.member(await api.program())
