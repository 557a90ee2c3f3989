"""What is told of a wrong member or parameter: the field, what was found, what to write."""

from enum import Enum
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from tallystick.api.invalid import invalid_member, invalid_parameter


class Colour(Enum):
    """A few words."""

    RED = "red"
    BLUE = "blue"


class Part(msgspec.Struct):
    """What is within."""

    colour: Colour | UnsetType = UNSET


class Whole(msgspec.Struct):
    """What is around it."""

    colour: Colour | None = None
    size: Literal["small", "large"] = "small"
    only: Literal["this"] = "this"
    count: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    parts: Annotated[list[Part], msgspec.Meta(min_length=1)] | None = None
    uuid: UUID | None = None
    uuids: tuple[UUID, ...] = ()
    named: dict[str, int] = {}
    by_name: dict[str, Part] = {}


@pytest.mark.parametrize(
    ("body", "field", "found", "fix"),
    [
        ('{"colour":"green"}', "colour", "'green'", "write red or blue"),
        ('{"colour":7}', "colour", "int", "write red or blue"),
        ('{"size":"huge"}', "size", "'huge'", "write small or large"),
        ('{"only":"that"}', "only", "'that'", "write this"),
        ('{"count":9}', "count", "'9'", "write int <= 5"),
        ('{"count":"9"}', "count", "str", "write int"),
        ('{"parts":[]}', "parts", "'[]'", "write array of length >= 1"),
        ('{"parts":[{},{"colour":"x"}]}', "parts/1/colour", "'x'", "write red or blue"),
        ('{"uuid":"zz"}', "uuid", "'zz'", "mend it: Invalid UUID"),
        ('{"named":{"a":"b"}}', "named", "str", "write int"),
        ('{"colour":"green", broken', "colour", "something else", "write red or blue"),
        ("[]", "body", "array", "write object"),
        ('{"count":' + "9" * 30 + "}", "count", None, "write int <= 5"),
        (
            '{"by_name":{"a":{"colour":"x"}}}',
            "by_name/colour",
            "something else",
            "write red or blue",
        ),
    ],
)
def test_a_wrong_member_is_told(body: str, field: str, found: str | None, fix: str) -> None:
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.json.decode(body, type=Whole)
    told = invalid_member(wrong.value, Whole, body.encode())
    assert (told.field, told.fix) == (field, fix)
    assert found in {None, told.found}


@pytest.mark.parametrize(
    ("values", "field", "found", "fix"),
    [
        ({"colour": "green"}, "colour", "'green'", "write red or blue"),
        ({"count": "many"}, "count", "'many'", "write int"),
        ({"count": "9"}, "count", "'9'", "write int <= 5"),
        ({"uuids": ["01890a5d-ac96-774b-bcce-b302099a8057", "x"]}, "uuids", "'x'",
         "mend it: Invalid UUID"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_told(
    values: dict[str, object], field: str, found: str, fix: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.convert(values, Whole, strict=False)
    told = invalid_parameter(wrong.value, Whole, values)
    assert (told.field, told.found, told.fix) == (field, found, fix)
