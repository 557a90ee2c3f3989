"""The ledgers of a program, and what each of them holds."""

from dataclasses import dataclass

from tallystick.core.dashboard import Day, Ledger, last_closed_day
from tallystick.core.programs import Program
from tallystick.services.context import Context
from tallystick.store import dashboard as store


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgers:
    """All ledgers of a program, the main ledger first, as they were at the end of a day."""

    day: Day
    ledgers: list[Ledger]

    @property
    def subledgers(self) -> list[str]:
        """The names of all but the main ledger."""
        return [ledger.name for ledger in self.ledgers if ledger.name]


async def list_ledgers(context: Context, program: Program) -> Ledgers:
    """The ledgers with what they held at the end of yesterday, as far as that has been stored.

    What has not been stored yet is not worked out here, as that reads all entries; it soon is.
    """
    day = last_closed_day(now=context.clock(), zone=program.settings.timezone)
    async with context.database.reader() as reader:
        ledgers = await store.ledgers_of_day(reader, program.id, day)
    return Ledgers(day=day, ledgers=ledgers)
