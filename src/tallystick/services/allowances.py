"""Which people may post points, and how many Support may still post today.

It is looked up in the transaction that posts, so that no posting slips past a role that was just
taken away. What Support has posted is a sum on the row of their role, locked until the commit:
postings at the same instant follow one another, and no two of them use the same rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.errors import NotAllowed
from tallystick.core.ids import ProgramId
from tallystick.core.points import ZERO, Points, render_points
from tallystick.core.programs import Program
from tallystick.core.roles import RIGHTS, Right, Role, who_may
from tallystick.core.validity import local_day_start
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.store import roles as store
from tallystick.store.db import Tx
from tallystick.store.roles import Poster


@dataclass(slots=True, kw_only=True, eq=False)
class Allowance:
    """What somebody has posted in a day of the program, going on as they post, and may at most."""

    points_a_day: Points
    posted: Points
    day_from: datetime

    @property
    def left(self) -> Points:
        """How many points may still be posted; nothing if the limit was lowered behind them."""
        return Points(max(ZERO, self.points_a_day - self.posted))

    def check(self, points: Points) -> None:
        """Nothing, if so many may be posted. Errors: NotAllowed."""
        if points > self.left:
            raise NotAllowed(
                f"add or deduct {render_points(points)} points",
                f"of your {render_points(self.points_a_day)} a day {render_points(self.left)} are"
                " left today; ask a manager to do it, or an admin for more",
            )

    def note(self, points: Points) -> None:
        """Count points that were posted."""
        self.posted = Points(self.posted + points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """What stands against postings of people: no right, a limit, or a lock of somebody else.

    Whoever is in none of them may post what they like.
    """

    refused: frozenset[Poster]
    limited: dict[Poster, Allowance]
    locked: frozenset[Poster]

    async def write(self, tx: Tx) -> None:
        """Write what was posted."""
        if self.limited:
            written = {
                poster: store.Allowance(
                    points_a_day=each.points_a_day, posted=each.posted, day_from=each.day_from
                )
                for poster, each in self.limited.items()
            }
            await store.update_allowances(tx, written)


NOBODYS = Allowances(refused=frozenset(), limited={}, locked=frozenset())


async def open_allowances(
    tx: Tx, posters: Iterable[Poster], programs: dict[ProgramId, Program], *, now: datetime
) -> Allowances:
    """What stands against postings of these people in these programs, until the commit."""
    asked = sorted({poster for poster in posters if poster[1] in programs})
    if not asked:
        return NOBODYS
    roles = await store.find_posters(tx, asked)
    support = [poster for poster in asked if roles.get(poster) is Role.SUPPORT]
    found = await store.lock_allowances(tx, support) if support else {}
    return Allowances(
        refused=frozenset(poster for poster in asked if not _may_post(roles.get(poster))),
        limited={
            poster: _of_today(each, programs[poster[1]], now) for poster, each in found.items()
        },
        locked=frozenset(support).difference(found),
    )


async def allowance_left(context: Context, caller: Caller, program: Program) -> Points | None:
    """How many points the caller may still add and deduct in the program today; None: no limit."""
    if caller.user_id is None or caller.is_admin:
        return None
    async with context.database.reader() as reader:
        found = await store.find_allowance(reader, (caller.user_id, program.id))
    return None if found is None else _of_today(found, program, context.clock()).left


def may_not_post() -> NotAllowed:
    """The refusal of a posting by somebody who has not the right."""
    fix = f"it takes the role {who_may(Right.POST_POINTS)}; ask an admin for it"
    return NotAllowed(Right.POST_POINTS.value, fix)


def _may_post(role: Role | None) -> bool:
    return role is not None and Right.POST_POINTS in RIGHTS[role]


def _of_today(kept: store.Allowance, program: Program, now: datetime) -> Allowance:
    """The allowance with what was posted since the program's day began."""
    day_from = local_day_start(now, program.settings.timezone)
    posted = kept.posted if kept.day_from >= day_from else ZERO
    return Allowance(points_a_day=kept.points_a_day, posted=posted, day_from=day_from)
