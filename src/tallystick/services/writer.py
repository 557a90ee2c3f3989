"""Group commit: postings that arrive while a batch commits form the next batch.

One writer per process and no timer: an idle writer writes a single posting at once, a busy one
writes all that came in meanwhile. Callers are answered after the commit and never before.

Under load the writer works in two lanes, so that one batch is decided here while the database
writes the other. A member's postings are all in one lane: the lanes never wait for each other.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from zlib import crc32

import structlog

from tallystick.core.errors import Busy, OutcomeUnknown, Refusal
from tallystick.services.context import Context
from tallystick.services.posting import post
from tallystick.services.postings import Asked, Outcome, Posted, Posting, Waiting

_LOG = structlog.get_logger()
_RETRY_SECONDS = 0.02  # how long a posting to a locked holder rests before it is tried again
_LANES = 2
_BUSY = 64  # unanswered postings from which on it pays to split them into lanes


@dataclass(slots=True, kw_only=True, eq=False)
class _Lane:
    queue: "deque[_Request]" = field(default_factory=deque)
    filled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, kw_only=True, eq=False)
class _Request:
    posting: Posting
    lane: _Lane
    answer: "asyncio.Future[Posted | Asked]"
    deadline: float  # seconds of the event loop's clock
    attempts_left: int = 3


class Writer:
    """The queue in front of the ledger."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lanes = [_Lane() for _ in range(_LANES)]
        self._unanswered = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def post(self, posting: Posting) -> Posted | Asked:
        """What was posted, or asked for, once it is committed.

        Errors: the posting's own refusal; Busy when the queue is full or the holder stays locked;
        OutcomeUnknown when the connection broke and there is no idempotency key.
        """
        limits = self._context.limits
        if self._unanswered >= limits.queued_postings_max:
            raise Busy("the ledger")
        loop = asyncio.get_running_loop()
        request = _Request(
            posting=posting,
            lane=self._lane(posting),
            answer=loop.create_future(),
            deadline=loop.time() + limits.holder_wait_seconds,
        )
        self._unanswered += 1
        self._idle.clear()
        request.answer.add_done_callback(self._answered)
        _enqueue(request)
        return await request.answer

    def _lane(self, posting: Posting) -> _Lane:
        if self._unanswered < _BUSY:
            return self._lanes[0]
        return self._lanes[crc32(posting.integration_id.encode()) % _LANES]

    def _answered(self, _answer: "asyncio.Future[Posted | Asked]") -> None:
        self._unanswered -= 1
        if not self._unanswered:
            self._idle.set()

    async def run(self) -> None:
        """Write batches until cancelled; a batch that has begun is finished first."""
        async with asyncio.TaskGroup() as lanes:
            for lane in self._lanes:
                lanes.create_task(self._run(lane), name="writer")

    async def _run(self, lane: _Lane) -> None:
        while True:
            await lane.filled.wait()
            batch = _next_batch(lane, at_most=self._context.limits.batch_postings_max)
            await asyncio.shield(asyncio.ensure_future(self._write(batch)))

    async def _write(self, batch: Sequence[_Request]) -> None:
        """Answer every request of the batch, one way or another."""
        if not batch:
            return
        try:
            outcomes = await self._post([request.posting for request in batch])
        except OutcomeUnknown:
            self._after_lost_connection(batch)
        except Refusal as refusal:
            for request in batch:
                _refuse(request, refusal)
        except Exception as error:  # noqa: BLE001 - a fault must reach its caller, not end the writer
            await self._after_fault(batch, error)
        else:
            for request, outcome in zip(batch, outcomes, strict=True):
                self._answer(request, outcome)

    async def _post(self, postings: Sequence[Posting]) -> list[Outcome]:
        # The clock is read in the transaction: see export_moments.py.
        clock = self._context.clock
        return await self._context.database.write(lambda tx: post(tx, postings, now=clock()))

    async def _after_fault(self, batch: Sequence[_Request], error: Exception) -> None:
        """Run the members one by one, so that only the one at fault is harmed."""
        if len(batch) == 1:
            _LOG.error("a posting failed", exc_info=error)
            if not batch[0].answer.done():
                batch[0].answer.set_exception(error)
            return
        for request in batch:
            await self._write([request])

    def _after_lost_connection(self, batch: Sequence[_Request]) -> None:
        """Repeat what has an idempotency key; for the rest nobody can tell what happened."""
        for request in batch:
            request.attempts_left -= 1
            if request.posting.idempotency_key is None or not request.attempts_left:
                _refuse(request, OutcomeUnknown())
            else:
                self._try_later(request)

    def _answer(self, request: _Request, outcome: Outcome) -> None:
        match outcome:
            case Posted() | Asked():
                if not request.answer.done():
                    request.answer.set_result(outcome)
            case Waiting() if asyncio.get_running_loop().time() < request.deadline:
                self._try_later(request)
            case Waiting():
                _refuse(request, Busy("the member"))
            case Refusal():
                _refuse(request, outcome)

    def _try_later(self, request: _Request) -> None:
        asyncio.get_running_loop().call_later(_RETRY_SECONDS, _enqueue, request)

    async def drain(self) -> None:
        """Return when everything that was accepted has been answered."""
        await self._idle.wait()


def _enqueue(request: _Request) -> None:
    request.lane.queue.append(request)
    request.lane.filled.set()


def _next_batch(lane: _Lane, *, at_most: int) -> list[_Request]:
    size = min(len(lane.queue), at_most)
    batch = [lane.queue.popleft() for _ in range(size)]
    if not lane.queue:
        lane.filled.clear()
    return [request for request in batch if not request.answer.done()]


def _refuse(request: _Request, refusal: Refusal) -> None:
    if not request.answer.done():
        request.answer.set_exception(refusal)


@asynccontextmanager
async def running_writer(context: Context) -> AsyncIterator[Writer]:
    """A writer at work; at the end it finishes what it has accepted."""
    writer = Writer(context)
    task = asyncio.create_task(writer.run(), name="writer")
    try:
        yield writer
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await writer.drain()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
