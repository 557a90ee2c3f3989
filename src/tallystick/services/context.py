"""What every use case is given: the database, the clock, the secret and the limits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tallystick.core.formats.limits import FileLimits
from tallystick.core.ids import ProgramId
from tallystick.core.programs import Program
from tallystick.services.openid_provider import OpenIdProvider
from tallystick.services.remembered import Remembered
from tallystick.store.db import Database

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one process takes on."""

    batch_postings_max: int = 1_000
    queued_postings_max: int = 20_000
    holder_wait_seconds: int = 10
    problems_shown_max: int = 100
    upload_bytes_max: int = 500_000_000
    imports_max: int = 2
    import_days_kept: int = 90
    file: FileLimits = field(default_factory=FileLimits)
    exports_max: int = 3
    export_stall_seconds: int = 60
    export_seconds_max: int = 900
    export_wait_seconds: int = 2
    export_jobs_max: int = 2
    export_days_kept: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One per process; `clock` is read once per use case and the instant handed down.

    Imports take turns: in the database they would wait for each other, each with its connection.
    Their files are in `import_folder`, which is there; `import_wake` is set when one is waiting.
    The same goes for `export_folder` and `export_wake` and the files that jobs write.
    A file that is written over HTTP holds its connection for as long as its reader takes, so only a
    few are written at a time. What requests know of a program may be a second old; postings read it
    anew, in their transaction. public_url: where browsers find us, without a slash at the end; None
    if it is not set. openid: the provider that people sign in at; None without one.
    """

    database: Database
    secret: bytes = field(repr=False)
    clock: Clock = system_clock
    limits: Limits = field(default_factory=Limits)
    import_turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    import_folder: Path = Path("data/imports")
    import_wake: asyncio.Event = field(default_factory=asyncio.Event)
    export_folder: Path = Path("data/exports")
    export_wake: asyncio.Event = field(default_factory=asyncio.Event)
    public_url: str | None = None
    openid: OpenIdProvider | None = None
    known_programs: Remembered[ProgramId, Program] = field(default_factory=Remembered)
    export_turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "export_turns", asyncio.Semaphore(self.limits.exports_max))
