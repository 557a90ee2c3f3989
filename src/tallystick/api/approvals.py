"""Four eyes: what waits for a second person, who asked for it, and what became of it."""

from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import Response

from tallystick.api.conditional import JSON, encode
from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import PageSize, Skip
from tallystick.api.wire import ACCOUNT_ID, ImportBody
from tallystick.core.approvals import (
    ActivationWish,
    Approval,
    ApprovalState,
    FourEyes,
    ImportWish,
    PointsWish,
    SettingsWish,
    UndoWish,
    Wish,
)
from tallystick.core.ids import ApprovalId, ProgramId
from tallystick.core.import_jobs import ImportJob
from tallystick.core.points import decimal_of, points_of
from tallystick.core.texts import REASON_LENGTH_MAX, line_in
from tallystick.core.validity import render_instant
from tallystick.services import approvals
from tallystick.services.four_eyes import four_eyes, set_four_eyes
from tallystick.services.programs import get_program

Kind = Literal["import", "undo", "add", "deduct", "activate", "settings"]
State = Literal["waiting", "approved", "rejected", "withdrawn"]


class FourEyesBody(msgspec.Struct):
    """What waits for a second person: imports and undos, and points by hand.

    `pointsFrom`: what a person adds, deducts or activates waits from so many points on; null lets
    nothing of that wait.
    """

    importsWait: bool
    pointsFrom: Decimal | None


class Wished(msgspec.Struct, omit_defaults=True):
    """Exactly what is to be done; which members are there depends on the kind.

    `start` and `expiry` are absent for what the program says; a duration counts from the approval.
    """

    integrationId: str | None = None
    points: Decimal | None = None
    name: str | None = None
    subledgerId: str | None = None
    start: str | None = None
    expiry: str | None = None
    transactionUUID: str | None = None
    importId: int | None = None
    fileName: str | None = None
    goodRowsOnly: bool | None = None
    belowZero: bool | None = None
    fourEyes: FourEyesBody | None = None


class ApprovalBody(msgspec.Struct, omit_defaults=True):
    """A request for a second person's approval.

    `userId` is who asked, 0 if that was a key, which is `managementKeyId`. `decidedBy` is absent
    while it waits, and 0 if a key has withdrawn it. `transactionUUIDs` are what an approval posted.
    """

    id: int
    programId: int
    kind: Kind
    state: State
    created: str
    userId: int
    what: Wished
    managementKeyId: int | None = None
    decided: str | None = None
    decidedBy: int | None = None
    note: str | None = None
    transactionUUIDs: list[str] = []


class ApprovalsBody(msgspec.Struct):
    """A page of requests, the newest first."""

    totalResultSize: int
    data: list[ApprovalBody]


class WaitingImportBody(ImportBody, kw_only=True):
    """The contract's record of an import that waits: none of its rows is imported yet.

    `approval` is null if nothing waits any more since this very moment; then it is being imported.
    """

    approval: ApprovalBody | None


class ApprovalsQuery(msgspec.Struct):
    """Which requests."""

    state: Annotated[State | None, msgspec.Meta(description="Only those in this state.")] = None
    pageSize: PageSize = 50
    skip: Skip = 0


class DecisionWish(msgspec.Struct):
    """Why it is decided so, for whoever asked to read."""

    note: str | None = None


async def get_all(call: Call[ApprovalsQuery, Nothing]) -> ApprovalsBody:
    """A page of the requests of a program, the newest first.

    People see those about points; admins also see those about files and settings.
    """
    program = await call.program()
    state = call.query.state
    page = await approvals.list_approvals(
        call.context,
        call.known_caller,
        program.id,
        state=None if state is None else ApprovalState(state),
        page_size=call.query.pageSize,
        skip=call.query.skip,
    )
    return ApprovalsBody(totalResultSize=page.total, data=list(map(approval_body, page.approvals)))


async def get_one(call: Call[Nothing, Nothing]) -> ApprovalBody:
    """A request: what is to be done, who asked, and what became of it."""
    program = await call.program()
    found = await approvals.get_approval(
        call.context, call.known_caller, program.id, _approval_id(call)
    )
    return approval_body(found)


async def approve(call: Call[Nothing, DecisionWish]) -> ApprovalBody:
    """Approve what somebody else asks for; it is done in the same step.

    Points take a manager or an admin, files and settings an admin, and never whoever asked or made
    the key that did. It happens now, and durations count from now. What cannot be done as things
    are waits on.
    """
    program = await call.program()
    found = await approvals.approve(
        call.context, call.known_caller, program.id, _approval_id(call), note=_note(call)
    )
    return approval_body(found)


async def reject(call: Call[Nothing, DecisionWish]) -> ApprovalBody:
    """Reject what somebody else asks for; nothing is done."""
    program = await call.program()
    found = await approvals.reject(
        call.context, call.known_caller, program.id, _approval_id(call), note=_note(call)
    )
    return approval_body(found)


async def withdraw(call: Call[Nothing, Nothing]) -> ApprovalBody:
    """Withdraw what you have asked for; nothing is done."""
    program = await call.program()
    found = await approvals.withdraw(
        call.context, call.known_caller, program.id, _approval_id(call)
    )
    return approval_body(found)


async def get_four_eyes(call: Call[Nothing, Nothing]) -> FourEyesBody:
    """What waits for a second person in a program."""
    program = await call.program()
    return _four_eyes_body(await four_eyes(call.context, program.id))


async def put_four_eyes(call: Call[Nothing, FourEyesBody]) -> FourEyesBody | Response:
    """Set what waits for a second person in a program.

    To let less wait than now itself waits for another admin.
    """
    program = await get_program(call.context, call.program_id())
    body = call.body
    limit = None if body.pointsFrom is None else points_of(body.pointsFrom, field="pointsFrom")
    wanted = FourEyes(imports_wait=body.importsWait, points_from=limit)
    answer = await set_four_eyes(call.context, call.known_caller, program.id, wanted)
    if isinstance(answer, FourEyes):
        return _four_eyes_body(answer)
    return await waiting_response(call, program.id, answer)


async def waiting_response(
    call: Call[Any, Any], program_id: ProgramId, approval_id: ApprovalId, *, replayed: bool = False
) -> Response:
    """The answer for what waits: 202 with the request."""
    found = await approvals.get_approval(call.context, None, program_id, approval_id)
    return accepted(approval_body(found), replayed=replayed)


async def waiting_import(call: Call[Any, Any], job: ImportJob, *, entity: str) -> Response:
    """The same in the contract's words for an import."""
    approval = None
    if job.approval_id is not None:
        found = await approvals.get_approval(call.context, None, job.program_id, job.approval_id)
        approval = approval_body(found)
    body = WaitingImportBody(
        id=job.import_id,
        created=render_instant(job.created_at),
        accountId=ACCOUNT_ID,
        userId=job.user_id or 0,
        entity=entity,
        amount=0,
        approval=approval,
    )
    return accepted(body)


def accepted(body: msgspec.Struct, *, replayed: bool = False) -> Response:
    """An answer of 202."""
    headers = {"Idempotency-Replayed": "true"} if replayed else None
    return Response(encode(body), HTTPStatus.ACCEPTED, headers=headers, media_type=JSON)


def approval_body(approval: Approval) -> ApprovalBody:
    """A request on the wire."""
    decision, by_key = approval.decision, approval.key_id is not None
    return ApprovalBody(
        id=approval.id,
        programId=approval.program_id,
        kind=approval.kind.value,
        state=approval.state.value,
        created=render_instant(approval.asked_at),
        userId=0 if by_key else approval.asked_by or 0,
        what=_wished(approval.wish),
        managementKeyId=approval.key_id,
        decided=render_instant(decision.at) if decision else None,
        decidedBy=(decision.by or 0) if decision else None,
        note=(decision.note or None) if decision else None,
        transactionUUIDs=[str(uuid) for uuid in decision.transaction_uuids] if decision else [],
    )


def _wished(wish: Wish) -> Wished:
    match wish:
        case PointsWish():
            return Wished(
                integrationId=wish.integration_id,
                points=decimal_of(wish.points),
                name=wish.name,
                subledgerId=wish.subledger,
                start=wish.start,
                expiry=wish.expiry,
            )
        case ActivationWish():
            return Wished(
                integrationId=wish.integration_id,
                points=decimal_of(wish.points),
                transactionUUID=str(wish.transaction_uuid),
            )
        case ImportWish():
            return Wished(
                importId=wish.import_id, fileName=wish.file_name, goodRowsOnly=wish.good_rows_only
            )
        case UndoWish():
            return Wished(
                importId=wish.import_id, fileName=wish.file_name, belowZero=wish.below_zero
            )
        case SettingsWish(after=after):
            return Wished(fourEyes=_four_eyes_body(after))


def _four_eyes_body(found: FourEyes) -> FourEyesBody:
    limit = found.points_from
    return FourEyesBody(
        importsWait=found.imports_wait, pointsFrom=None if limit is None else decimal_of(limit)
    )


def _approval_id(call: Call[Any, Any]) -> ApprovalId:
    return ApprovalId(call.number_in_path("approvalId", "approval"))


def _note(call: Call[Nothing, DecisionWish]) -> str:
    return line_in(call.body.note, "note", at_most=REASON_LENGTH_MAX)
