"""Amounts: which texts and numbers are some, and how they are written back, exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.errors import InvalidField
from tallystick.core.points import (
    FIX,
    LARGEST,
    Points,
    decimal_of,
    parse_points,
    points_of,
    render_points,
)

amounts = st.integers(1, LARGEST).map(Points)
balances = st.integers(-(10**20), 10**20)


@pytest.mark.parametrize(
    ("hundredths", "text"),
    [
        (1, "0.01"),
        (10, "0.1"),
        (100, "1"),
        (100, "1.0"),
        (700, "007"),
        (25_050, "250.50"),
        (99_999_999_999_999, "999999999999.99"),
    ],
)
def test_plain_digits_are_an_amount(hundredths: int, text: str) -> None:
    assert hundredths == parse_points(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0.00", "-5", "+5", "1e5", "1E5", "1.005", "1.000", ".5", "5."),
        *("1,250", "1.2.3"),
        *("1 250", "1_250", " 12", "12 ", "12\n", "1000000000000", "0000000000001", "NaN", "inf"),
        *("0x10", "١٢", "\uff11\uff12", "½", "12€"),
    ],
)
def test_other_texts_are_no_amount(text: str) -> None:
    assert parse_points(text) is None


@pytest.mark.parametrize(
    ("hundredths", "number"),
    [
        (1, "0.01"),
        (100, "1"),
        (100, "1.000"),
        (100, "1." + "0" * 60),
        (10_000_000, "1E+5"),
        (25_050, "250.5"),
        (99_999_999_999_999, "999999999999.99"),
    ],
)
def test_a_number_is_taken_exactly(hundredths: int, number: str) -> None:
    assert hundredths == points_of(Decimal(number))


@pytest.mark.parametrize(
    "number",
    [
        *("0", "-0", "-0.01", "0.001", "1.005", "999999999999.991", "1000000000000", "1E+30"),
        *("1E-1000000", "NaN", "sNaN", "Infinity", "-Infinity"),
        # More digits than Decimal keeps when it reckons: rounding would hide the last one.
        *("1." + "0" * 40 + "1", "0.00" + "9" * 40, "999999999999.99" + "0" * 30 + "1"),
    ],
)
def test_a_number_outside_of_the_limits_is_refused(number: str) -> None:
    with pytest.raises(InvalidField) as refused:
        points_of(Decimal(number), field="amount")
    assert ("amount", str(Decimal(number)), FIX) == (
        refused.value.field,
        refused.value.found,
        refused.value.fix,
    )


def test_the_field_is_called_points_unless_told() -> None:
    with pytest.raises(InvalidField, match=r"^points: found 0;"):
        points_of(Decimal(0))


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [
        ("0.00", 0),
        ("0.05", 5),
        ("-0.05", -5),
        ("-1.50", -150),
        ("10.00", 1000),
        ("999999999999.99", LARGEST),
    ],
)
def test_points_are_written_with_two_decimals(text: str, hundredths: int) -> None:
    assert text == render_points(hundredths)


@pytest.mark.parametrize(
    ("text", "hundredths"),
    [
        ("0", 0),
        ("-1", -100),
        ("-0.01", -1),
        ("-1.50", -150),
        ("250.50", 25_050),
        ("999999999999", 99_999_999_999_900),
    ],
)
def test_a_whole_number_has_no_decimals_on_the_wire(text: str, hundredths: int) -> None:
    assert text == str(decimal_of(hundredths))


@given(amounts)
def test_what_is_written_is_read_back(amount: Points) -> None:
    assert amount == parse_points(render_points(amount)) == points_of(decimal_of(amount))


@given(balances)
def test_the_number_and_the_text_of_a_balance_are_equal(hundredths: int) -> None:
    assert decimal_of(hundredths) == Decimal(render_points(hundredths))


@given(st.text(max_size=20))
def test_no_text_upsets_the_parser(text: str) -> None:
    amount = parse_points(text)
    assert amount is None or 0 < amount <= LARGEST
