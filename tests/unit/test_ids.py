"""Ids that are worked out: they must come out the same on every machine, for ever."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.ids import Environment, IntegrationId, profile_holder, uuid7

HOLDERS = UUID("7a1b5c0e-2f64-5d1c-9d0b-74a3f3f6a0d1")
ANN = IntegrationId("ann")

any_id = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
instants = st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
ten_bytes = st.binary(min_size=10, max_size=10)


@pytest.mark.parametrize(
    ("holder", "integration_id", "environment"),
    [
        ("5a88750e-0839-5b8d-a940-5c2170950eae", "ann", Environment.LIVE),
        ("156cbb64-646b-588a-b3e9-7862d662f898", "ann", Environment.SANDBOX),
        ("79c0f3c2-5e8d-52bf-9ee0-b7a2a8b64117", "zoë/ä 1", Environment.LIVE),
    ],
)
def test_holder_ids_never_change(
    holder: str, integration_id: str, environment: Environment
) -> None:
    assert UUID(holder) == profile_holder(IntegrationId(integration_id), environment)


@given(any_id, st.sampled_from(Environment))
def test_a_holder_id_is_the_uuid5_of_its_natural_key(text: str, environment: Environment) -> None:
    key = f"profile\x1f{environment.value}\x1f{text}"
    assert uuid5(HOLDERS, key) == profile_holder(IntegrationId(text), environment)


def test_the_same_integration_id_is_another_holder_in_the_sandbox() -> None:
    assert profile_holder(ANN, Environment.LIVE) != profile_holder(ANN, Environment.SANDBOX)


def test_integration_ids_that_look_alike_are_different_holders() -> None:
    alike = ["ann", "Ann", "ann ", "a\u006e\u006e\u200b"]
    holders = {profile_holder(IntegrationId(each), Environment.LIVE) for each in alike}
    assert len(alike) == len(holders)


def test_a_uuid7_holds_its_milliseconds_and_its_randomness() -> None:
    at = datetime(2026, 11, 23, 9, 30, 15, 123_999, tzinfo=UTC)
    uuid = uuid7(at, bytes(range(10)))
    milliseconds = 1_795_426_215_123
    assert milliseconds == uuid.int >> 80
    # The version takes the first four of the random bits, the variant two after the next twelve.
    assert bytes([0x70, 1, 0x82, *range(3, 10)]) == uuid.bytes[6:]


@given(instants, ten_bytes)
def test_a_uuid7_has_version_and_variant(at: datetime, randomness: bytes) -> None:
    uuid = uuid7(at, randomness)
    assert uuid.version == 7
    assert uuid.variant == RFC_4122


@given(instants, ten_bytes, ten_bytes)
def test_a_later_uuid7_sorts_after(at: datetime, first: bytes, second: bytes) -> None:
    assert uuid7(at, first) < uuid7(at + timedelta(milliseconds=1), second)
