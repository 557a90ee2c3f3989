"""What an empty installation is given: its first admin, and the demo with keys to try it out."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tallystick.services import demo as demo_service
from tallystick.services.accounts import create_user, has_users
from tallystick.services.callers import CallerKind
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.services.programs import list_programs

KEY_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """How to sign in for the first time, and what to try.

    `password` is None if the operator chose it. The demo's fields are None without a demo.
    """

    email: str
    password: str | None
    program_id: int | None = None
    member: str | None = None
    integration_key: str | None = None
    management_key: str | None = None


async def first_start(
    context: Context,
    *,
    email: str,
    password: str | None,
    demo: bool,
    keep: Callable[[Welcome], None],
) -> None:
    """Fill an installation in which nobody can sign in yet; do nothing in any other.

    `keep` is called with the welcome before the admin is made, so that no password is ever lost: a
    start that is broken off is simply made again.
    """
    if await has_users(context):
        return
    chosen = password or secrets.token_urlsafe(16)
    shown = None if password else chosen
    welcome = Welcome(email=email, password=shown)
    if demo:
        welcome = await _with_demo(context, welcome)
    keep(welcome)
    await create_user(context, email=email, password=chosen, is_admin=True)


async def _with_demo(context: Context, welcome: Welcome) -> Welcome:
    programs = await list_programs(context)
    program = programs[0] if programs else await demo_service.make_demo(context)
    integration, management = [
        await create_key(context, kind=kind, name="Demo", life=KEY_LIFE)
        for kind in (CallerKind.INTEGRATION, CallerKind.MANAGEMENT)
    ]
    return Welcome(
        email=welcome.email,
        password=welcome.password,
        program_id=program.id,
        member=demo_service.MEMBERS[0],
        integration_key=integration.key,
        management_key=management.key,
    )
