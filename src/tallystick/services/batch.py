"""Many postings in one call: in their order, each with an outcome of its own."""

import asyncio
from collections.abc import Sequence

import structlog

from tallystick.core.errors import Busy, OutcomeUnknown, Refusal
from tallystick.services.asking import check_together
from tallystick.services.context import Context
from tallystick.services.posting import post
from tallystick.services.postings import Asked, Outcome, Posted, Posting, Waiting

BATCH_MAX = 10_000

_LOG = structlog.get_logger()
_RETRY_SECONDS = 0.02  # how long a locked member rests before it is tried again
_ATTEMPTS = 3

Numbered = tuple[int, Posting]


async def post_in_order(
    context: Context, postings: Sequence[Posting]
) -> list[Posted | Asked | Refusal]:
    """The outcome of each posting, in their order, once all are committed.

    A member's postings are entered in their order; a refusal harms no other posting. They are
    committed in parts, so a reader may see the first ones before the last are there.
    Errors: NotSupported for so many points of a person, in all, that they would wait for approval.
    A part that could not be written has Busy or OutcomeUnknown.
    """
    async with context.database.reader() as reader:
        await check_together(reader, postings)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + context.limits.holder_wait_seconds
    outcomes: dict[int, Posted | Asked | Refusal] = {}
    pending: list[Numbered] = list(enumerate(postings))
    while pending:
        part = pending[: context.limits.batch_postings_max]
        rest = pending[len(part) :]
        waiting: list[Numbered] = []
        for numbered, outcome in zip(part, await _post(context, part), strict=True):
            if not isinstance(outcome, Waiting):
                outcomes[numbered[0]] = outcome
                deadline = loop.time() + context.limits.holder_wait_seconds
            elif loop.time() < deadline:
                waiting.append(numbered)
            else:
                outcomes[numbered[0]] = Busy("the member")
        pending = waiting + rest  # those that waited stay ahead of what follows them
        if waiting:
            await asyncio.sleep(_RETRY_SECONDS)
    return [outcomes[n] for n in range(len(postings))]


async def _post(context: Context, part: Sequence[Numbered]) -> Sequence[Outcome]:
    """The outcomes of a part that is committed as one; if that fails, of each one by itself."""
    postings = [posting for _, posting in part]
    attempts = _ATTEMPTS if all(posting.idempotency_key for posting in postings) else 1
    for _ in range(attempts):
        try:
            return await context.database.write(lambda tx: post(tx, postings, now=context.clock()))
        except OutcomeUnknown:
            continue
        except Refusal as refusal:
            return [refusal] * len(part)
        except Exception as error:  # noqa: BLE001 - one at fault must not take the others with it
            if len(part) > 1:
                return [(await _post(context, [one]))[0] for one in part]
            _LOG.error("a posting failed", exc_info=error)
            break
    return [OutcomeUnknown()] * len(part)
