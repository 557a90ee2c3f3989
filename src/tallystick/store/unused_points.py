"""Reads what is left of a holder's points, lot by lot."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.core.ids import HolderId, ProgramId
from tallystick.core.points import Points
from tallystick.core.transactions import PointsStatus, UnusedPoints
from tallystick.store.db import Reader, Record
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries

_SQL = load_queries("unused_points")


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsFilter:
    """Which unused points are wanted, None leaving a column free, and in which order.

    sort: startDate or expiryDate, with a minus sign in front for the latest first.
    """

    status: PointsStatus
    subledgers: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()
    uuids: tuple[UUID, ...] = ()
    sort: str = "expiryDate"


async def unused_points(  # noqa: PLR0913 - by name
    reader: Reader,
    holder_id: HolderId,
    program_id: ProgramId,
    *,
    at: datetime,
    wanted: PointsFilter,
    at_most: int,
    skip: int = 0,
) -> list[UnusedPoints]:
    """A page of what is left at `at` of each addition's points."""
    rows = await fetch_page(
        reader,
        _SQL["unused_points"],
        holder_id,
        program_id,
        at,
        wanted.status.value,
        wanted.subledgers or None,
        wanted.session_ids or None,
        wanted.uuids or None,
        wanted.sort,
        at_most,
        skip,
    )
    return [_unused(row) for row in rows]


def _unused(row: Record) -> UnusedPoints:
    return UnusedPoints(
        id=row["transaction_id"],
        uuid=row["transaction_uuid"],
        recorded_at=row["recorded_at"],
        left=Points(row["unused"]),
        name=row["name"],
        subledger=row["subledger"],
        start_at=row["shown_start_at"],
        expires_at=row["shown_expires_at"],
        validity=row["validity"],
        session_id=row["session_id"],
        user_id=row["user_id"],
    )
