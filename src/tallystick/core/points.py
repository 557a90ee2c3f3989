"""Points: exact amounts, held as whole hundredths.

`Points` is an int of hundredths, made only here, so a sum is exact and a comparison is cheap.
Nothing in this package turns points into binary fractions.
"""

import re
from decimal import Decimal
from typing import NewType

from tallystick.core.errors import InvalidField

Points = NewType("Points", int)

ZERO = Points(0)
LARGEST = Points(99_999_999_999_999)  # 999999999999.99, the contract's maximum of one transaction
FIX = "write an amount from 0.01 to 999999999999.99 with at most two decimals, like 250.50"

_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?", re.ASCII)


def parse_points(text: str) -> Points | None:
    """The amount that `text` writes out, or None if it is not one.

    Units: plain digits with at most two decimals, from 0.01 to 999999999999.99. Signs, exponents,
    blanks and separators of thousands are never guessed at.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    whole, decimals = match.groups()
    hundredths = int(whole) * 100 + (int(decimals.ljust(2, "0")) if decimals else 0)
    return Points(hundredths) if hundredths else None


def points_of(amount: Decimal, *, field: str = "points") -> Points:
    """The exact amount of a JSON number that was read as a Decimal.

    Errors: InvalidField unless it is from 0.01 to 999999999999.99 with at most two decimals
    (trailing zeros do not count). Source: domain decisions I-13 and I-14.
    """
    if not amount.is_finite() or not 0 < amount <= Decimal("999999999999.99"):
        raise InvalidField(field, str(amount), FIX)
    # The remainder is exact; scaling first would round to the 28 digits of Decimal's context.
    if amount % Decimal("0.01"):
        raise InvalidField(field, str(amount), FIX)
    return Points(int(amount.scaleb(2)))


def render_points(points: int) -> str:
    """Decimal text with exactly two decimals, a minus sign in front of what is below zero."""
    sign = "-" if points < 0 else ""
    whole, hundredths = divmod(abs(points), 100)
    return f"{sign}{whole}.{hundredths:02d}"


def decimal_of(points: int) -> Decimal:
    """The exact Decimal, for JSON numbers; whole amounts carry no decimals."""
    whole, hundredths = divmod(points, 100)
    return Decimal(whole) if not hundredths else Decimal(points).scaleb(-2)
