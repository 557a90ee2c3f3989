"""From a form to a posting: how many points, from when, until when, and what for."""

from datetime import date

from starlette.datastructures import QueryParams

from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import IntegrationId
from tallystick.core.points import FIX, Points, parse_points
from tallystick.core.programs import Program
from tallystick.core.texts import REASON_LENGTH_MAX, SUBLEDGER_LENGTH_MAX, line_in
from tallystick.core.transactions import Kind
from tallystick.core.validity import (
    DAY_FIX,
    Duration,
    Expiry,
    Keyword,
    Start,
    local_midnight,
    parse_duration,
)
from tallystick.services.callers import Caller
from tallystick.services.postings import Posting
from tallystick.web.dates import day_in, end_of

UNITS = {"h": "hours", "D": "days", "W": "weeks", "M": "months", "Y": "years"}


def posting_of(
    form: QueryParams,
    kind: Kind,
    *,
    program: Program,
    integration_id: IntegrationId,
    caller: Caller,
) -> Posting:
    """The posting that a form asks for; its reason may still be missing. Errors: InvalidField."""
    zone, adds = program.settings.timezone, kind is Kind.ADDITION
    return Posting(
        program_id=program.id,
        integration_id=integration_id,
        kind=kind,
        points=_points(form.get("points", "").strip()),
        name=line_in(form.get("name", "").strip(), "name", at_most=REASON_LENGTH_MAX),
        subledger=line_in(form.get("subledgerId"), "subledgerId", at_most=SUBLEDGER_LENGTH_MAX),
        start=_start(form, zone) if adds else None,
        expiry=_expiry(form, zone) if adds else None,
        caller=caller,
        idempotency_key=line_in(form.get("key"), "key", at_most=REASON_LENGTH_MAX) or None,
    )


def check_reason(posting: Posting) -> None:
    """Nothing, if it has one. Errors: InvalidField."""
    if not posting.name:
        raise InvalidField("name", "nothing", "write what it is for, like Sorry for the delay")


def _points(text: str) -> Points:
    points = parse_points(text)
    if points is None:
        raise InvalidField("points", shown(text) if text else "nothing", FIX)
    return points


def _start(form: QueryParams, zone: str) -> Start | None:
    """When the points become active; None for the program's default."""
    match form.get("start", ""):
        case "now":
            return Keyword.IMMEDIATE
        case "action":
            return Keyword.ON_ACTION
        case "after":
            return _duration(form, "pendingDuration")
        case "on":
            return local_midnight(_day(form, "pendingUntil"), zone)
        case _:
            return None


def _expiry(form: QueryParams, zone: str) -> Expiry | None:
    """When they expire; None for the program's default. Of a day it is the end."""
    match form.get("expiry", ""):
        case "never":
            return Keyword.UNLIMITED
        case "after":
            return _duration(form, "validityDuration")
        case "on":
            return end_of(_day(form, "validUntil"), zone)
        case _:
            return None


def _day(form: QueryParams, field: str) -> date:
    on = day_in(form.get(field), field)
    if on is None:
        raise InvalidField(field, "nothing", DAY_FIX)
    return on


def _duration(form: QueryParams, field: str) -> Duration:
    """A number and the unit beside it."""
    count = form.get(field, "").strip()
    duration = parse_duration(count + form.get(f"{field}Unit", ""))
    if duration is None or duration.unit not in UNITS:
        found = shown(count) if count else "nothing"
        raise InvalidField(field, found, "write a whole number from 1 to 999999")
    return duration
