"""The error table: total in both directions, one shape for all, and nothing of a fault shown."""

from http import HTTPStatus

import msgspec
import pytest
import structlog

from api.harness import Api, check_shape, running_api
from starlette.responses import Response

import httpx

from tallystick.api.errors import STATUS_OF, refusal_response
from tallystick.core import errors
from tallystick.core.errors import Refusal, RowProblem


def tree(root: type[Refusal]) -> set[type[Refusal]]:
    """The class and all below it."""
    return {root}.union(*map(tree, root.__subclasses__()))


PROBLEM = RowProblem(line=7, column="amount", code="odd", found="'x'", fix="write 1")
EVERY = [
    errors.InvalidField("points", "0", "write more"),
    errors.InvalidFile((PROBLEM,), 1),
    errors.NotFound("loyalty program", "7", "there are none"),
    errors.AlreadyExists("program", "name", "shop"),
    errors.InsufficientPoints(asked="5.00", active="1.00"),
    errors.NotSupported("subledgerId", "there are none"),
    errors.KeyReused("k-1"),
    errors.NotSignedIn("sign in"),
    errors.Busy("the ledger", retry_after_seconds=3),
    errors.OutcomeUnknown(),
    errors.CannotStart("no room"),
]
every_refusal = pytest.mark.parametrize("refusal", EVERY, ids=[r.code for r in EVERY])


def test_every_refusal_has_a_status_and_every_status_a_refusal() -> None:
    assert STATUS_OF.keys() == tree(Refusal) - {Refusal}


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [refusal.code for refusal in STATUS_OF]
    assert len(set(codes)) == len(codes)
    assert Refusal.code not in codes


def test_every_refusal_is_tried_here() -> None:
    assert {type(refusal) for refusal in EVERY} == STATUS_OF.keys()


@every_refusal
def test_a_refusal_is_told_in_the_one_shape(refusal: Refusal) -> None:
    answer = refusal_response(refusal)
    body = msgspec.json.decode(answer.body)
    assert answer.status_code == STATUS_OF[type(refusal)]
    assert answer.media_type == "application/json"
    assert body.keys() == {"message", "errors", "StatusCode"}
    assert body["StatusCode"] == answer.status_code
    [problem] = body["errors"]
    assert problem.keys() == {"title", "source", "details"}
    assert problem["details"] == (
        str(PROBLEM) if isinstance(refusal, errors.InvalidFile) else str(refusal)
    )
