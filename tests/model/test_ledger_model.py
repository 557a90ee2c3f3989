"""The services on PostgreSQL beside the model: any history, compared after every step."""

import asyncio

from hypothesis import HealthCheck, given, settings

from model.both import Both
from model.histories import Step, histories
from model.real import RealLedger


@settings(
    max_examples=settings().max_examples,
    suppress_health_check=[HealthCheck.too_slow],  # a step is a dozen questions to a database
)
@given(history=histories)
def test_the_ledger_and_the_model_agree_after_every_step(
    history: list[Step], runner: asyncio.Runner, real_ledger: RealLedger
) -> None:
    runner.run(_compare(Both(real_ledger), history))


async def _compare(both: Both, history: list[Step]) -> None:
    await both.start()
    for step in history:
        await both.take(step)
    await both.finish()
