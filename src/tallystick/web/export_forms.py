"""What the form of an export says: the wish that it makes, field by field."""

from collections.abc import Callable
from datetime import date, datetime

from starlette.datastructures import QueryParams

from tallystick.core.dashboard import FigureGroup, choose_dates, days_of_dates
from tallystick.core.errors import InvalidField, shown
from tallystick.core.exports import FileFormat, days_between
from tallystick.core.ids import IntegrationId
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import DAY_FIX, parse_day, parse_local
from tallystick.services.export_kinds import (
    BalancesWish,
    DashboardWish,
    DateFormat,
    ExpiringWish,
    LogWish,
)
from tallystick.web.ranges import PRESETS

GROUPS = {
    "members": FigureGroup.MEMBERS,
    "points": FigureGroup.TOTALS,
    "earned-redeemed": FigureGroup.EARNED_AND_SPENT,
}
LEDGER = "="  # stands before the name of the ledger that is chosen
_TIME_FIX = "choose a day and a time, like 2026-01-15 11:53"


def wish_in(kind: str, form: QueryParams, program: Program, now: datetime) -> object:
    """What is asked for. Errors: InvalidField, naming the field of the form."""
    return WISHES[kind](form, program, now)


def format_in(form: QueryParams) -> FileFormat:
    """What the file is to be written as. Errors: InvalidField."""
    text = form.get("format", FileFormat.CSV.value)
    if text not in {each.value for each in FileFormat}:
        fix = f"choose one of {', '.join(each.value for each in FileFormat)}"
        raise InvalidField("format", shown(text), fix)
    return FileFormat(text)


def _dashboard(form: QueryParams, program: Program, now: datetime) -> DashboardWish:
    zone = program.settings.timezone
    groups = frozenset(GROUPS[name] for name in form.getlist("include") if name in GROUPS)
    if not groups:
        raise InvalidField("include", "nothing", "tick at least one")
    preset = PRESETS.get(form.get("range", ""))
    if preset is None:
        first_on, last_on = _days(form)
        days_of_dates(first_on, last_on, now=now, zone=zone, first_field="from", last_field="to")
    else:
        first_on, last_on = choose_dates(preset[0], None, None, now=now, zone=zone)
    return DashboardWish(first_on=first_on, last_on=last_on, groups=groups, subledger=_ledger(form))


def _balances(form: QueryParams, program: Program, _now: datetime) -> BalancesWish:
    zone = program.settings.timezone
    return BalancesWish(
        at=_time(form, "at", zone), known_at=_time(form, "known", zone), details="details" in form
    )


def _transactions(form: QueryParams, program: Program, _now: datetime) -> LogWish:
    zone, member = program.settings.timezone, _text(form, "member")
    from_at, to_at = _time(form, "from", zone), _time(form, "to", zone)
    if from_at and to_at and to_at < from_at:
        raise InvalidField("to", shown(form["to"]), "choose a time that is not before the first")
    return LogWish(
        integration_ids=(IntegrationId(member),) if member else (),
        from_at=from_at,
        to_at=to_at,
        kind=Kind.__members__.get(form.get("type", "").upper()),
        source=Source.__members__.get(form.get("source", "").upper()),
        subledger=_ledger(form),
        date_format=DateFormat.ISO8601 if form.get("dates") == "iso" else DateFormat.EXCEL,
    )


def _expiring(form: QueryParams, program: Program, _now: datetime) -> ExpiringWish:
    first, last = map(date.isoformat, _days(form))
    zone = program.settings.timezone
    days_between(first, last, zone=zone, first_field="from", last_field="to")
    return ExpiringWish(first=first, last=last, subledger=_ledger(form))


WISHES: dict[str, Callable[[QueryParams, Program, datetime], object]] = {
    "dashboard": _dashboard,
    "balances": _balances,
    "transactions": _transactions,
    "expiring": _expiring,
}


def _days(form: QueryParams) -> tuple[date, date]:
    """The dates of two fields. Errors: InvalidField."""
    first_on, last_on = _day(form, "from"), _day(form, "to")
    if last_on < first_on:
        fix = "choose a day that is not before the first"
        raise InvalidField("to", last_on.isoformat(), fix)
    return first_on, last_on


def _day(form: QueryParams, field: str) -> date:
    text = form.get(field, "")
    day = parse_day(text)
    if day is None:
        raise InvalidField(field, shown(text) if text else "nothing", DAY_FIX)
    return day


def _time(form: QueryParams, field: str, zone: str) -> datetime | None:
    """The instant of a field that says what clocks show, None if it is empty."""
    text = form.get(field, "")
    at = parse_local(text, zone)
    if text and at is None:
        raise InvalidField(field, shown(text), _TIME_FIX)
    return at


def _ledger(form: QueryParams) -> str | None:
    """The ledger that is chosen, empty for the main one; None for all of them."""
    text = form.get("ledger", "")
    return text[len(LEDGER) :] if text.startswith(LEDGER) else None


def _text(form: QueryParams, field: str) -> str | None:
    """A line of text, None if it is empty. Errors: InvalidField."""
    text = form.get(field, "").strip()
    if not text.isprintable():
        raise InvalidField(field, shown(text), "write one line, without control characters")
    return text or None
