"""The services on PostgreSQL beside the model: any history, compared after every step."""

import asyncio

from hypothesis import HealthCheck, example, given, settings

from model.both import Both
from model.histories import STRICT, ZERO, Add, Deduct, Post, Step, WaitUntil, histories
from model.real import RealLedger

# Ann has 20 points that expire in five days: those in Berlin one boundary sooner.
FIFTY_MORE = Add("ann", STRICT, "", 50_00, "immediate", "unlimited")
TWENTY = Deduct("ann", STRICT, "", 20_00)
TEN = Deduct("ann", STRICT, "", 10_00)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a step asks a database many questions
@given(history=histories)
@example(history=[Post((FIFTY_MORE,), ZERO), Post((TWENTY, TEN, TEN), ZERO)]).via("lots in a batch")
@example(history=[Post((FIFTY_MORE,), ZERO), WaitUntil(2, ZERO), Post((TEN,), ZERO)]).via("expiry")
def test_the_ledger_and_the_model_agree_after_every_step(
    history: list[Step], runner: asyncio.Runner, real_ledger: RealLedger
) -> None:
    runner.run(_compare(Both(real_ledger), history))


async def _compare(both: Both, history: list[Step]) -> None:
    await both.start()
    for step in history:
        await both.take(step)
    await both.finish()
