"""Group commit: postings that arrive while a batch commits form the next batch.

One writer per process and no timer: an idle writer writes a single posting at once, a busy one
writes all that came in meanwhile. Callers are answered after the commit and never before.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from tallystick.core.errors import Busy, OutcomeUnknown, Refusal
from tallystick.services.context import Context
from tallystick.services.posting import Outcome, Posted, Posting, Waiting, post

_LOG = structlog.get_logger()
_RETRY_SECONDS = 0.02  # how long a posting to a locked holder rests before it is tried again


@dataclass(slots=True, kw_only=True, eq=False)
class _Request:
    posting: Posting
    answer: "asyncio.Future[Posted]"
    deadline: float  # seconds of the event loop's clock
    attempts_left: int = 3


class Writer:
    """The queue in front of the ledger."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._queue: deque[_Request] = deque()
        self._filled = asyncio.Event()
        self._unanswered = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def post(self, posting: Posting) -> Posted:
        """What was posted, once it is committed.

        Errors: the posting's own refusal; Busy when the queue is full or the holder stays locked;
        OutcomeUnknown when the connection broke and there is no idempotency key.
        """
        limits = self._context.limits
        if self._unanswered >= limits.queued_postings_max:
            raise Busy("the ledger")
        loop = asyncio.get_running_loop()
        request = _Request(
            posting=posting,
            answer=loop.create_future(),
            deadline=loop.time() + limits.holder_wait_seconds,
        )
        self._unanswered += 1
        self._idle.clear()
        request.answer.add_done_callback(self._answered)
        self._enqueue(request)
        return await request.answer

    def _answered(self, _answer: "asyncio.Future[Posted]") -> None:
        self._unanswered -= 1
        if not self._unanswered:
            self._idle.set()

    def _enqueue(self, request: _Request) -> None:
        self._queue.append(request)
        self._filled.set()

    async def run(self) -> None:
        """Write batches until cancelled; a batch that has begun is finished first."""
        while True:
            await self._filled.wait()
            batch = self._next_batch()
            await asyncio.shield(asyncio.ensure_future(self._write(batch)))

    def _next_batch(self) -> list[_Request]:
        size = min(len(self._queue), self._context.limits.batch_postings_max)
        batch = [self._queue.popleft() for _ in range(size)]
        if not self._queue:
            self._filled.clear()
        return [request for request in batch if not request.answer.done()]

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
        now = self._context.clock()
        return await self._context.database.write(lambda tx: post(tx, postings, now=now))

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
            case Posted():
                if not request.answer.done():
                    request.answer.set_result(outcome)
            case Waiting() if asyncio.get_running_loop().time() < request.deadline:
                self._try_later(request)
            case Waiting():
                _refuse(request, Busy("the member"))
            case Refusal():
                _refuse(request, outcome)

    def _try_later(self, request: _Request) -> None:
        asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._enqueue, request)

    async def drain(self) -> None:
        """Return when everything that was accepted has been answered."""
        await self._idle.wait()


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
