"""The error table: total in both directions, one shape for all, and nothing of a fault shown."""

import asyncpg
import msgspec
import pytest
import structlog

from api.harness import Member, check_error, exact, program_path, running_api
from tallystick.api.errors import STATUS_OF, refusal_response
from tallystick.core import errors
from tallystick.core.errors import Refusal, RowProblem
from tallystick.core.ids import Environment, IntegrationId, profile_holder

PROBLEM = RowProblem(line=7, column="amount", code="odd", found="'x'", fix="write 1")

# Each refusal, its status, and where its problem is.
EVERY = [
    (errors.InvalidField("points", "0", "write more"), 400, {"pointer": "/points"}),
    (errors.InvalidFile((PROBLEM,), 1), 400, {"line": "7"}),
    (errors.NotFound("loyalty program", "7", "there are none"), 404, {}),
    (errors.AlreadyExists("program", "name", "shop"), 409, {}),
    (errors.AlreadyUndone(7), 409, {}),
    (errors.AlreadyDecided(7, "rejected"), 409, {}),
    (errors.NotNow(7, "the file is gone"), 409, {}),
    (errors.InUse("program", "shop", "transactions", "keep it"), 409, {}),
    (errors.StateChanged('"a"'), 412, {}),
    (errors.InsufficientPoints(asked="5.00", active="1.00"), 400, {"pointer": "/points"}),
    (errors.NotSupported("subledgerId", "there are none"), 400, {"pointer": "/subledgerId"}),
    (errors.KeyReused("k-1"), 422, {}),
    (errors.NotSignedIn("sign in"), 401, {}),
    (errors.CodeNeeded(), 401, {}),
    (errors.TooManyAttempts(60), 429, {}),
    (errors.NotAllowed("call getUsers", "ask an admin"), 403, {}),
    (errors.Busy("the ledger", retry_after_seconds=3), 503, {}),
    (errors.OutcomeUnknown(), 503, {}),
    (errors.ProviderFailed("single sign-on", "it cannot be reached"), 502, {}),
    (errors.CannotStart("there is no room"), 503, {}),
]


def below(root: type[Refusal]) -> set[type[Refusal]]:
    """All classes under this one."""
    children = root.__subclasses__()
    return set(children).union(*map(below, children))


def test_every_refusal_has_a_status_and_every_status_a_refusal() -> None:
    assert STATUS_OF.keys() == below(Refusal)
    assert {type(told): status for told, status, _ in EVERY} == STATUS_OF


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [each.code for each in STATUS_OF] + [Refusal.code]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("told", "status", "source"), EVERY, ids=[type(told).__name__ for told, *_ in EVERY]
)
def test_a_refusal_is_told_in_the_one_shape(
    told: Refusal, status: int, source: dict[str, str]
) -> None:
    answer = refusal_response(told)
    check_error(bytes(answer.body), answer.headers["content-type"], status)
    body = msgspec.json.decode(answer.body)
    details = str(PROBLEM) if isinstance(told, errors.InvalidFile) else str(told)
    assert answer.status_code == status
    assert body["errors"][0]["source"] == source
    assert body["errors"][0]["details"] == details


@pytest.mark.parametrize(
    ("field", "source"),
    [
        ("body", {"pointer": ""}),
        ("name", {"pointer": "/name"}),
        ("tiers[1].minPoints", {"pointer": "/tiers/1/minPoints"}),
        ("cardCodeSettings.couponPattern", {"pointer": "/cardCodeSettings/couponPattern"}),
        ("pageSize", {"parameter": "pageSize"}),
    ],
)
def test_a_field_is_in_the_body_unless_it_is_a_parameter(
    field: str, source: dict[str, str]
) -> None:
    answer = refusal_response(errors.InvalidField(field, "0", "write 1"), {"pageSize"})
    assert msgspec.json.decode(answer.body)["errors"][0]["source"] == source


def test_who_has_to_sign_in_or_to_wait_is_told_so_in_headers() -> None:
    told = {
        type(each): set(refusal_response(each).headers) - {"content-length", "content-type"}
        for each, *_ in EVERY
    }
    assert told.pop(errors.Busy) == told.pop(errors.TooManyAttempts) == {"retry-after"}
    assert told.pop(errors.NotSignedIn) == told.pop(errors.CodeNeeded) == {"www-authenticate"}
    assert not any(told.values())
    [busy] = [each for each, *_ in EVERY if isinstance(each, errors.Busy)]
    assert refusal_response(busy).headers["retry-after"] == "3"


@pytest.mark.parametrize("text", ["\x00\n", "\ud800", '"\\', "\u2028", "x" * 100_000], ids=ascii)
def test_whatever_was_found_can_be_told(text: str) -> None:
    for told in (
        errors.InvalidField("name", errors.shown(text), "write a name"),
        errors.NotFound("customer profile", text),
        errors.AlreadyExists("program", "name", text),
        errors.KeyReused(text),
    ):
        answer = refusal_response(told)
        check_error(bytes(answer.body), answer.headers["content-type"], answer.status_code)


async def test_a_fault_shows_nothing_of_its_inside(database_url: str, owner_url: str) -> None:
    async with running_api(database_url) as api:
        program = await api.program()
        owner = await asyncpg.connect(owner_url)
        await owner.execute("ALTER TABLE tier RENAME TO mislaid")
        await owner.close()
        with structlog.testing.capture_logs() as logs:
            answer = await api.manager.get(program_path(program))
    assert answer.status_code == 500
    assert answer.json() == {
        "message": "the server made a mistake; its log says more",
        "errors": [],
        "StatusCode": 500,
    }
    [entry] = logs
    assert entry["log_level"] == "error"
    assert entry["path"] == "/v1/loyalty_programs/{loyaltyProgramId}"
    assert 'relation "tier" does not exist' in str(entry["exc_info"])


async def test_a_posting_at_fault_harms_nobody_else(database_url: str) -> None:
    async with running_api(database_url) as api:
        ann = await api.member(await api.program())
        bea = await api.member(ann.program)
        await _break_the_numbers_of(ann)
        with structlog.testing.capture_logs() as logs:
            answer = await ann.add(1)
        assert answer.status_code == 500
        assert answer.json()["errors"] == []
        assert {entry["log_level"] for entry in logs} == {"error"}
        assert (await bea.add(1)).status_code == 204
        assert exact(await bea.balances())["balance"]["activePoints"] == 101


async def _break_the_numbers_of(member: Member) -> None:
    """Let the member's next number be one that is taken."""
    holder_id = profile_holder(IntegrationId(member.name), Environment.LIVE)
    async with member.api.context.database.transaction() as tx:
        await tx.execute("UPDATE holder SET last_no = 0 WHERE holder_id = $1", holder_id)
