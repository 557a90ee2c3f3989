"""Members of a program: found, listed, counted, and one of them with all that a page tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.balances import Balance, total_of
from tallystick.core.ids import Environment, HolderId, IntegrationId
from tallystick.core.members import (
    ComingChange,
    Member,
    MemberState,
    TimelinePoint,
    timeline_instants,
)
from tallystick.core.paging import BoundedCount, KeyedPage, Place, keyed_page
from tallystick.core.profiles import Profile, name_of
from tallystick.core.programs import Program
from tallystick.core.validity import NEVER, next_local_day
from tallystick.services.context import Context
from tallystick.services.paging import read_page
from tallystick.services.profiles import find_profile
from tallystick.store import balances as store
from tallystick.store import joining as joining_store
from tallystick.store import profiles as profile_store
from tallystick.store.db import Reader
from tallystick.store.profiles import NamedHolder
from tallystick.store.transactions import FEW_ENTRIES, first_holders

COUNTED_MAX = 10_000

# How many profiles are looked at for a page, step by step: the first step fills one of a program
# that most have points in, and with the last it is told how far it was looked.
_LOOKS = (200, 800, 4_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFilter:
    """Whom to look for: each part that is given has to hold. Balances are those of `subledger`."""

    id_prefix: str = ""
    state: MemberState | None = None
    subledger: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """A member, and what one has.

    `total` and `balances` by subledger (the main ledger is always there) are those at `as_of`.
    `timeline` has 62 days in order, 30 back, today, 31 ahead, and `coming` what happens by its end
    if nothing is earned or spent; both are of the one ledger that was asked for, or of all.
    """

    profile: Profile
    name: str | None
    joined_at: datetime | None
    as_of: datetime
    total: Balance
    balances: dict[str, Balance]
    timeline: list[TimelinePoint]
    coming: list[ComingChange]


async def list_members(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    *,
    wanted: MemberFilter,
    place: Place,
    page_size: int,
    descending: bool = False,
) -> KeyedPage[Member]:
    """A page of the members by integration id, with what they have now.

    Who was erased is left out. It costs the same however far one pages.
    """
    now = context.clock()
    async with context.database.snapshot() as reader:
        search = await _open_search(reader, program, wanted, now=now)
        return await read_page(
            lambda place: search.read(place, page_size=page_size, descending=descending), place
        )


async def count_members(
    context: Context, program: Program, *, wanted: MemberFilter
) -> BoundedCount:
    """How many members are wanted, if there are no more profiles to look at than are bearable."""
    now = context.clock()
    async with context.database.snapshot() as reader:
        search = await _open_search(reader, program, wanted, now=now)
        return await search.count(COUNTED_MAX)


async def _open_search(
    reader: Reader, program: Program, wanted: MemberFilter, *, now: datetime
) -> "_Search":
    among = await first_holders(reader, program.id, at_most=FEW_ENTRIES)
    return _Search(reader=reader, program=program, wanted=wanted, now=now, among=among)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """A search on one snapshot; `among` are all members of a program that has few."""

    reader: Reader
    program: Program
    wanted: MemberFilter
    now: datetime
    among: Sequence[HolderId] | None

    async def read(self, place: Place, *, page_size: int, descending: bool) -> KeyedPage[Member]:
        """The page at that place."""
        backwards = descending is (place.before is None)
        key = place.after if place.before is None else place.before
        found: list[Member] = []
        for look in _LOOKS:
            holders = await self._holders(key, backwards=backwards, at_most=look)
            found += await self._members(holders, at_most=page_size + 1 - len(found))
            key = holders[-1].integration_id if len(holders) == look else None
            if key is None or len(found) > page_size:
                break
        return keyed_page(
            found,
            place,
            page_size=page_size,
            key=lambda member: member.integration_id,
            looked_until=key,
        )

    async def count(self, at_most: int) -> BoundedCount:
        """How many there are among so many profiles."""
        holders = await self._holders(None, backwards=False, at_most=at_most + 1)
        count = await store.count_members(
            self.reader,
            self.program.id,
            [holder.holder_id for holder in holders[:at_most]],
            at=self.now,
            subledger=self.wanted.subledger,
            state=self.wanted.state,
        )
        return BoundedCount(count=count, is_exact=len(holders) <= at_most)

    async def _holders(
        self, key: str | None, *, backwards: bool, at_most: int
    ) -> list[NamedHolder]:
        owes = self.wanted.state is MemberState.BELOW_ZERO
        return await profile_store.list_holders(
            self.reader,
            sandbox=self.program.environment is Environment.SANDBOX,
            among=self.among,
            id_prefix=self.wanted.id_prefix,
            owing_after=self.now if owes else None,
            after=key,
            backwards=backwards,
            at_most=at_most,
        )

    async def _members(self, holders: Sequence[NamedHolder], *, at_most: int) -> list[Member]:
        return await store.list_members(
            self.reader,
            self.program.id,
            [holder.holder_id for holder in holders],
            at=self.now,
            subledger=self.wanted.subledger,
            state=self.wanted.state,
            at_most=at_most,
        )


async def member_page(
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    as_of: datetime | None = None,
    subledger: str | None = None,
) -> MemberPage:
    """A member as of one moment of the books, with balances at `as_of`, now if None.

    Balances are those of `member_balances` at the same instants. Errors: NotFound.
    """
    now = context.clock()
    as_of = now if as_of is None else as_of
    days = timeline_instants(now, program.settings.timezone)
    async with context.database.snapshot() as reader:
        profile = await find_profile(reader, program.environment, integration_id)
        holder_id = profile.holder_id
        instants = [as_of, *(at for _, at in days)]
        found = await store.holder_timeline(
            reader, holder_id, program.id, instants=instants, known_at=NEVER
        )
        assert found is not None, "the holder is there in the same snapshot"
        joined = await joining_store.find_join_dates(
            reader, holder_id, program_id=program.id, now=now
        )
        until = next_local_day(days[-1][1], program.settings.timezone)
        coming = await store.holder_changes(
            reader, holder_id, program.id, at=now, until=until, subledger=subledger
        )
    return MemberPage(
        profile=profile,
        name=name_of(profile.attributes),
        joined_at=joined.get(program.id),
        as_of=as_of,
        total=total_of(found[as_of].values()),
        balances={"": Balance()} | found[as_of],
        timeline=[
            TimelinePoint(day=day, at=at, balance=_of_ledger(found[at], subledger))
            for day, at in days
        ],
        coming=coming,
    )


def _of_ledger(balances: dict[str, Balance], subledger: str | None) -> Balance:
    if subledger is None:
        return total_of(balances.values())
    return balances.get(subledger, Balance())
