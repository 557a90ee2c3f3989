"""What was asked for, in words."""

from datetime import datetime

from markupsafe import Markup

from tallystick.core.dashboard import FigureGroup
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import parse_day
from tallystick.services.export_kinds import BalancesWish, DashboardWish, ExpiringWish, LogWish
from tallystick.web.showing import Showing

KINDS = {
    "dashboard": "Dashboard data",
    "balances": "Balances",
    "transactions": "Transactions",
    "expiring": "What expires",
}
_GROUPS = {
    FigureGroup.MEMBERS: "members",
    FigureGroup.TOTALS: "point totals",
    FigureGroup.EARNED_AND_SPENT: "earned and redeemed",
    FigureGroup.IMPORTS: "imports",
}
_TYPES = {Kind.ADDITION: "additions", Kind.SUBTRACTION: "deductions"}
_SOURCES = {Source.MANUAL: "by hand", Source.SESSION: "by sessions", Source.IMPORT: "by imports"}


def in_words(wish: object, show: Showing) -> Markup:
    """What a wish is, without its kind: days, moments, and what is left out."""
    match wish:
        case DashboardWish():
            groups = [_GROUPS[group] for group in FigureGroup if group in wish.groups]
            said = [
                show.days(wish.first_on, wish.last_on),
                ", ".join(groups),
                _ledger(wish.subledger),
            ]
        case BalancesWish():
            at = "When it was written" if wish.at is None else show.moment(wish.at)
            known_at = wish.known_at
            known = _phrase("as known at {}", show.moment(known_at)) if known_at else None
            said = [at, known, "with details" if wish.details else None]
        case LogWish():
            said = [*_log(wish, show), _ledger(wish.subledger)]
        case ExpiringWish():
            first, last = parse_day(wish.first[:10]), parse_day(wish.last[:10])
            said = [show.days(first, last) if first and last else None, _ledger(wish.subledger)]
        case _:
            said = []
    return Markup(" \N{MIDDLE DOT} ").join(filter(None, said))


def _ledger(name: str | None) -> str | None:
    return "main ledger" if name == "" else name


def _log(wish: LogWish, show: Showing) -> list[str | None]:
    return [
        _span(wish.from_at, wish.to_at, show),
        ", ".join(wish.integration_ids),
        _TYPES[wish.kind] if wish.kind else None,
        _SOURCES[wish.source] if wish.source else None,
    ]


def _span(from_at: datetime | None, to_at: datetime | None, show: Showing) -> str:
    if from_at and to_at:
        return _phrase("{} to {}", show.moment(from_at), show.moment(to_at))
    if from_at:
        return _phrase("From {}", show.moment(from_at))
    return _phrase("Until {}", show.moment(to_at)) if to_at else "From the beginning"


def _phrase(form: str, *moments: Markup) -> Markup:
    return Markup(form).format(*moments)  # noqa: S704 - the forms are those above
