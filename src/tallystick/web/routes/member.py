"""A member: what one has now and at other moments, what comes up, and what happened."""

from dataclasses import dataclass
from datetime import date

from tallystick.core.balances import Balance
from tallystick.core.members import Change, ComingChange, TimelinePoint
from tallystick.core.roles import Right
from tallystick.core.texts import integration_id_in
from tallystick.core.transactions import Kind, Origin
from tallystick.core.validity import local_date
from tallystick.services.members import MemberPage, member_page
from tallystick.services.transactions import LogSearch, member_log
from tallystick.web.dates import day_in, first_instant, last_instant
from tallystick.web.pages import Page
from tallystick.web.showing import Showing, raw_points
from tallystick.web.visits import View, Visit

PAGE_SIZE = 50

_TYPES = {"": "All", "earned": "Earned", "redeemed": "Redeemed", "by-hand": "By hand"}

# The figures of a balance: the colour and word of each, and what it says of now.
_FIGURES = (
    ("active", "Active", "Can be spent now"),
    ("pending", "Pending", "Not active yet"),
    ("spent", "Spent", "Since joining"),
    ("expired", "Expired", "Since joining"),
    ("negative", "Below zero", "Owed"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a balance as it is shown, and what stands below it."""

    name: str
    label: str
    points: str
    below: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the slider: its date, how it is told, and the figures of it."""

    date: str
    told: str
    figures: list[Figure]


async def _show_member(visit: Visit) -> View:
    """The member at the moment that the address names, and a page of what happened."""
    program, zone = visit.known_program, visit.known_program.settings.timezone
    integration_id = integration_id_in(visit.in_path("member"))
    subledger = _subledger(visit)
    asked_on = day_in(visit.query.get("as_of"), "as_of")
    on = None if asked_on == visit.show.today else asked_on
    member = await member_page(
        visit.context,
        program,
        integration_id,
        as_of=last_instant(on, zone),
        subledger=subledger,
    )
    log = await member_log(
        visit.context,
        program,
        integration_id,
        wanted=_wanted(visit, zone),
        place=visit.place(),
        page_size=PAGE_SIZE,
    )
    return View(
        template="member.html",
        values={
            "member": member,
            "log": log,
            "types": _TYPES,
            "type": visit.chosen("type", tuple(_TYPES)),
            "subledger": subledger,
            **_balances(visit.show, member, on, subledger),
            **_coming(visit.show, member, zone),
        },
    )


def _subledger(visit: Visit) -> str | None:
    """The ledger that is asked for; the main ledger's name is empty, and None are all of them."""
    return visit.line("subledger") if "subledger" in visit.query else None


def _wanted(visit: Visit, zone: str) -> LogSearch:
    """Which transactions the address asks for. Errors: InvalidField."""
    wanted = visit.chosen("type", tuple(_TYPES))
    kinds = {"earned": Kind.ADDITION, "redeemed": Kind.SUBTRACTION}
    return LogSearch(
        kind=kinds.get(wanted),
        origin=Origin.HAND if wanted == "by-hand" else None,
        subledger=_subledger(visit),
        from_at=first_instant(day_in(visit.query.get("from"), "from"), zone),
        to_at=last_instant(day_in(visit.query.get("to"), "to"), zone),
    )


def _balances(
    show: Showing, member: MemberPage, on: date | None, subledger: str | None
) -> dict[str, object]:
    """The tiles, the days that the slider can pick, and which of them is shown."""
    places = [point.day for point in member.timeline]
    today = places.index(show.today)
    now = member.timeline[today].balance
    shown = member.total if subledger is None else member.balances.get(subledger, Balance())
    owes = any(point.balance.negative for point in member.timeline) or bool(shown.negative)
    days = [
        Day(
            date=point.day.isoformat(),
            told="Now" if point.day == show.today else show.short_day(point.day),
            figures=_figures(show, point.balance, None if place == today else now, owes=owes),
        )
        for place, point in enumerate(member.timeline)
    ]
    return {
        "on": on,
        "chip": "Now" if on is None else show.short_day(on),
        "figures": _figures(show, shown, None if on is None else now, owes=owes),
        "days": days,
        "today_at": today,
        "day_at": places.index(on) if on in places else today,
        "chart": [_drawn(show, point, member.coming) for point in member.timeline],
    }


def _figures(show: Showing, balance: Balance, now: Balance | None, *, owes: bool) -> list[Figure]:
    """The figures of a balance; of another moment than now with how far they are from now."""
    figures = []
    for name, label, below in _FIGURES:
        if name == "negative" and not owes:
            continue
        points = getattr(balance, name)
        said = below if now is None else _apart(show, points, getattr(now, name))
        figures.append(Figure(name=name, label=label, points=show.points(points), below=said))
    return figures


def _apart(show: Showing, points: int, now: int) -> str:
    if points == now:
        return "Same as now"
    sign = "+" if points > now else ""
    return f"{sign}{show.points(points - now)} from now"


def _drawn(show: Showing, point: TimelinePoint, coming: list[ComingChange]) -> dict[str, object]:
    """A row of the chart's table; a day on which something comes up has a dot."""
    active = point.balance.active
    return {
        "date": point.day.isoformat(),
        "shown": show.short_day(point.day),
        "cells": [(raw_points(active), show.points(active))],
        "marked": any(local_date(each.at, show.zone) == point.day for each in coming),
    }


def _coming(show: Showing, member: MemberPage, zone: str) -> dict[str, object]:
    """What comes up, and the balance that it leaves on the last day."""
    return {
        "coming": [
            (show.short_day(local_date(each.at, zone)), each, _moved(each))
            for each in member.coming
        ],
        "last": member.timeline[-1],
    }


def _moved(coming: ComingChange) -> int:
    return -coming.points if coming.change is Change.EXPIRES else coming.points


PAGES = (
    Page(
        name="member",
        path="/programs/{program}/members/{member}",
        right=Right.SEE,
        show=_show_member,
    ),
)
