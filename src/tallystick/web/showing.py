"""How numbers, dates and sizes are written for a person, in their locale and a time zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, get_timezone_name
from babel.numbers import format_compact_decimal, format_decimal
from markupsafe import Markup

from tallystick.core.points import decimal_of, render_points
from tallystick.core.validity import render_instant

LOCALES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "pt": "Português"}

_MINUS = "\N{MINUS SIGN}"
_NO_END_YEAR = 9999


@dataclass(frozen=True)
class Showing:
    """Writes values for one person. Points come as whole hundredths, instants in UTC.

    zone: the time zone that instants are shown in. now: today is a day of that instant.
    """

    locale_name: str
    zone: str
    now: datetime

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse(self.locale_name)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def today(self) -> date:
        """The day it is in the time zone."""
        return self.now.astimezone(self._zone).date()

    def count(self, number: int) -> str:
        """A whole number with separators: 12,582."""
        return self._signs(format_decimal(number, locale=self._locale))

    def points(self, points: int) -> str:
        """An amount with separators, two decimals if it is not whole: 1,250.50."""
        form = "#,##0.00" if points % 100 else "#,##0"
        return self._signs(format_decimal(decimal_of(points), form, locale=self._locale))

    def signed(self, points: int) -> Markup:
        """A movement with its sign; what comes in is marked as good."""
        text = self.points(points)
        if points > 0:
            return Markup('<span class="plus">+{}</span>').format(text)
        return Markup('<span class="minus">{}</span>').format(text)

    def change(self, now: int, before: int) -> str | None:
        """The change in percent with its sign and one decimal; None if there was nothing before."""
        if before == 0:
            return None
        percent = (Decimal(now) - before) / abs(before) * 100
        text = format_decimal(abs(percent), "#,##0.0", locale=self._locale)
        return f"{'+' if percent >= 0 else _MINUS}{text}%"

    def brief(self, points: int) -> str:
        """An amount rounded for a narrow place: 12.6M."""
        text = format_compact_decimal(decimal_of(points), locale=self._locale, fraction_digits=1)
        return self._signs(text)

    def size(self, count: int) -> str:
        """A number of bytes in the unit that suits it: 1.1 MB."""
        size, unit = Decimal(count), "bytes"
        for larger in ("KB", "MB", "GB"):
            if size < 1000:
                break
            size, unit = size / 1000, larger
        form = "#,##0" if unit == "bytes" else "#,##0.#"
        return f"{format_decimal(size, form, locale=self._locale)} {unit}"

    def day(self, on: date) -> str:
        """A date with its year: Nov 21, 2026."""
        return format_date(on, "medium", locale=self._locale)

    def short_day(self, on: date) -> str:
        """A date, the year left out if it is this one: Nov 21."""
        if on.year != self.today.year:
            return self.day(on)
        return format_skeleton("MMMd", on, locale=self._locale)

    def days(self, first: date, last: date) -> str:
        """A range of days, both inclusive, with a dash between them."""
        if first == last:
            return self.day(last)
        if first.year == last.year:
            first_text = format_skeleton("MMMd", first, locale=self._locale)
            return f"{first_text} \N{EN DASH} {self.day(last)}"
        return f"{self.day(first)} \N{EN DASH} {self.day(last)}"

    def moment(self, at: datetime) -> Markup:
        """An instant to the minute, with exact time and zone to be had by pointing at it."""
        local = at.astimezone(self._zone)
        clock = format_skeleton("Hm", local, tzinfo=self._zone, locale=self._locale)
        day = "Today" if local.date() == self.today else self.short_day(local.date())
        return self._time(at, f"{day}, {clock}")

    def date_of(self, at: datetime) -> Markup:
        """The day of an instant, with exact time and zone to be had by pointing at it."""
        return self._time(at, self.short_day(at.astimezone(self._zone).date()))

    def expiry(self, at: datetime) -> Markup | str:
        """The same of an instant that may stand for never."""
        return "never" if at.year == _NO_END_YEAR else self.date_of(at)

    def _time(self, at: datetime, text: str) -> Markup:
        local = at.astimezone(self._zone)
        exact = format_datetime(local, "yyyy-MM-dd HH:mm:ss", tzinfo=self._zone)
        zone = get_timezone_name(local, "short", locale=self._locale)
        return Markup('<time datetime="{}" title="{} {}">{}</time>').format(
            render_instant(at), exact, zone, text
        )

    def _signs(self, text: str) -> str:
        return text.replace("-", _MINUS)


def in_words(name: str) -> str:
    """A name of the API as people read it: pointsPerDay is Points per day."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).capitalize()


def raw_points(points: int) -> str:
    """The amount as machines read it, for attributes: -1250.50."""
    return render_points(points)
