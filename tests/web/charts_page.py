"""A page of charts as templates write them, under the policy of every page; no server is asked."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from playwright.async_api import Page, Route

from tallystick.web.rendering import SAFETY, _environment
from tallystick.web.static_files import STATIC_PATH, static_files

ADDRESS = "http://localhost/"
FIRST = date(2026, 10, 23)
TODAY = date(2026, 11, 22)
LAST = 29  # the index of the last day of a month of days

_PAGE = """
{% import 'charts.html' as charts %}
<!doctype html>
<html lang="en" data-locale="{{ locale }}">
<head><title>Charts</title>{% include 'head.html' %}</head>
<body><main class="page" id="main"><h1>Charts</h1>
<dl class="tiles">{% for colour, figure, values in sparks %}
<div class="tile"><dt>{{ colour }}</dt><dd class="num">{{ figure }}</dd>
<dd>{{ charts.spark(colour, values) }}</dd></div>
{% endfor %}</dl>
<div class="grid">
{% for card in cards %}
<section class="card {{ card.width }}" id="{{ card.id }}" aria-label="{{ card.title }}">
<header><div><h2>{{ card.title }}</h2></div>{{ charts.as_table() }}</header>
<div class="body">{% for chart in card.charts %}{{ charts.chart(**chart) }}{% endfor %}</div>
</section>
{% endfor %}
</div></main></body></html>
"""


def amount(value: Decimal | int | None) -> tuple[str | None, str]:
    """What is drawn and what is shown of it."""
    if value is None:
        return None, "\N{EM DASH}"
    return str(value), f"{value:,}".replace("-", "\N{MINUS SIGN}")


def days(
    *columns: list[Any], first: date = FIRST, marked: frozenset[int] = frozenset()
) -> list[Mapping[str, Any]]:
    """Days one after the other, a column of values for each series."""
    return [
        {
            "date": (on := first + timedelta(days=number)).isoformat(),
            "shown": f"{on:%b} {on.day}",
            "cells": [amount(value) for value in values],
            "marked": number in marked,
        }
        for number, values in enumerate(zip(*columns, strict=True))
    ]


def series(name: str, colour: str, draw: str, **more: bool) -> Mapping[str, Any]:
    return {"name": name, "colour": colour, "draw": draw, **more}


def _wave(base: Decimal, step: Decimal) -> list[Decimal]:
    return [base + step * (day + (day * day * 7) % 5) for day in range(LAST + 1)]


ACTIVE = _wave(Decimal("12345678.25"), Decimal("8000.50"))
PENDING = _wave(Decimal("830000.00"), Decimal("7500.25"))
MEMBERS = [47_500 + 49 * day + (day * 7) % 11 for day in range(LAST + 1)]
NEW = [17 + (day * 37) % 83 for day in range(LAST + 1)]
EARNED = _wave(Decimal("62000.50"), Decimal("1500.00"))
BY_HAND = [Decimal("80000.75") if day == 9 else Decimal("900.25") for day in range(LAST + 1)]
REDEEMED = _wave(Decimal("41000.00"), Decimal("900.00"))
BALANCE = [
    Decimal("4250.00") - 320 * (day > 36) + 330 * (day > 40) + 500 * (5 < day < 20)
    for day in range(62)
]

CARDS: list[Mapping[str, Any]] = [
    {
        "id": "members",
        "title": "Members overview",
        "width": "w5",
        "charts": [
            {
                "label": "Total members by day",
                "caption": "Total members",
                "days": days(MEMBERS),
                "series": [series("Total members", "members", "area")],
                "group": "members",
                "height": 112,
                "ticks": 3,
                "no_zero": True,
            },
            {
                "label": "New members by day",
                "caption": "New members · 1,490",
                "days": days(NEW),
                "series": [series("New members", "members", "bar")],
                "group": "members",
                "height": 104,
                "ticks": 2,
            },
        ],
    },
    {
        "id": "points",
        "title": "Points overview",
        "width": "w7",
        "charts": [
            {
                "label": "Active points by day",
                "caption": "Active points",
                "days": days(ACTIVE),
                "series": [series("Active points", "active", "area")],
                "group": "points",
                "height": 112,
                "ticks": 3,
                "no_zero": True,
            },
            {
                "label": "Pending points by day",
                "caption": "Pending points",
                "days": days(PENDING),
                "series": [series("Pending points", "pending", "line")],
                "group": "points",
                "height": 104,
                "ticks": 2,
                "no_zero": True,
            },
        ],
    },
    {
        "id": "flows",
        "title": "Earned and redeemed",
        "width": "w7",
        "charts": [
            {
                "label": "Points earned and redeemed by day",
                "days": days(EARNED, BY_HAND, REDEEMED),
                "series": [
                    series("Earned through the API", "active", "bar", stacked=True),
                    series("Earned by hand", "active-2", "bar", stacked=True),
                    series("Redeemed", "spent", "bar", stacked=True, down=True),
                ],
                "height": 232,
                "no_minus": True,
            }
        ],
    },
    {
        "id": "balance",
        "title": "Active balance",
        "width": "w5",
        "charts": [
            {
                "id": "timeline",
                "label": "Active points, 30 days back and 31 days ahead",
                "days": days(BALANCE, marked=frozenset({37, 41})),
                "series": [series("Active points", "active", "step")],
                "height": 236,
                "now": TODAY.isoformat(),
            }
        ],
    },
]

SPARKS = [
    ("active", "12,582,431", ACTIVE),
    ("pending", "1,068,114", PENDING),
    ("members", "48,967", MEMBERS),
]


async def show(
    page: Page,
    *,
    cards: list[Mapping[str, Any]] = CARDS,
    locale: str = "en",
    refused: Sequence[str] = (),
) -> None:
    """Open the page of these cards; files that are `refused` do not come."""
    html = _environment().from_string(_PAGE).render(cards=cards, sparks=SPARKS, locale=locale)

    async def answer(route: Route) -> None:
        path = PurePosixPath(route.request.url.removeprefix(ADDRESS.rstrip("/")))
        if str(path.parent) + "/" != STATIC_PATH:
            await route.fulfill(body=html, headers={**SAFETY, "Content-Type": "text/html"})
            return
        name, file = next(
            (name, file) for name, file in static_files().items() if file.address == path.name
        )
        if name in refused:
            await route.abort()
        else:
            await route.fulfill(body=file.body, content_type=file.media_type)

    await page.route("**/*", answer)
    await page.goto(ADDRESS)
