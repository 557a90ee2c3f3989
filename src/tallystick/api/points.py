"""Adding points to a member and deducting them."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from tallystick.api.approvals import waiting_response
from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import AddPoints, DeductPoints, duration_in, instant_in, points_in
from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import IntegrationId, ProgramId
from tallystick.core.texts import REASON_LENGTH_MAX, SUBLEDGER_LENGTH_MAX, line_in
from tallystick.core.transactions import Kind
from tallystick.core.validity import Expiry, Keyword, Start
from tallystick.services.callers import Caller
from tallystick.services.postings import Asked, Posting

KEY_LENGTH_MAX = 255


async def add_points(call: Call[Nothing, AddPoints]) -> Response:
    """Add points to a member's ledger, making the subledger if it is new.

    By hand of a person it may wait for a second person's approval, if the program says so; the
    answer is 202 then, and nothing is added yet. What a key adds never waits.
    """
    return await _post(call, Kind.ADDITION)


async def deduct_points(call: Call[Nothing, DeductPoints]) -> Response:
    """Deduct active points from a member's ledger, the soonest to expire first.

    By hand of a person it may wait for a second person's approval, as adding does.
    """
    return await _post(call, Kind.SUBTRACTION)


async def _post(
    call: Call[Nothing, AddPoints] | Call[Nothing, DeductPoints], kind: Kind
) -> Response:
    """Post it for whoever calls, under the key that came along."""
    posting = posting_of(
        call.body,
        kind,
        program_id=await call.posting_program_id(),
        integration_id=call.integration_id(),
        caller=call.known_caller,
        key=idempotency_key(call.request),
    )
    posted = await call.house.writer.post(posting)
    if isinstance(posted, Asked):
        return await waiting_response(
            call, posting.program_id, posted.approval_id, replayed=posted.replayed
        )
    headers = {"Idempotency-Replayed": "true"} if posted.replayed else None
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=headers)


def posting_of(  # noqa: PLR0913 - by name
    body: AddPoints | DeductPoints,
    kind: Kind,
    *,
    program_id: ProgramId,
    integration_id: IntegrationId,
    caller: Caller,
    key: str | None,
) -> Posting:
    """The wish that a body tells. Errors: InvalidField."""
    dated = body if isinstance(body, AddPoints) and kind is Kind.ADDITION else None
    return Posting(
        program_id=program_id,
        integration_id=integration_id,
        kind=kind,
        points=points_in(body.points),
        name=line_in(body.name, "name", at_most=REASON_LENGTH_MAX),
        subledger=line_in(body.subledgerId, "subledgerId", at_most=SUBLEDGER_LENGTH_MAX),
        start=_start(dated) if dated else None,
        expiry=_expiry(dated) if dated else None,
        caller=caller,
        idempotency_key=key,
    )


def idempotency_key(request: Request) -> str | None:
    """The key that came along. Errors: InvalidField."""
    return key_in(request.headers.get("Idempotency-Key"), "Idempotency-Key")


def key_in(key: str | None, field: str, *, at_most: int = KEY_LENGTH_MAX) -> str | None:
    """An idempotency key, None if there is none. Errors: InvalidField."""
    if key is not None and not (0 < len(key) <= at_most and key.isprintable()):
        raise InvalidField(
            field, shown(key), f"write 1 to {at_most} printable characters, like a UUID"
        )
    return key


def _start(body: AddPoints) -> Start | None:
    _only_one("pendingDuration", body.pendingDuration, "pendingUntil", body.pendingUntil)
    if body.pendingDuration in {Keyword.IMMEDIATE.value, Keyword.ON_ACTION.value}:
        return Keyword(body.pendingDuration)
    if body.pendingDuration is not None:
        return duration_in(body.pendingDuration, "pendingDuration", "immediate, on_action")
    return instant_in(body.pendingUntil, "pendingUntil")


def _expiry(body: AddPoints) -> Expiry | None:
    _only_one("validityDuration", body.validityDuration, "validUntil", body.validUntil)
    if body.validityDuration == Keyword.UNLIMITED.value:
        return Keyword.UNLIMITED
    if body.validityDuration is not None:
        return duration_in(body.validityDuration, "validityDuration", "unlimited")
    return instant_in(body.validUntil, "validUntil")


def _only_one(field: str, value: str | None, other: str, other_value: str | None) -> None:
    if value is not None and other_value is not None:
        raise InvalidField(other, repr(other_value[:60]), f"leave it out, or leave out {field}")
