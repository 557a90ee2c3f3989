"""Days are put together to weeks: totals are those of the last day, the rest is summed up."""

from datetime import date, timedelta

import pytest

from tallystick.core.balances import Balance
from tallystick.core.dashboard import DayFigures
from tallystick.core.points import Points
from tallystick.core.stretches import DAYS_SHOWN, stretches

FIRST = date(2026, 1, 1)


def days(count: int) -> list[tuple[date, DayFigures]]:
    """Days with a new member each, three points earned, two spent and one expired."""
    return [
        (
            FIRST + timedelta(days=number),
            DayFigures(
                balance=Balance(active=Points(number), expired=Points(number + 1)),
                members=number + 1,
                new_members=1,
                earned_by_sessions=Points(2),
                earned_manually=Points(1),
                spent_by_sessions=Points(1),
                spent_manually=Points(1),
            ),
        )
        for number in range(count)
    ]


def test_so_many_days_stay_days() -> None:
    parts = stretches(days(DAYS_SHOWN), before=DayFigures())
    assert [part.first_on for part in parts] == [day for day, _ in days(DAYS_SHOWN)]
    assert all(part.first_on == part.last_on for part in parts)
    assert {(part.expired, part.earned, part.spent, part.new_members) for part in parts} == {
        (1, 3, 2, 1)
    }


@pytest.mark.parametrize(("count", "short"), [(126, 7), (121, 2), (366, 2)])
def test_more_are_weeks_that_end_with_the_last_day(count: int, short: int) -> None:
    parts = stretches(days(count), before=DayFigures())
    lengths = [(part.last_on - part.first_on).days + 1 for part in parts]
    assert lengths == [short, *[7] * (len(parts) - 1)]
    assert parts[-1].last_on == days(count)[-1][0]
    assert [part.earned for part in parts] == [3 * length for length in lengths]
    assert [part.expired for part in parts] == lengths
    assert [part.members for part in parts][-1] == count
    assert [part.active for part in parts][-1] == count - 1


def test_what_expired_counts_from_the_day_before() -> None:
    before = DayFigures(balance=Balance(expired=Points(1)))
    [part] = stretches(days(1), before=before)
    assert part.expired == 0
