"""Many additions and deductions in one call, one outcome each, in order."""

from typing import Annotated, Literal

import msgspec

from tallystick.api.errors import Problem, problems_of
from tallystick.api.invalid import invalid_member
from tallystick.api.operations import Call, Nothing
from tallystick.api.points import KEY_LENGTH_MAX, key_in, posting_of
from tallystick.api.wire import AddPoints
from tallystick.core.errors import Refusal
from tallystick.core.programs import Program
from tallystick.core.texts import integration_id_in
from tallystick.core.transactions import Kind
from tallystick.services.batch import BATCH_MAX, post_in_order
from tallystick.services.postings import Asked, Posted, Posting

BODY_BYTES_MAX = 10_000_000


class BatchPosting(AddPoints, kw_only=True):
    """An addition or a deduction; a deduction takes no dates."""

    operation: Literal["add", "deduct"]
    integrationId: str
    idempotencyKey: str | None = None


class PostBatch(msgspec.Struct, forbid_unknown_fields=True):
    """The additions and deductions, in the order in which they are to be entered."""

    postings: Annotated[
        list[Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]],
        msgspec.Meta(min_length=1, max_length=BATCH_MAX),
    ]


class PostingOutcome(msgspec.Struct, omit_defaults=True):
    """What became of one of them.

    It was `posted`, `replayed` (it was posted before) or `refused`; or it is `waiting` for
    approval, which the program asks for since this very moment.
    """

    status: Literal["posted", "replayed", "refused", "waiting"]
    transactionUUIDs: list[str] = []
    approvalId: int | None = None
    error: Problem | None = None


class BatchBody(msgspec.Struct):
    """The outcomes, in the order of the postings, and how many of each there are."""

    posted: int
    replayed: int
    refused: int
    waiting: int
    outcomes: list[PostingOutcome]


async def post_batch(call: Call[Nothing, PostBatch]) -> BatchBody:
    """Add and deduct points for up to 10,000 members in one call.

    Each posting has an outcome of its own, and a refused one harms no other. A member's postings
    are entered in their order. With an `Idempotency-Key`, or an `idempotencyKey` in each, the
    same call can be sent again: what was posted is not posted twice.

    Where points by hand of a person wait for approval, a batch of a person is refused that has as
    many points in all: send it as a file, which can wait.
    """
    program = await call.profile_program()
    longest = KEY_LENGTH_MAX - len(f"/{BATCH_MAX}")
    key = key_in(call.request.headers.get("Idempotency-Key"), "Idempotency-Key", at_most=longest)
    wishes = [_wish(call, program, n, raw, key) for n, raw in enumerate(call.body.postings)]
    postings = [wish for wish in wishes if isinstance(wish, Posting)]
    posted = iter(await post_in_order(call.context, postings))
    outcomes = [
        _outcome(n, next(posted) if isinstance(wish, Posting) else wish)
        for n, wish in enumerate(wishes)
    ]
    statuses = [outcome.status for outcome in outcomes]
    return BatchBody(
        posted=statuses.count("posted"),
        replayed=statuses.count("replayed"),
        refused=statuses.count("refused"),
        waiting=statuses.count("waiting"),
        outcomes=outcomes,
    )


def _wish(
    call: Call[Nothing, PostBatch], program: Program, n: int, raw: msgspec.Raw, key: str | None
) -> Posting | Refusal:
    """The posting that was written there, or what is wrong with it."""
    try:
        body = msgspec.json.decode(raw, type=BatchPosting)
        own_key = key_in(body.idempotencyKey, "idempotencyKey")
        return posting_of(
            body,
            Kind.ADDITION if body.operation == "add" else Kind.SUBTRACTION,
            program_id=program.id,
            integration_id=integration_id_in(body.integrationId),
            caller=call.known_caller,
            key=own_key or (f"{key}/{n}" if key else None),
        )
    except msgspec.ValidationError as error:
        return invalid_member(error, BatchPosting, bytes(raw))
    except Refusal as refusal:
        return refusal


def _outcome(n: int, outcome: Posted | Asked | Refusal) -> PostingOutcome:
    if isinstance(outcome, Asked):
        return PostingOutcome(status="waiting", approvalId=outcome.approval_id)
    if isinstance(outcome, Posted):
        return PostingOutcome(
            status="replayed" if outcome.replayed else "posted",
            transactionUUIDs=[str(uuid) for uuid in outcome.transaction_uuids],
        )
    (problem,) = problems_of(outcome)
    if problem.source.pointer is not None:
        problem.source.pointer = f"/postings/{n}{problem.source.pointer}"
    return PostingOutcome(status="refused", error=problem)
