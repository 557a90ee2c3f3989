"""What an installation knows besides points: users, applications, changes and exports.

Settings check themselves when they are made. Refusals name a field as the contract spells it.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Literal

from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import ApplicationId, ProgramId, UserId
from tallystick.core.programs import DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX, is_one_line
from tallystick.core.roles import ProgramRole
from tallystick.core.validity import is_zone

CURRENCY_LENGTH_MAX = 16
COMMAND = "command"  # the address of what was done by a command

ExportEntity = Literal["LoyaltyLedger", "LoyaltyLedgerLog"]  # the contract's words


class UserState(Enum):
    """Whether a person can sign in; one who is deleted stays as the one who once acted."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


class Theme(Enum):
    """How pages look to a person."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSettings:
    """What a person chose for themselves. timezone: None is that of the program they look at.

    Errors: InvalidField.
    """

    theme: Theme = Theme.SYSTEM
    timezone: str | None = None
    locale: str = "en"

    def __post_init__(self) -> None:
        if self.timezone is not None:
            _check_zone(self.timezone)
        if re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", self.locale, re.ASCII) is None:
            fix = "write a language like en, or one with a country like en-GB"
            raise InvalidField("locale", shown(self.locale), fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person. `roles` are those in single programs, by program."""

    user_id: UserId
    created_at: datetime
    modified_at: datetime
    signed_in_at: datetime | None
    email: str
    name: str
    state: UserState
    is_admin: bool
    has_second_factor: bool = False
    roles: tuple[ProgramRole, ...] = ()
    settings: OwnSettings = OwnSettings()

    @property
    def administers(self) -> bool:
        """Whether the person can sign in as an admin."""
        return self.is_admin and self.state is UserState.ACTIVE


class CaseSensitivity(Enum):
    """How an application tells coupon codes apart; kept for whoever asks."""

    SENSITIVE = "sensitive"
    INSENSITIVE_UPPERCASE = "insensitive-uppercase"
    INSENSITIVE_LOWERCASE = "insensitive-lowercase"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSettings:
    """What a person chooses for an application. Errors: InvalidField for one wrong field."""

    name: str
    description: str = ""
    timezone: str
    currency: str
    case_sensitivity: CaseSensitivity = CaseSensitivity.SENSITIVE
    sandbox: bool = False

    def __post_init__(self) -> None:
        _check_line("name", self.name, NAME_LENGTH_MAX)
        _check_line("currency", self.currency, CURRENCY_LENGTH_MAX)
        if len(self.description) > DESCRIPTION_LENGTH_MAX or not is_one_line(self.description):
            fix = f"write one line of at most {DESCRIPTION_LENGTH_MAX:,} characters"
            raise InvalidField("description", shown(self.description), fix)
        _check_zone(self.timezone)


def _check_zone(zone: str) -> None:
    if not is_zone(zone):
        fix = "write a name from the IANA time zone database, like Europe/Berlin"
        raise InvalidField("timezone", shown(zone), fix)


def _check_line(field: str, text: str, at_most: int) -> None:
    if not text.strip() or len(text) > at_most or not is_one_line(text):
        fix = f"write one line of 1 to {at_most} characters"
        raise InvalidField(field, shown(text), fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A shop or other system that programs are connected to."""

    id: ApplicationId
    created_at: datetime
    modified_at: datetime
    settings: ApplicationSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from.

    That is the address of whoever sent it, the request's own id, and what the program or browser
    says of itself.
    """

    address: str | None = None
    request_id: str | None = None
    user_agent: str = ""


class Action(Enum):
    """What became of a thing by a change."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changed what, and from where.

    old, new: JSON text, None if there was or is nothing. address: of the machine that asked,
    COMMAND for a command, None for what the server did by itself. request_id: None without one.
    """

    change_id: int
    recorded_at: datetime
    user_id: UserId | None
    key_id: int | None
    application_id: ApplicationId | None
    entity: str
    address: str | None
    request_id: str | None
    old: str | None
    new: str | None

    @property
    def action(self) -> Action:
        """What became of the entity."""
        if self.new is None:
            return Action.DELETED
        return Action.CREATED if self.old is None else Action.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFilter:
    """Which changes are wanted; what is None does not matter.

    entity: a part of the path, in any case. after, before: both exclusive. with_old: whether `old`
    is told.
    """

    application_id: int | None = None
    entity: str | None = None
    user_id: int | None = None
    key_id: int | None = None
    after: datetime | None = None
    before: datetime | None = None
    with_old: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries of the audit are wanted; what is None does not matter.

    entity: the path of a thing; what is below it is wanted as well. day: one of the time zone.
    by_command: only what commands did.
    """

    user_id: int | None = None
    key_id: int | None = None
    entity: str = ""
    action: Action | None = None
    day: date | None = None
    zone: str = "UTC"
    by_command: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A change with the names of who made it.

    email, name: a person's. key_name: None without a key, or if it was deleted since.
    """

    change: Change
    email: str | None
    name: str | None
    key_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file that was taken out of the books; `filter_` is JSON text."""

    export_id: int
    recorded_at: datetime
    user_id: UserId | None
    program_id: ProgramId | None
    entity: ExportEntity
    filter_: str
