"""Transactions of a member or a program, page by page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tallystick.core.errors import NotFound
from tallystick.core.ids import Environment, IntegrationId, profile_holder
from tallystick.core.paging import KeyedPage, Place, keyed_page, place_key
from tallystick.core.programs import Program
from tallystick.core.transactions import LoggedTransaction, MemberTransaction, Transaction
from tallystick.core.validity import NEVER
from tallystick.services.context import Context
from tallystick.services.paging import read_page
from tallystick.store import profiles as profile_store
from tallystick.store import transactions as store
from tallystick.store.db import Reader
from tallystick.store.transactions import LogSearch, MemberSearch, Span, TransactionFilter

__all__ = [
    "LogSearch",
    "Page",
    "ProgramPage",
    "TransactionFilter",
    "list_program_transactions",
    "list_transactions",
    "member_log",
    "program_log",
]

_LOOK = 20_000  # how many entries of a program are looked at for a page
_MEMBERS_MAX = 1_000  # so many are looked up one by one

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_LAST = (NEVER - _EPOCH) // _TICK
_NUMBER_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Transactions, the newest first, and whether older ones follow."""

    transactions: list[Transaction]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPage:
    """Transactions of all members, the newest first, and whether older ones follow."""

    transactions: list[MemberTransaction]
    has_more: bool


async def list_transactions(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    wanted: TransactionFilter,
    page_size: int,
    skip: int,
) -> Page:
    """A page of a member's transactions. Errors: NotFound if there is no such profile."""
    async with context.database.reader() as reader:
        found = await store.holder_transactions(
            reader,
            profile_holder(integration_id, program.environment),
            program.id,
            wanted=wanted,
            at_most=page_size + 1,
            skip=skip,
        )
    if found is None:
        raise NotFound("customer profile", integration_id)
    return Page(transactions=found[:page_size], has_more=len(found) > page_size)


async def list_program_transactions(
    context: Context, program: Program, *, wanted: TransactionFilter, page_size: int, skip: int
) -> ProgramPage:
    """A page of the transactions of all members."""
    async with context.database.reader() as reader:
        found = await store.program_transactions(
            reader, program.id, wanted=wanted, at_most=page_size + 1, skip=skip
        )
    return ProgramPage(transactions=found[:page_size], has_more=len(found) > page_size)


async def member_log(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    wanted: LogSearch,
    place: Place,
    page_size: int,
) -> KeyedPage[LoggedTransaction]:
    """A page of a member's transactions, the newest first, each with the balance after it.

    That points expire is no transaction: what expired is told by `list_unused_points`. Errors:
    NotFound; InvalidField for a key of another list.
    """
    holder_id = profile_holder(integration_id, program.environment)

    async with context.database.snapshot() as reader:

        async def read(place: Place) -> KeyedPage[LoggedTransaction]:
            key = place_key(place, 1)
            found = await store.holder_log(
                reader,
                holder_id,
                program.id,
                wanted=wanted,
                number=None if key is None else min(*key, _NUMBER_MAX),
                backwards=place.before is not None,
                at_most=page_size + 1,
            )
            return keyed_page(found, place, page_size=page_size, key=lambda each: str(each.number))

        page = await read_page(read, place)
        if not page.rows and not await store.has_holder(reader, holder_id):
            raise NotFound("customer profile", integration_id)
    return page


async def program_log(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    *,
    wanted: LogSearch,
    member_prefix: str = "",
    place: Place,
    page_size: int,
) -> KeyedPage[MemberTransaction]:
    """A page of the transactions of all members whose ids begin so, the newest first.

    It costs the same however far one pages. Errors: InvalidField for a key of another list.
    """
    async with context.database.snapshot() as reader:
        members = await _find_members(reader, program, member_prefix)
        log = _ProgramLog(reader=reader, program=program, wanted=wanted, members=members)
        return await read_page(lambda place: log.read(place, page_size=page_size), place)


async def _find_members(reader: Reader, program: Program, id_prefix: str) -> MemberSearch:
    if not id_prefix:
        return MemberSearch()
    found = await profile_store.list_holders(
        reader,
        sandbox=program.environment is Environment.SANDBOX,
        id_prefix=id_prefix,
        at_most=_MEMBERS_MAX + 1,
    )
    if len(found) > _MEMBERS_MAX:
        return MemberSearch(id_prefix=id_prefix)
    return MemberSearch(holder_ids=tuple(holder.holder_id for holder in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _ProgramLog:
    """A program's transactions on one snapshot."""

    reader: Reader
    program: Program
    wanted: LogSearch
    members: MemberSearch

    async def read(self, place: Place, *, page_size: int) -> KeyedPage[MemberTransaction]:
        """The page at that place."""
        key = place_key(place, 2)
        span = Span(
            key=None if key is None else (_EPOCH + min(key[0], _LAST) * _TICK, key[1]),
            backwards=place.before is not None,
            look=_LOOK,
        )
        found = await store.program_log(
            self.reader,
            self.program.id,
            wanted=self.wanted,
            members=self.members,
            span=span,
            at_most=page_size + 1,
        )
        end = None
        if len(found) <= page_size:
            end = await store.program_log_end(
                self.reader, self.program.id, wanted=self.wanted, members=self.members, span=span
            )
        return keyed_page(
            found,
            place,
            page_size=page_size,
            key=lambda each: _key(each.transaction.recorded_at, each.transaction.id),
            looked_until=end and _key(*end),
        )


def _key(recorded_at: datetime, transaction_id: int) -> str:
    return f"{(recorded_at - _EPOCH) // _TICK}-{transaction_id}"
