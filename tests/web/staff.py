"""People, keys and what they did, for pages that show them."""

from datetime import timedelta

from api.harness import PASSWORD, Api
from services.harness import ADMIN, NOW, give_role
from tallystick.core.accounts import ApplicationSettings, Origin, UserState
from tallystick.core.ids import UserId
from tallystick.core.programs import Program
from tallystick.core.roles import ProgramRole, Role
from tallystick.core.sessions import SessionKind
from tallystick.services.accounts import create_user
from tallystick.services.applications import create_application
from tallystick.services.callers import Endpoint
from tallystick.services.keys import create_application_key, create_management_key
from tallystick.services.links import Invitation, invite_user
from tallystick.services.sessions import sign_in
from tallystick.services.users import UserWish, update_user

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


async def make_staff(api: Api, program: Program) -> dict[str, object]:
    """Somebody of each state, and keys of each kind; what they fill paths with comes back."""
    tom = await _person(api, "Tom Reis", "tom.reis@example.com")
    await give_role(api.context, tom, program, Role.SUPPORT)
    await sign_in(
        api.context,
        email="tom.reis@example.com",
        password=PASSWORD,
        kind=SessionKind.BROWSER,
        origin=Origin(address="192.0.2.7", user_agent=FIREFOX),
    )
    gone = await _person(api, "Maya Okafor", "maya.okafor@example.com")
    await update_user(api.context, ADMIN, gone, UserWish(state=UserState.DEACTIVATED))
    viewer = ProgramRole(program_id=program.id, role=Role.VIEWER)
    wish = Invitation(email="ana.prata@example.com", name="Ana Prata", roles=(viewer,))
    await invite_user(api.context, ADMIN, wish)
    return {"person": tom, "session": 1, **await _keys(api)}


async def _person(api: Api, name: str, email: str) -> UserId:
    return await create_user(api.context, email=email, password=PASSWORD, name=name)


async def _keys(api: Api) -> dict[str, object]:
    settings = ApplicationSettings(
        name="Web shop", description="Orders and returns", timezone="Europe/Lisbon", currency="EUR"
    )
    application = await create_application(api.context, settings)
    later = NOW + timedelta(days=200)
    key = await create_application_key(
        api.context, ADMIN, application.id, title="Checkout", expires_at=later
    )
    await create_management_key(
        api.context,
        ADMIN,
        name="Accounting",
        expires_at=later,
        endpoints=[
            Endpoint(path="/v1/loyalty_programs/{loyaltyProgramId}/export_balances", method="GET"),
            Endpoint(path="/v1/changes"),
        ],
        allowed_application_ids=[application.id],
    )
    return {"application": application.id, "key": key.key_id}
