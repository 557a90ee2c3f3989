"""What tests of API and pages are given, and a program that some of them must not know of."""

import pytest

from api.conftest import api, module_api  # noqa: F401 - fixtures
from api.harness import Api
from attacks.browsing import token_of
from attacks.marked import Marked, make_marked
from services.harness import NOW
from web.conftest import browser, module_site, site  # noqa: F401 - fixtures

CANARY = "Kanarienvogel"


@pytest.fixture(scope="module")
async def hidden(module_api: Api) -> Marked:  # noqa: F811 - the fixture
    """A program of others, and all that belongs to it; every text in it has a word of its own."""
    module_api.clock.now = NOW
    return await make_marked(module_api, CANARY)


@pytest.fixture(scope="module")
async def admin_token(module_api: Api) -> str:  # noqa: F811 - the fixture
    """What the browser of an admin sends who has signed in."""
    module_api.clock.now = NOW
    return token_of(await module_api.person(is_admin=True))
