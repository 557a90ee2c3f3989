"""The setup of an empty installation by whoever has the link that its server printed.

The link's token is worked out from the installation's secret: nothing is stored, every server
process knows it, and it opens nothing once anybody can sign in.
"""

import hmac
from dataclasses import dataclass, field

from tallystick.core.accounts import Origin
from tallystick.core.errors import NotFound
from tallystick.core.programs import ProgramSettings
from tallystick.services.accounts import enter_user, has_users, new_user
from tallystick.services.callers import Caller, CallerKind, secret_digest
from tallystick.services.context import Context
from tallystick.services.demo import enter_demo
from tallystick.services.programs import create_program_within
from tallystick.store import accounts as store

_PURPOSE = "the setup page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The first admin, the first program if one is wanted, and whether the demo is."""

    email: str
    password: str = field(repr=False)
    program: ProgramSettings | None
    demo: bool


async def open_setup(context: Context) -> str | None:
    """The token of the setup page; None once anybody can sign in."""
    return None if await has_users(context) else _token(context)


async def check_setup(context: Context, token: str) -> None:
    """Nothing, if the token opens the setup page. Errors: NotFound."""
    if await has_users(context) or not hmac.compare_digest(
        token.encode(), _token(context).encode()
    ):
        raise _gone()


async def set_up(context: Context, token: str, wish: Setup, *, origin: Origin) -> None:
    """Make the first admin and what else is wanted, all or nothing; it is written down as theirs.

    Of two at the same moment only one does. Errors: NotFound once anybody can sign in, and for a
    wrong token; InvalidField.
    """
    await check_setup(context, token)
    admin = await new_user(email=wish.email, password=wish.password, name="", is_admin=True)
    now = context.clock()
    async with context.database.transaction() as tx:
        await store.lock_users(tx)
        if await store.has_users(tx):
            raise _gone()
        user_id = await enter_user(tx, admin, now=now, by_themselves=origin)
        if wish.program is not None:
            caller = Caller(kind=CallerKind.PERSON, user_id=user_id, origin=origin)
            await create_program_within(tx, wish.program, now=now, caller=caller)
        if wish.demo:
            await enter_demo(tx, now=now)


def _token(context: Context) -> str:
    return secret_digest(context, _PURPOSE).hex()


def _gone() -> NotFound:
    return NotFound("page", "setup")
