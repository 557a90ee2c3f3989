"""Applications: the shops and other systems that programs are connected to."""

from collections.abc import Collection
from datetime import datetime

from tallystick.core.accounts import Application, ApplicationSettings, CaseSensitivity
from tallystick.core.errors import AlreadyExists
from tallystick.core.ids import ApplicationId
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.queries import load_queries

_SQL = load_queries("applications")


async def insert_application(
    tx: Tx, settings: ApplicationSettings, *, now: datetime
) -> Application:
    """Insert an application. Errors: AlreadyExists if the name is taken."""
    with refused_as({"application_name_key": AlreadyExists("application", "name", settings.name)}):
        application_id = await tx.fetchval(
            _SQL["insert_application"],
            now,
            settings.name,
            settings.description,
            settings.timezone,
            settings.currency,
            settings.case_sensitivity.value,
            settings.sandbox,
        )
    return Application(
        id=ApplicationId(application_id),
        created_at=now,
        modified_at=now,
        settings=settings,
    )


async def list_applications(
    reader: Reader,
    *,
    only: Collection[ApplicationId] | None,
    sort: str = "id",
    skip: int = 0,
    at_most: int,
) -> list[Application]:
    """A page of applications, or of some; `sort` is a word of the query, - in front for down."""
    rows = await reader.fetch(
        _SQL["list_applications"], None if only is None else list(only), sort, skip, at_most
    )
    return [_application(row) for row in rows]


async def count_applications(reader: Reader, *, only: Collection[ApplicationId] | None) -> int:
    """How many applications there are, of all or of some."""
    ids = None if only is None else list(only)
    return int(await reader.fetchval(_SQL["count_applications"], ids))


def _application(row: Record) -> Application:
    return Application(
        id=ApplicationId(row["application_id"]),
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        settings=ApplicationSettings(
            name=row["name"],
            description=row["description"],
            timezone=row["timezone"],
            currency=row["currency"],
            case_sensitivity=CaseSensitivity(row["case_sensitivity"]),
            sandbox=row["sandbox"],
        ),
    )
