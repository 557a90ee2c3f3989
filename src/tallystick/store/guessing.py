"""Wrong passwords, by the digest of what they came with."""

from collections.abc import Collection, Mapping
from datetime import datetime

from tallystick.core.guessing import Failures
from tallystick.store.db import Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("guessing")


async def lock_failures(tx: Tx, subjects: Collection[bytes]) -> dict[bytes, Failures]:
    """The failures of each subject, none for one that is new; locked until the commit."""
    await tx.execute(_SQL["ensure_failures"], list(subjects))
    return {
        row["subject_digest"]: Failures(
            count=row["failures"], last_at=row["last_at"], refused_until=row["refused_until"]
        )
        for row in await tx.fetch(_SQL["lock_failures"], list(subjects))
    }


async def update_failures(tx: Tx, failures: Mapping[bytes, Failures]) -> None:
    """Write the failures of each subject."""
    await tx.execute(
        _SQL["update_failures"],
        list(failures),
        [each.count for each in failures.values()],
        [each.last_at for each in failures.values()],
        [each.refused_until for each in failures.values()],
    )


async def forget_failures(tx: Tx, subject: bytes) -> None:
    """Forget a subject."""
    await tx.execute(_SQL["forget_failures"], subject)


async def forget_old_failures(tx: Tx, *, before: datetime) -> None:
    """Forget the subjects about which nothing happened since."""
    await tx.execute(_SQL["forget_old_failures"], before)
