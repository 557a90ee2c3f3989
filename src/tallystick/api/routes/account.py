"""Operations on the account: people, sessions, applications, keys, and what they did."""

from http import HTTPStatus

from tallystick.api import sessions, wire
from tallystick.api.operations import ANYBODY, Operation
from tallystick.services.accounts import CallerKind

OPERATIONS = (
    Operation(
        id="createSession",
        method="POST",
        path="/v1/sessions",
        who=ANYBODY,
        body=wire.NewSession,
        answer=wire.SessionBody,
        status=HTTPStatus.CREATED,
        handler=sessions.create_session,
    ),
    Operation(
        id="destroySession",
        method="DELETE",
        path="/v1/sessions",
        who=frozenset({CallerKind.PERSON}),
        status=HTTPStatus.NO_CONTENT,
        handler=sessions.destroy_session,
    ),
)
