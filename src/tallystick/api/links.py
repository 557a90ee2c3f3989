"""Links by which people set a password: made by admins, used by whoever has one."""

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.program_roles import ProgramRoleBody, roles_in
from tallystick.api.sessions import session_body
from tallystick.api.users import forget_reach, user_id_in
from tallystick.api.wire import SessionBody
from tallystick.core.validity import render_instant
from tallystick.edges.origin import origin_of
from tallystick.services import links as service
from tallystick.services.links import Invitation, Link


class NewInvitation(msgspec.Struct):
    """Who is invited, and what they will be."""

    email: str
    name: str = ""
    isAdmin: bool = False
    programRoles: list[ProgramRoleBody] = []


class LinkBody(msgspec.Struct):
    """The link of a user: `token` is shown this once, and good once until `expires`."""

    userId: int
    token: str
    expires: str


class UseLink(msgspec.Struct):
    """The token of a link, the password that its owner chose, and a code if they have such."""

    token: str
    password: str
    code: str | None = None


async def post_invitation(call: Call[Nothing, NewInvitation]) -> LinkBody:
    """Invite somebody: pass the link on, nothing is sent from here."""
    body = call.body
    wish = Invitation(
        email=body.email,
        name=body.name,
        is_admin=body.isAdmin,
        roles=roles_in(body.programRoles),
    )
    return _body(await service.invite_user(call.context, call.known_caller, wish))


async def post_password_link(call: Call[Nothing, Nothing]) -> LinkBody:
    """A new link for somebody who was invited, or has lost their password; the last one is void."""
    return _body(await service.renew_link(call.context, call.known_caller, user_id_in(call)))


async def use_link(call: Call[Nothing, UseLink]) -> SessionBody:
    """Set the password of whoever the link is for, and sign them in; their other sessions end."""
    body = call.body
    session = await service.use_link(
        call.context,
        body.token,
        password=body.password,
        code=body.code,
        origin=origin_of(call.request),
    )
    forget_reach(call)
    return session_body(session)


def _body(link: Link) -> LinkBody:
    return LinkBody(userId=link.user_id, token=link.token, expires=render_instant(link.expires_at))
