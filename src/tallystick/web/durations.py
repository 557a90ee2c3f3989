"""Start and expiry of points as people read and choose them: "30D" is 30 days."""

from babel.units import format_unit

from tallystick.core.validity import Duration, parse_duration
from tallystick.web.visits import Visit

OWN = "own"  # stands for a time that is written beside the choice

STARTS = ("immediate", "1D", "7D", "14D", "30D", "on_action")
EXPIRIES = ("unlimited", "30D", "90D", "6M", "12M", "12M_U", "24M_U")

_WORDS = {
    "immediate": "At once",
    "on_action": "When your shop activates them",
    "unlimited": "Never",
}
_UNITS = {
    "s": "second",
    "m": "minute",
    "h": "hour",
    "D": "day",
    "W": "week",
    "M": "month",
    "Y": "year",
}
_ROUNDED_UP = {"D": "day", "W": "week", "M": "month", "Y": "year"}


def time_options(among: tuple[str, ...], now: str, *, locale: str) -> list[tuple[str, str]]:
    """The times to choose from, `now` among them, and one's own; pairs of value and label."""
    wanted = among if now in among else (*among, now)
    return [*((each, time_words(each, locale=locale)) for each in wanted), (OWN, "Another time")]


def time_words(text: str, *, locale: str) -> str:
    """A start or an expiry as the contract writes it, in words: After 12 months."""
    duration = parse_duration(text)
    if duration is None:
        return _WORDS.get(text, text)
    return f"After {_length(duration, locale)}"


def _length(duration: Duration, locale: str) -> str:
    length = format_unit(duration.count, _UNITS[duration.unit], "long", locale=locale)
    if duration.rounding == "U":
        return f"{length}, at the end of the {_ROUNDED_UP[duration.unit]}"
    return f"{length}, at the start of the day" if duration.rounding else length


def chosen_time(visit: Visit, field: str) -> str:
    """What a form says of a time: the one that was chosen, or the one that was written."""
    text = visit.form.get(field, "")
    return visit.form.get(f"{field}Own", "").strip() if text == OWN else text
