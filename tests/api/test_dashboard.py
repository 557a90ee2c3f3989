"""`getDashboardStatistics` and its older sister: the figures of days."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal, running_app
from services.harness import NOW, Clock, import_rows, new_member, new_program
from tallystick.core.dashboard import closed_days
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import JoinPolicy, Program, ReturnPolicy
from tallystick.core.transactions import Kind, Source
from tallystick.services.balances import program_totals
from tallystick.services.context import Context
from tallystick.services.posting import post
from tallystick.services.postings import Posting
from tallystick.store.dashboard import ALL_LEDGERS, stored_days

DAY = timedelta(days=1)
RANGE = {"rangeStart": "2026-06-15", "rangeEnd": "2026-06-20"}
KINDS = ("Active", "Pending", "Spent", "Expired", "Negative")


async def ask(api: Api, program: Program, **parameters: str) -> httpx.Response:
    """Ask for the days from 15 to 20 June."""
    where = f"{program_path(program)}/dashboard"
    return await api.manager.get(where, params=RANGE | parameters)


async def days_of(api: Api, program: Program, **parameters: str) -> list[dict[str, Any]]:
    """The days that come back, looked at in July."""
    api.clock.now = datetime(2026, 7, 1, tzinfo=UTC)
    body = exact(await ask(api, program, **parameters))
    assert body["totalResultSize"] == len(body["data"])
    days: list[dict[str, Any]] = body["data"]
    return days


def column(days: list[dict[str, Any]], name: str) -> list[Any]:
    """One figure, day by day."""
    return [day[name] for day in days]


def origins(days: list[dict[str, Any]], name: str) -> list[tuple[Any, Any]]:
    """What was earned or spent by hand, and in sessions, day by day."""
    return [(day[name]["createdManually"], day[name]["createdViaRuleEngine"]) for day in days]


async def in_session(member: Member, kind: Kind, points: str) -> None:
    """Add or deduct points as a customer session does."""
    posting = Posting(
        program_id=member.program.id,
        integration_id=IntegrationId(member.name),
        kind=kind,
        points=Points(int(points) * 100),
        source=Source.SESSION,
        session_id="s-1",
    )
    async with member.api.context.database.transaction() as tx:
        await post(tx, [posting], now=member.api.clock.now)


async def test_a_day_is_told_in_full(api: Api, ann: Member) -> None:
    await ann.deduct(1.5)
    day, *_ = await days_of(api, ann.program)
    assert day == {
        "date": "2026-06-15T00:00:00+00:00",
        "totalActivePoints": Decimal("98.5"),
        "totalPendingPoints": 0,
        "totalSpentPoints": Decimal("1.5"),
        "totalExpiredPoints": 0,
        "totalNegativePoints": 0,
        "totalMembers": 1,
        "newMembers": 1,
        "spentPoints": {"createdManually": Decimal("1.5"), "createdViaRuleEngine": 0},
        "earnedPoints": {"createdManually": 100, "createdViaRuleEngine": 0},
    }


async def test_points_wander_from_state_to_state(api: Api) -> None:
    program = await api.program()
    await import_rows(
        api.context,
        program,
        f"d{program.id},10,2026-06-17,2026-06-19",
        f"d{program.id},5,,2026-06-17T00:00:00Z",
        f"d{program.id},1,,2026-06-17T00:00:01Z",
        header="customerprofileid,amount,startdate,expirydate",
    )
    days = await days_of(api, program)
    assert column(days, "totalPendingPoints") == [10, 10, 0, 0, 0, 0]
    assert column(days, "totalActivePoints") == [6, 6, 10, 10, 0, 0]
    assert column(days, "totalExpiredPoints") == [0, 0, 6, 6, 16, 16]
    assert column(days, "totalMembers") == [1, 1, 1, 1, 0, 0]
    assert column(days, "newMembers") == [1, 0, 0, 0, 0, 0]


async def test_what_was_before_the_range_is_in_its_totals(api: Api, ann: Member) -> None:
    days = await days_of(api, ann.program, rangeStart="2026-06-17")
    assert column(days, "totalActivePoints") == [100] * 4
    assert column(days, "totalMembers") == [1] * 4
    assert column(days, "newMembers") == [0] * 4
    assert origins(days, "earnedPoints") == [(0, 0)] * 4


async def test_earned_and_spent_are_of_the_day_and_told_apart(api: Api) -> None:
    program = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ann = await api.member(program)
    await in_session(ann, Kind.ADDITION, "7")
    api.clock.now = NOW + DAY
    await ann.add(3)
    await ann.deduct(10)
    await in_session(ann, Kind.SUBTRACTION, "4")
    api.clock.now = NOW + 2 * DAY
    await ann.deduct(100)
    days = await days_of(api, program)
    assert origins(days, "earnedPoints")[:3] == [(100, 7), (3, 0), (0, 0)]
    assert origins(days, "spentPoints")[:3] == [(0, 0), (10, 4), (96, 0)]
    assert column(days, "totalSpentPoints")[:3] == [0, 14, 110]
    assert column(days, "totalNegativePoints")[:3] == [0, 0, 4]


async def test_members_come_and_go_with_their_points(api: Api, ann: Member) -> None:
    api.clock.now = NOW + DAY
    bea = await api.member(ann.program)
    await ann.deduct(100)
    api.clock.now = NOW + 3 * DAY
    await ann.add(1, subledgerId="shop")
    await bea.deduct(50)
    days = await days_of(api, ann.program)
    assert column(days, "totalMembers") == [1, 1, 1, 2, 2, 2]
    assert column(days, "newMembers") == [1, 1, 0, 0, 0, 0]


async def test_a_subledger_has_figures_of_its_own(api: Api, ann: Member) -> None:
    api.clock.now = NOW + DAY
    await ann.add(9, subledgerId="shop")
    of_shop = await days_of(api, ann.program, subledgerId="shop")
    assert column(of_shop, "totalActivePoints") == [0, 9, 9, 9, 9, 9]
    assert column(of_shop, "newMembers") == [0, 1, 0, 0, 0, 0]
    assert origins(of_shop, "earnedPoints")[:2] == [(0, 0), (9, 0)]
    main = await days_of(api, ann.program, subledgerId="")
    assert column(main, "totalActivePoints") == [100] * 6
    unknown = await days_of(api, ann.program, subledgerId="unknown")
    assert column(unknown, "totalMembers") == [0] * 6


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, [2, 0, 1, 0, 0, 0]),
        (JoinPolicy.NOT_JOIN, [2, 0, 1, 0, 0, 0]),
        (JoinPolicy.POINTS_EARNED, [2, 0, 1, 0, 0, 0]),
        (JoinPolicy.POINTS_ACTIVATED, [1, 0, 1, 1, 0, 0]),
    ],
)
async def test_members_are_new_when_they_join(
    api: Api, policy: JoinPolicy | None, expected: list[int]
) -> None:
    program = await api.program(join_policy=policy)
    await api.member(program)
    later = Member(api=api, program=program, name=f"later {program.id}")
    await import_rows(
        api.context,
        program,
        f"{later.name},5,2026-06-18T08:00:00Z",
        header="customerprofileid,amount,startdate",
    )
    api.clock.now = NOW + 2 * DAY
    await api.member(program)
    assert column(await days_of(api, program), "newMembers") == expected


async def test_a_join_date_that_was_set_counts(api: Api) -> None:
    program = await api.program(join_policy=JoinPolicy.POINTS_EARNED)
    name = f"joined {program.id}"
    joined = Member(api=api, program=program, name=name)
    api.clock.now = NOW + DAY
    assert (await api.shop.post(f"{joined.path}/join")).status_code == 200
    api.clock.now = NOW + 2 * DAY
    await joined.add(1)
    days = await days_of(api, program)
    assert column(days, "newMembers") == [0, 1, 0, 0, 0, 0]
    assert column(days, "totalMembers") == [0, 0, 1, 1, 1, 1]


async def test_the_days_are_those_of_the_program(api: Api) -> None:
    program = await api.program(timezone="America/New_York")
    api.clock.now = datetime(2026, 6, 17, 3, 59, tzinfo=UTC)  # still the 16th in New York
    await api.member(program)
    days = await days_of(
        api, program, rangeStart="2026-06-15T00:00:00-04:00", rangeEnd="2026-06-17T00:00:00-04:00"
    )
    assert [day["date"] for day in days] == [
        f"2026-06-{number}T00:00:00-04:00" for number in (15, 16, 17)
    ]
    assert column(days, "totalActivePoints") == [0, 100, 100]
    assert column(days, "newMembers") == [0, 1, 0]
    assert origins(days, "earnedPoints") == [(0, 0), (100, 0), (0, 0)]


async def test_the_current_day_is_not_told(api: Api, ann: Member) -> None:
    api.clock.now = NOW + 2 * DAY
    dates = [day["date"][:10] for day in exact(await ask(api, ann.program))["data"]]
    assert dates == ["2026-06-15", "2026-06-16"]


async def test_yesterday_is_told_by_the_older_operation(api: Api, ann: Member) -> None:
    await ann.deduct(30)
    api.clock.now = NOW + DAY
    await ann.deduct(1)
    told = exact(await api.manager.get(f"{program_path(ann.program)}/statistics"))
    [yesterday] = exact(await ask(api, ann.program))["data"]
    assert told == yesterday
    assert told["totalActivePoints"] == 70


async def test_totals_are_the_balances_of_all_members_at_every_end_of_a_day(api: Api) -> None:
    """Also after debts, repayments ahead, activations and deletions."""
    program = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ann, bea = await api.member(program), await api.member(program)
    await ann.add(40, pendingUntil="2026-06-18T12:00:00Z", validUntil="2026-06-19T12:00:00Z")
    await ann.add(8, pendingDuration="on_action", validityDuration="2D", subledgerId="shop")
    uuid = exact(await ann.transactions(subledgerId="shop"))["data"][0]["transactionUUID"]
    await bea.add(20, validUntil="2026-06-17T08:00:00Z", subledgerId="shop")
    api.clock.now = NOW + DAY
    await ann.deduct(130)
    await bea.deduct(25, subledgerId="shop")
    activation = {"transactionUUIDs": [uuid]}
    path = f"{program_path(program)}/activate_points"
    assert (await api.shop.post(path, json=activation)).status_code == 200
    await check_totals(api, program)
    api.clock.now = NOW + 2 * DAY
    deletion = {"scope": "SelectedSubledgers", "subledgerIds": ["shop"]}
    path = f"{bea.path}/delete_transactions"
    assert (await api.shop.post(path, json=deletion)).status_code == 204
    await check_totals(api, program)


async def check_totals(api: Api, program: Program) -> None:
    """Prove that the figures of all days are the balances at their ends."""
    was = api.clock.now
    for day in await days_of(api, program):
        end = datetime.fromisoformat(day["date"]) + DAY - timedelta(microseconds=1)
        balance = await program_totals(api.context, program, at=end.astimezone(UTC))
        told = {kind: int(day[f"total{kind}Points"] * 100) for kind in KINDS}
        assert told == {kind: getattr(balance, kind.lower()) for kind in KINDS}, day
    api.clock.now = was


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("rangeStart", "monday"),
        ("rangeEnd", ""),
        ("rangeEnd", "2026-06-14"),
        ("rangeStart", "2020-01-01"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    api: Api, ann: Member, parameter: str, text: str
) -> None:
    api.clock.now = NOW + 10 * DAY
    problem = refusal(await ask(api, ann.program, **{parameter: text}), 400)
    assert problem["title"] == "invalid_field"
    assert problem["parameter"] in {parameter, "rangeEnd"}


@pytest.mark.parametrize("parameter", ["rangeStart", "rangeEnd"])
async def test_the_range_is_needed(api: Api, ann: Member, parameter: str) -> None:
    given = {name: text for name, text in RANGE.items() if name != parameter}
    answer = await api.manager.get(f"{program_path(ann.program)}/dashboard", params=given)
    assert refusal(answer, 400)["parameter"] == parameter


async def test_a_server_closes_days_by_itself(context: Context) -> None:
    clock = Clock()
    context = replace(context, clock=clock)
    program = await new_program(context)
    await new_member(context, program)
    clock.now += DAY
    [day] = closed_days(NOW - DAY, clock.now, now=clock.now, zone="UTC")
    async with running_app(context), context.database.reader() as reader:
        while await stored_days(  # noqa: ASYNC110 - the database is asked
            reader, program.id, [day], ledger=ALL_LEDGERS
        ) == [None]:
            await asyncio.sleep(0)


async def test_it_is_for_managers(api: Api, ann: Member) -> None:
    for path in ("dashboard", "statistics"):
        answer = await api.shop.get(f"{program_path(ann.program)}/{path}", params=RANGE)
        assert refusal(answer, 401)["title"] == "not_signed_in"
