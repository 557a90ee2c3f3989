"""The figures of a program's days as a CSV file."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from starlette.responses import Response

from tallystick.api.csv_stream import Sink, csv_name, csv_response
from tallystick.api.operations import Call, Nothing
from tallystick.core.dashboard import ALL_FIGURES, FigureGroup, Frame
from tallystick.core.errors import InvalidField, shown
from tallystick.core.validity import DAY_FIX, parse_day
from tallystick.services.dashboard_export import SpanFields, choose_span, export_dashboard

_GROUPS = {group.value: group for group in FigureGroup}
_ALL = "all"

LocalDay = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"})]
Last = Literal["7-days", "30-days", "3-months", "year"]


class DashboardFileQuery(msgspec.Struct):
    """Which days, of which ledger, and which columns."""

    last: Last | None = None
    rangeStart: LocalDay | None = None
    rangeEnd: LocalDay | None = None
    figures: str = _ALL
    subledgerId: str | None = None


async def get_dashboard_file(call: Call[DashboardFileQuery, Nothing]) -> Response:
    """The figures of a program's days as a CSV file, a line a day, by date.

    Days are those of the program's time zone, and only those that are over; at most 400. `figures`
    lists groups of columns: `members`, `totals`, `earned-and-spent`, `imports`, or `all` for the
    first three.
    """
    query = call.query
    groups = _groups(query.figures)
    program = await call.profile_program()
    span = choose_span(
        call.context,
        program,
        frame=query.last and Frame(query.last),
        first_on=_day("rangeStart", query.rangeStart),
        last_on=_day("rangeEnd", query.rangeEnd),
        fields=SpanFields(frame="last", first="rangeStart", last="rangeEnd"),
    )

    async def write(sink: Sink) -> None:
        await export_dashboard(
            call.context,
            program,
            span,
            groups=groups,
            subledger=query.subledgerId,
            caller=call.known_caller,
            output=sink,
        )

    days = f"{span.first_on}-to-{span.last_on}"
    name = csv_name(program.settings.name, "dashboard", query.subledgerId or "", days)
    return await csv_response(call, name, write)


def _day(name: str, text: str | None) -> date | None:
    if text is None:
        return None
    day = parse_day(text)
    if day is None:
        raise InvalidField(name, shown(text), DAY_FIX)
    return day


def _groups(text: str) -> frozenset[FigureGroup]:
    """The groups that are listed. Errors: InvalidField."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name != _ALL and name not in _GROUPS:
            fix = f"write some of {', '.join([*_GROUPS, _ALL])}, with commas between them"
            raise InvalidField("figures", shown(name), fix)
    chosen = frozenset(_GROUPS[name] for name in names if name != _ALL)
    return chosen | ALL_FIGURES if _ALL in names else chosen
