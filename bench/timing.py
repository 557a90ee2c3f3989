# ruff: noqa: S311 - what is drawn at random protects nothing
"""Whether the time of an answer tells how near a wrong key was, or whether somebody has an account.

Attempts of all kinds are made in turn, in an order that is shuffled anew each round. The noise is
what two kinds that are one and the same differ by; a kind that differs from its like by more than
that would tell something.
"""

import argparse
import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from time import perf_counter

from server import bench_server, connected, fresh_database, table
from tallystick.core.accounts import Origin
from tallystick.core.errors import NotSignedIn
from tallystick.services.accounts import create_user
from tallystick.services.callers import CallerKind, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.services.sessions import sign_in
from tallystick.store.migrate import migrate

Attempt = Callable[[], Awaitable[None]]
PASSWORD = "correct horse battery"  # noqa: S105 - it protects nothing


@dataclass(slots=True)
class Clock:
    """A clock that leaps an hour with each look, so that nobody has to wait after a guess."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """An hour after the last look."""
        self.now += timedelta(hours=1)
        return self.now


async def measured(attempts: dict[str, Attempt], rounds: int) -> dict[str, list[float]]:
    """The milliseconds that each attempt took, after a few that only warm up."""
    took: dict[str, list[float]] = {what: [] for what in attempts}
    for number in range(rounds + 10):
        for what in random.sample(list(attempts), len(attempts)):
            before = perf_counter()
            await attempts[what]()
            if number >= 10:
                took[what].append((perf_counter() - before) * 1_000)
    return took


def tell(took: dict[str, list[float]], pairs: list[tuple[str, str]]) -> None:
    """Print the medians, and how far each pair is apart; the first pair is of one kind."""
    lines = [["attempt", "lower quarter", "median ms", "upper quarter"]]
    for what, each in took.items():
        lines.append([what, *(f"{quarter:.3f}" for quarter in quantiles(each, n=4))])
    print(table(lines))
    for number, (one, other) in enumerate(pairs):
        apart = median(took[one]) - median(took[other])
        noise = "  <- the noise" if number == 0 else ""
        print(f"{one} against {other}: {apart:+.3f} ms{noise}")


def keys(context: Context, key: str) -> dict[str, Attempt]:
    """Wrong keys far from and near to a right one, and the right one."""

    def showing(make: Callable[[], str]) -> Attempt:
        async def attempt() -> None:
            try:  # a new doorkeeper knows nobody yet
                await Doorkeeper(context).identify(f"{CallerKind.MANAGEMENT.value} {make()}")
            except NotSignedIn:
                return

        return attempt

    def far() -> str:
        return secrets.token_hex(len(key) // 2)

    def near() -> str:
        return key[:-1] + random.choice("0123456789abcdef".replace(key[-1], ""))

    def half() -> str:
        return key[: len(key) // 2] + far()[len(key) // 2 :]

    made = {"far": far, "far again": far, "half right": half, "right but for the end": near}
    return {what: showing(make) for what, make in {**made, "right": lambda: key}.items()}


def people(context: Context) -> dict[str, Attempt]:
    """Wrong passwords for somebody who is there, and for people who are not."""

    def trying(make: Callable[[], str]) -> Attempt:
        async def attempt() -> None:
            origin = Origin(address=f"192.0.2.{random.randrange(250)}")
            try:
                await sign_in(context, email=make(), password="wrong", origin=origin)  # noqa: S106 - a wrong one
            except NotSignedIn:
                return
            raise AssertionError

        return attempt

    def nobody() -> str:
        return "somebody-else@example.com"

    made = {"nobody": nobody, "nobody again": nobody, "somebody": lambda: "somebody@example.com"}
    return {what: trying(make) for what, make in made.items()}


async def main(url: str | None, rounds: int) -> None:
    """Measure both on a fresh database."""
    with bench_server(url) as server:
        async with fresh_database(server) as database_url, connected(database_url) as database:
            await migrate(database, now=datetime.now(UTC), application_url=database_url)
            context = Context(database=database, secret=secrets.token_bytes(32))
            key = await create_key(
                context, kind=CallerKind.MANAGEMENT, name="Bench", life=timedelta(days=1)
            )
            print(f"keys, {rounds * 10:,} of each")
            tell(
                await measured(keys(context, key.key), rounds * 10),
                [("far again", "far"), ("half right", "far"), ("right but for the end", "far")],
            )
            leaping = Context(database=database, secret=context.secret, clock=Clock())
            await create_user(leaping, email="somebody@example.com", password=PASSWORD)
            print(f"\nwrong passwords, {rounds:,} of each")
            tell(
                await measured(people(leaping), rounds),
                [("nobody again", "nobody"), ("somebody", "nobody")],
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of a PostgreSQL server; without it, one of its own")
    parser.add_argument("--rounds", type=int, default=200)
    given = parser.parse_args()
    asyncio.run(main(given.url, given.rounds))
