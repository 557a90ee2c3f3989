"""What is left of a member's points, addition by addition."""

from dataclasses import dataclass

from tallystick.core.errors import NotFound
from tallystick.core.ids import IntegrationId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.transactions import UnusedPoints
from tallystick.services.context import Context
from tallystick.store import unused_points as store
from tallystick.store.transactions import has_holder
from tallystick.store.unused_points import PointsFilter

__all__ = ["PointsFilter", "PointsPage", "list_unused_points"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsPage:
    """Unused points in the order asked for, and whether more follow."""

    points: list[UnusedPoints]
    has_more: bool


async def list_unused_points(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    wanted: PointsFilter,
    page_size: int,
    skip: int,
) -> PointsPage:
    """A page of what is left of a member's points now. Errors: NotFound.

    All pages of a status add up to the member's balance of it.
    """
    now = context.clock()
    holder_id = profile_holder(integration_id, program.environment)
    async with context.database.reader() as reader:
        found = await store.unused_points(
            reader,
            holder_id,
            program.id,
            at=now,
            wanted=wanted,
            at_most=page_size + 1,
            skip=skip,
        )
        if not found and not await has_holder(reader, holder_id):
            raise NotFound("customer profile", integration_id)
    return PointsPage(points=found[:page_size], has_more=len(found) > page_size)
