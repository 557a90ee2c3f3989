"""Signing in and out."""

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import NewSession, SessionBody
from tallystick.core.validity import render_instant
from tallystick.edges.origin import origin_of
from tallystick.services.sessions import sign_in, sign_out


async def create_session(call: Call[Nothing, NewSession]) -> SessionBody:
    """A token for `Authorization: Bearer`, good for three months."""
    body = call.body
    session = await sign_in(
        call.context, email=body.email, password=body.password, origin=origin_of(call.request)
    )
    return SessionBody(
        userId=session.user_id, token=session.token, created=render_instant(session.created_at)
    )


async def destroy_session(call: Call[Nothing, Nothing]) -> None:
    """End the session whose token came along."""
    authorization = call.request.headers["Authorization"]
    token = authorization.partition(" ")[2].strip()
    await sign_out(call.context, token, origin=origin_of(call.request))
    call.house.doorkeeper.forget(authorization)
