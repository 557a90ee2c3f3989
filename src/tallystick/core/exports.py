"""Files that are taken out of the books: their formats, their days, and the jobs that make them."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from tallystick.core.dashboard import DAYS_MAX
from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import ExportId, ProgramId, UserId
from tallystick.core.validity import local_date as date_at
from tallystick.core.validity import local_day_start, local_midnight, next_local_day, parse_instant

DAY_FIX = "write a day like 2026-01-15, or an instant like 2026-01-15T11:53:26Z"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class FileFormat(Enum):
    """What a file is written as; also the end of its name."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    NDJSON = "ndjson"

    @property
    def media_type(self) -> str:
        """What HTTP calls it."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    FileFormat.CSV: "text/csv",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.NDJSON: "application/x-ndjson",
}


class CellType(Enum):
    """What a column holds; a cell may always be empty."""

    TEXT = "text"
    WHOLE = "whole number"
    POINTS = "points"  # decimal, two places
    INSTANT = "instant"  # ISO 8601, UTC
    DAY = "day"
    FLAG = "true or false"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file."""

    name: str
    type: CellType = CellType.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDay:
    """A day of a program's time zone: its date, its first instant, and its exclusive end."""

    date: date
    starts_at: datetime
    ends_at: datetime


def days_between(
    first: str,
    last: str,
    *,
    zone: str,
    first_field: str = "rangeStart",
    last_field: str = "rangeEnd",
) -> list[LocalDay]:
    """The local days from one to the other, both inclusive.

    Units: each is written as a day, or as an instant, which stands for the day that contains it.
    Errors: InvalidField, naming one of the fields, also for more than DAYS_MAX days.
    """
    starts_at, last_at = _day_start(first, first_field, zone), _day_start(last, last_field, zone)
    if last_at < starts_at:
        raise InvalidField(last_field, shown(last), f"write a day that is not before {first_field}")
    days: list[LocalDay] = []
    while starts_at <= last_at:
        if len(days) == DAYS_MAX:
            raise InvalidField(
                last_field, shown(last), f"ask for at most {DAYS_MAX} days at a time"
            )
        ends_at = next_local_day(starts_at, zone)
        days.append(LocalDay(date=date_at(starts_at, zone), starts_at=starts_at, ends_at=ends_at))
        starts_at = ends_at
    return days


def _day_start(text: str, field: str, zone: str) -> datetime:
    instant = parse_instant(text)
    if instant is None:
        raise InvalidField(field, shown(text), DAY_FIX)
    if _DAY.fullmatch(text):
        return local_midnight(instant.date(), zone)
    return local_day_start(instant, zone)


WRITING, WRITTEN, FAILED = "writing", "written", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """A file that is written in the background, and what became of it.

    state: writing (or waiting for its turn), written, failed or expired. wish: what was asked for,
    as JSON. known_at: the moment that the file speaks for. sums: of its columns of points by name,
    as JSON. failure: why the work failed, in one line.
    """

    export_id: ExportId
    program_id: ProgramId
    kind: str
    wish: str
    format: FileFormat
    safe: bool
    state: str
    file_name: str
    user_id: UserId | None
    api_key_id: int | None
    created_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    rows_done: int
    bytes_done: int
    known_at: datetime | None
    file_digest: bytes | None
    sums: str | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedExport:
    """A job, and the name or address of whoever asked for it; empty for a command."""

    job: ExportJob
    asked_by: str
