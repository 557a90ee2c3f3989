"""The overview of a program: its figures over a range of days, and what comes next."""

from collections.abc import Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from starlette.datastructures import QueryParams

from tallystick.core.dashboard import DayFigures
from tallystick.core.errors import InvalidField, NotFound
from tallystick.core.roles import Right
from tallystick.core.stretches import Stretch, stretch, stretches
from tallystick.core.validity import local_date
from tallystick.services.dashboard import DayPoint
from tallystick.services.overview import Overview, overview
from tallystick.services.programs import CARDS, tell_standings
from tallystick.services.subledgers import list_ledgers
from tallystick.web.pages import Page
from tallystick.web.ranges import PRESETS, Range, range_in, standard_range
from tallystick.web.showing import Showing, raw_points
from tallystick.web.visits import View, Visit


async def _show_overview(visit: Visit) -> View:
    """The figures of the range in the address; where that is none, of the last 30 days."""
    program = visit.known_program
    if program.settings.card_based:
        return View(template="overview_cards.html", values={"reason": CARDS})
    chosen, status = _chosen_range(visit)
    ledgers = (await list_ledgers(visit.context, program)).subledgers
    subledger = visit.query.get("subledger")
    if subledger and subledger not in ledgers:
        raise NotFound("subledger", subledger[:100])
    [standing] = await tell_standings(visit.context, [program])
    found = await overview(
        visit.context,
        program,
        first_on=chosen.first_on,
        last_on=chosen.last_on,
        subledger=subledger,
    )
    values = {
        "chosen": chosen,
        "presets": _presets(chosen, subledger),
        "subledger": subledger,
        "ledgers": _ledger_choices(chosen, ledgers) if ledgers else [],
        "parameters": _address(chosen, subledger),
        "outlook": found.outlook,
        "largest_on": _largest_on(found, program.settings.timezone),
        "leaves_out_today": found.leaves_out_today,
        "has_points": standing.has_transactions,
        **_figures(visit.show, program.settings.timezone, found),
    }
    return View(template="overview.html", values=values, status=status)


def _chosen_range(visit: Visit) -> tuple[Range, HTTPStatus]:
    """The range, and how it went; one that is none is said in the form of own dates."""
    try:
        return range_in(visit), HTTPStatus.OK
    except InvalidField as refusal:
        visit.refusal = refusal
        return standard_range(visit), HTTPStatus.UNPROCESSABLE_ENTITY


def _address(chosen: Range, subledger: str | None) -> str:
    """The parameters of an overview; an empty subledger is the main ledger."""
    given = {} if subledger is None else {"subledger": subledger}
    return str(QueryParams({**chosen.parameters, **given}))


def _presets(chosen: Range, subledger: str | None) -> list[dict[str, Any]]:
    given = {} if subledger is None else {"subledger": subledger}
    return [
        {
            "label": label,
            "is_here": preset == chosen.preset,
            "address": str(QueryParams({"range": preset, **given})),
        }
        for preset, (_, label) in PRESETS.items()
    ]


def _ledger_choices(chosen: Range, ledgers: Sequence[str]) -> list[tuple[str | None, str, str]]:
    """Which ledger, how it is called, and the address of its overview."""
    labels: dict[str | None, str] = {None: "All ledgers", "": "Main ledger"}
    labels |= {name: name for name in ledgers}
    return [(ledger, label, _address(chosen, ledger)) for ledger, label in labels.items()]


def _figures(show: Showing, zone: str, found: Overview) -> dict[str, Any]:
    """The range as a whole, the one before, and day by day or week by week."""
    days, before = _days(zone, found.days), _days(zone, found.before)
    if not days:
        return {"parts": []}
    parts = stretches(days, before=before[-1][1])
    return {
        "whole": stretch(days, before=before[-1][1]),
        "earlier": stretch(before[1:], before=before[0][1]),
        "parts": parts,
        "by_week": len(parts) < len(days),
        "charts_of": {name: _rows(show, parts, columns) for name, columns in _CHARTS.items()},
    }


def _largest_on(found: Overview, zone: str) -> date | None:
    """The day ahead on which the most points expire."""
    until = found.outlook.largest_until if found.outlook else None
    return None if until is None else local_date(until - timedelta.resolution, zone)


def _days(zone: str, points: Sequence[DayPoint]) -> list[tuple[date, DayFigures]]:
    return [(local_date(each.day.starts_at, zone), each.figures) for each in points]


# The columns of each chart; those of members are counts, all others are points.
_CHARTS = {
    "members": ("members",),
    "new_members": ("new_members",),
    "active": ("active",),
    "pending": ("pending",),
    "expired": ("expired",),
    "flows": ("earned_by_sessions", "earned_manually", "spent_by_sessions", "spent_manually"),
}
_COUNTS = {"members", "new_members"}


def _rows(show: Showing, parts: Sequence[Stretch], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a chart's table: a week is told by its last day."""
    return [
        {
            "date": _date(part),
            "shown": show.short_day(part.last_on),
            "cells": [_cell(show, part, column) for column in columns],
        }
        for part in parts
    ]


def _date(part: Stretch) -> str:
    if part.first_on == part.last_on:
        return part.last_on.isoformat()
    return f"{part.first_on.isoformat()}/{part.last_on.isoformat()}"


def _cell(show: Showing, part: Stretch, column: str) -> tuple[str, str]:
    """What is drawn, and what is shown."""
    number = getattr(part, column)
    if column in _COUNTS:
        return str(number), show.count(number)
    return raw_points(number), show.points(number)


PAGES = (Page(name="overview", path="/programs/{program}", right=Right.SEE, show=_show_overview),)
