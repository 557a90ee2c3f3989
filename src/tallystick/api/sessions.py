"""Signing in and out, and where somebody is signed in."""

from typing import Literal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.users import forget_reach, user_id_in
from tallystick.api.wire import NewSession, SessionBody
from tallystick.core.sessions import OpenSession
from tallystick.core.validity import render_instant
from tallystick.edges.origin import origin_of
from tallystick.services import sessions as service
from tallystick.services.sessions import Session


class OpenSessionBody(msgspec.Struct, omit_defaults=True):
    """A session; `seen` is written once a minute at most. `isThis`: the one that asks."""

    id: int
    kind: Literal["bearer", "browser"]
    created: str
    seen: str
    expires: str
    userAgent: str
    isThis: bool
    address: str | None = None


class OpenSessionsBody(msgspec.Struct):
    """All sessions of a user, the last seen first."""

    totalResultSize: int
    data: list[OpenSessionBody]


async def create_session(call: Call[Nothing, NewSession]) -> SessionBody:
    """A token for `Authorization: Bearer`, good for three months."""
    body = call.body
    session = await service.sign_in(
        call.context,
        email=body.email,
        password=body.password,
        code=body.code,
        origin=origin_of(call.request),
    )
    return session_body(session)


async def destroy_session(call: Call[Nothing, Nothing]) -> None:
    """End the session whose token came along."""
    authorization = call.request.headers["Authorization"]
    token = authorization.partition(" ")[2].strip()
    await service.sign_out(call.context, token, origin=origin_of(call.request))
    call.house.doorkeeper.forget(authorization)


async def get_user_sessions(call: Call[Nothing, Nothing]) -> OpenSessionsBody:
    """Where a user is signed in; who is no admin sees their own only."""
    caller = call.known_caller
    found = await service.list_sessions(call.context, caller, user_id_in(call))
    data = [_open_session(each, this=each.session_id == caller.session_id) for each in found]
    return OpenSessionsBody(totalResultSize=len(data), data=data)


async def delete_user_session(call: Call[Nothing, Nothing]) -> None:
    """End a session of a user; its token opens nothing any more."""
    number = call.number_in_path("sessionId", "session")
    await service.end_session(call.context, call.known_caller, user_id_in(call), number)
    forget_reach(call)


async def delete_other_sessions(call: Call[Nothing, Nothing]) -> None:
    """End all of your sessions but this one."""
    await service.end_other_sessions(call.context, call.known_caller)
    forget_reach(call)


def session_body(session: Session) -> SessionBody:
    """A new session on the wire."""
    return SessionBody(
        userId=session.user_id, token=session.token, created=render_instant(session.created_at)
    )


def _open_session(session: OpenSession, *, this: bool) -> OpenSessionBody:
    return OpenSessionBody(
        id=session.session_id,
        kind=session.kind.value,
        created=render_instant(session.created_at),
        seen=render_instant(session.seen_at),
        expires=render_instant(session.expires_at),
        userAgent=session.user_agent,
        isThis=this,
        address=session.address,
    )
