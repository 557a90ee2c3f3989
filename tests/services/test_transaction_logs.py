"""The transactions of a member and of a program, page by page, from a key on."""

from datetime import datetime, timedelta

import pytest

from services.harness import NOW, Clock, change, import_rows, new_member, new_name, new_program
from tallystick.core.errors import InvalidField, NotFound
from tallystick.core.ids import ImportId, IntegrationId, UserId
from tallystick.core.paging import Place
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.transactions import Kind, Origin, Source
from tallystick.core.validity import Duration
from tallystick.services.accounts import create_user
from tallystick.services.balances import member_balances
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.services.deletion import delete_transactions
from tallystick.services.transactions import LogSearch, member_log, program_log

ALL = LogSearch()
HOUR = timedelta(hours=1)


async def names(
    context: Context, program: Program, wanted: LogSearch = ALL, member_prefix: str = ""
) -> list[str]:
    """The reasons on the first page of a program."""
    page = await program_log(
        context,
        program,
        wanted=wanted,
        member_prefix=member_prefix,
        place=Place(),
        page_size=50,
    )
    return [each.transaction.name for each in page.rows]


async def tens(context: Context, clock: Clock, program: Program) -> IntegrationId:
    """A member with ten additions, named by their order, two at each hour."""
    member = await new_member(context, program)
    for n in range(10):
        clock.now = NOW + n // 2 * HOUR
        await change(context, program, member, "1", name=str(n))
    return member


# Of a program


async def test_pages_of_a_program_follow_one_another_forth_and_back(
    shared: Context, clock: Clock, program: Program
) -> None:
    await tens(shared, clock, program)
    place, forth, wanted = Place(), [], LogSearch(origin=Origin.API)
    while True:
        page = await program_log(shared, program, wanted=wanted, place=place, page_size=4)
        forth.append("".join(each.transaction.name for each in page.rows))
        if page.after is None:
            break
        place = Place(after=page.after)
    assert forth == ["9876", "5432", "10"]
    back = []
    while page.before is not None:
        place = Place(before=page.before)
        page = await program_log(shared, program, wanted=wanted, place=place, page_size=4)
        back.append("".join(each.transaction.name for each in page.rows))
    assert back == ["5432", "9876"]


async def test_whoever_comes_back_to_the_newest_finds_a_full_page(
    shared: Context, clock: Clock, program: Program
) -> None:
    await tens(shared, clock, program)
    page = await program_log(shared, program, wanted=ALL, place=Place(), page_size=2)
    assert page.after is not None
    page = await program_log(
        shared, program, wanted=ALL, place=Place(before=page.after), page_size=3
    )
    assert "".join(each.transaction.name for each in page.rows) == "987"


async def test_a_log_is_searched_by_what_its_columns_say(shared: Context, clock: Clock) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann, bob = (IntegrationId(f"{new_name(name)}") for name in ("ann", "bob"))
    report = await import_rows(
        shared, program, f"{ann},5,File", f"{bob},5,File", header="customerprofileid,amount,reason"
    )
    by_hand = Caller(kind=CallerKind.PERSON, user_id=await _user(shared))
    clock.now = NOW + HOUR
    await change(shared, program, ann, "1", name="By hand 100%", caller=by_hand)
    await change(shared, program, ann, "1", name="Key")
    await change(shared, program, bob, "1", name="Order", source=Source.SESSION, session_id="s")
    clock.now = NOW + 2 * HOUR
    await change(shared, program, bob, "-1", name="Spent", subledger="shop")
    searches: list[tuple[LogSearch, list[str]]] = [
        (ALL, ["Spent", "Order", "Key", "By hand 100%", "File", "File"]),
        (LogSearch(kind=Kind.SUBTRACTION), ["Spent"]),
        (LogSearch(kind=Kind.ADDITION, origin=Origin.HAND), ["By hand 100%"]),
        (LogSearch(origin=Origin.API), ["Spent", "Order", "Key"]),
        (LogSearch(origin=Origin.IMPORT), ["File", "File"]),
        (LogSearch(import_id=report.import_id), ["File", "File"]),
        (LogSearch(import_id=ImportId(report.import_id + 1)), []),
        (LogSearch(subledger="shop"), ["Spent"]),
        (LogSearch(subledger="nowhere"), []),
        (LogSearch(from_at=NOW + HOUR, to_at=NOW + HOUR), ["Order", "Key", "By hand 100%"]),
        (LogSearch(reason="HAND 100%"), ["By hand 100%"]),
        (LogSearch(reason="_"), []),
    ]
    for wanted, expected in searches:
        assert await names(shared, program, wanted) == expected, wanted
    assert await names(shared, program, member_prefix=ann) == ["Key", "By hand 100%", "File"]
    assert await names(shared, program, member_prefix="nobody") == []


async def _user(context: Context) -> UserId:
    email = f"{new_name('user').replace(' ', '-')}@example.com"
    return await create_user(context, email=email, password="a long password", is_admin=True)


async def test_many_members_are_searched_entry_by_entry(
    shared: Context, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.services.transactions._MEMBERS_MAX", 1)
    header = "customerprofileid,amount,reason"
    await import_rows(shared, program, "many 1,1,a", "many 2,1,b", "other,1,c", header=header)
    assert sorted(await names(shared, program, member_prefix="many")) == ["a", "b"]


async def test_a_search_ends_and_says_how_far_it_came(
    shared: Context, clock: Clock, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.services.transactions._LOOK", 4)
    await tens(shared, clock, program)
    place, seen = Place(), []
    while True:
        page = await program_log(
            shared, program, wanted=LogSearch(reason="3"), place=place, page_size=2
        )
        seen.append("".join(each.transaction.name for each in page.rows))
        if page.after is None:
            break
        place = Place(after=page.after)
    assert seen == ["", "3", ""]


async def test_what_was_taken_back_is_not_in_a_log(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await tens(shared, clock, program)
    await delete_transactions(shared, program, ann, subledgers=None)
    assert await names(shared, program) == []
    page = await member_log(shared, program, ann, wanted=ALL, place=Place(), page_size=50)
    assert page.rows == []


@pytest.mark.parametrize("key", ["", "x", "1", "1-2-3", "-1-2", "1-" + "9" * 19, "\u0661-\u0662"])
async def test_a_key_of_another_list_is_refused(
    shared: Context, program: Program, key: str
) -> None:
    for field in ("after", "before"):
        with pytest.raises(InvalidField, match=f"{field}: found .*; take it from a page"):
            await program_log(
                shared, program, wanted=ALL, place=Place(**{field: key}), page_size=50
            )


async def test_a_key_beyond_all_time_is_the_end_of_the_list(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await tens(shared, clock, program)
    late = "9" * 18
    page = await program_log(
        shared, program, wanted=ALL, place=Place(after=f"{late}-{late}"), page_size=1
    )
    assert page.rows[0].transaction.name == "9"
    own = await member_log(shared, program, ann, wanted=ALL, place=Place(after=late), page_size=1)
    assert own.rows[0].transaction.name == "9"


# Of a member


async def test_pages_of_a_member_follow_one_another_forth_and_back(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await tens(shared, clock, program)
    place, forth, wanted = Place(), [], LogSearch(origin=Origin.API)
    while True:
        page = await member_log(shared, program, ann, wanted=wanted, place=place, page_size=4)
        forth.append("".join(each.transaction.name for each in page.rows))
        if page.after is None:
            break
        place = Place(after=page.after)
    back = await member_log(
        shared, program, ann, wanted=wanted, place=Place(before=page.before), page_size=4
    )
    assert forth == ["9876", "5432", "10"]
    assert "".join(each.transaction.name for each in back.rows) == "5432"


async def test_a_member_has_a_log_in_each_program(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await tens(shared, clock, program)
    other = await new_program(shared)
    page = await member_log(shared, other, ann, wanted=ALL, place=Place(), page_size=50)
    assert page.rows == []
    nobody = IntegrationId("nobody")
    with pytest.raises(NotFound, match="no customer profile 'nobody'"):
        await member_log(shared, other, nobody, wanted=ALL, place=Place(), page_size=50)


async def test_the_balance_after_a_transaction_is_the_balance_at_its_moment(
    shared: Context, clock: Clock
) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    ann = IntegrationId(new_name("ann"))
    await import_rows(shared, program, f"{ann},10")
    wishes = [("5", ""), ("-3", ""), ("7", "shop"), ("-20", ""), ("-2", "shop"), ("30", "")]
    for n, (points, subledger) in enumerate(wishes, start=1):
        clock.now = NOW + n * HOUR
        start = Duration(90, "m") if points == "5" else None
        expiry = Duration(3, "h") if points == "7" else None
        await change(shared, program, ann, points, subledger=subledger, start=start, expiry=expiry)
    page = await member_log(shared, program, ann, wanted=ALL, place=Place(), page_size=50)
    assert len(page.rows) == 8  # below zero a deduction makes two
    known: dict[tuple[datetime, str], Points] = {}
    for each in page.rows:  # the newest first: of one moment the last one counts
        at = each.transaction.recorded_at
        known.setdefault((at, each.transaction.subledger), each.balance_after)
    for (at, subledger), active in known.items():
        balances = await member_balances(shared, program, ann, at=at, known_at=at)
        assert active == balances[subledger].active, at


async def test_what_comes_later_does_not_change_the_balance_after(
    shared: Context, clock: Clock, program: Program
) -> None:
    ann = await tens(shared, clock, program)
    page = await member_log(shared, program, ann, wanted=ALL, place=Place(), page_size=50)
    assert [each.balance_after for each in page.rows] == [
        Points(n * 100) for n in range(110, 99, -1)
    ]
