"""The header Idempotency-Key of writes whose handlers do not keep it themselves."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.responses import Response

from tallystick.api.operations import Call, Operation
from tallystick.api.points import idempotency_key
from tallystick.services.kept_answers import Answer, answer_once


async def once(
    operation: Operation,
    call: Call[msgspec.Struct, msgspec.Struct],
    run: Callable[[], Awaitable[Response]],
) -> Response:
    """What the operation answers, or what it answered when the request came before.

    Errors: those of the operation; KeyReused, Busy, OutcomeUnknown, as `answer_once` says.
    """
    if not operation.keyed or operation.keeps_key:
        return await run()
    key = idempotency_key(call.request)
    if key is None:
        return await run()

    async def work() -> Answer:
        response = await run()
        body = None if operation.shown_once else bytes(response.body)
        answers.append(response)
        return Answer(status=response.status_code, body=body)

    answers: list[Response] = []
    answer = await answer_once(
        call.context, owner=_owner(call), key=key, wish=_wish(operation, call), work=work
    )
    if not answer.replayed:
        return answers[0]
    return Response(
        answer.body,
        answer.status,
        headers={"Idempotency-Replayed": "true"},
        media_type="application/json" if answer.body else None,
    )


def _owner(call: Call[msgspec.Struct, msgspec.Struct]) -> str:
    caller = call.known_caller
    return f"user {caller.user_id}" if caller.user_id is not None else f"key {caller.key_id}"


def _wish(operation: Operation, call: Call[msgspec.Struct, msgspec.Struct]) -> bytes:
    """What makes two requests the same; of an uploaded file it is the length."""
    request = call.request
    length = request.headers.get("Content-Length", "") if operation.upload else ""
    place = f"{request.method} {request.url.path}?{request.url.query} {length}\n"
    return place.encode() + msgspec.json.encode(call.body)
