"""Reading what is left of a member's points, addition by addition."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.transactions import PageSize, Skip
from tallystick.core.points import decimal_of
from tallystick.core.programs import Program
from tallystick.core.transactions import PointsStatus, UnusedPoints
from tallystick.core.validity import render_instant
from tallystick.edges.transactions import Instant, expiry_text, start_text
from tallystick.services.unused_points import PointsFilter, list_unused_points


class PointsQuery(msgspec.Struct):
    """Which unused points are wanted, and in which order."""

    status: Literal["active", "pending", "expired"] = "active"
    subledgerId: tuple[str, ...] = ()
    customerSessionIDs: tuple[str, ...] = ()
    transactionUUIDs: tuple[UUID, ...] = ()
    pageSize: PageSize = 50
    skip: Skip = 0
    sort: Literal["startDate", "-startDate", "expiryDate", "-expiryDate"] = "expiryDate"


class PointsBody(msgspec.Struct, omit_defaults=True):
    """Unused points, and the transaction that added them."""

    id: int
    transactionUUID: str
    created: Instant
    programId: int
    name: str
    startDate: str
    expiryDate: str
    subledgerId: str
    amount: Annotated[Decimal, msgspec.Meta(description="What is left of the points.")]
    customerSessionId: str | None = None
    validityDuration: str | None = None


class PointsPageBody(msgspec.Struct):
    """A page of unused points."""

    hasMore: bool
    data: list[PointsBody]


async def get_points(call: Call[PointsQuery, Nothing]) -> PointsPageBody:
    """What is left now of a member's points, addition by addition.

    Points of which nothing is left are not there. Without `sort` those come first that are spent
    first.
    """
    query = call.query
    program = await call.profile_program()
    page = await list_unused_points(
        call.context,
        program,
        call.integration_id(),
        wanted=PointsFilter(
            status=PointsStatus(query.status),
            subledgers=query.subledgerId,
            session_ids=query.customerSessionIDs,
            uuids=query.transactionUUIDs,
            sort=query.sort,
        ),
        page_size=query.pageSize,
        skip=query.skip,
    )
    return PointsPageBody(
        hasMore=page.has_more, data=[_points_body(program, each) for each in page.points]
    )


def _points_body(program: Program, points: UnusedPoints) -> PointsBody:
    return PointsBody(
        id=points.id,
        transactionUUID=str(points.uuid),
        created=render_instant(points.recorded_at),
        programId=program.id,
        name=points.name,
        startDate=start_text(points.start_at),
        expiryDate=expiry_text(points.expires_at),
        subledgerId=points.subledger,
        amount=decimal_of(points.left),
        customerSessionId=points.session_id,
        validityDuration=points.validity,
    )
