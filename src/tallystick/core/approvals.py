"""Four eyes: which changes wait for a second person, what waits, and who may ask and decide."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from tallystick.core.ids import ApprovalId, ImportId, IntegrationId, ProgramId, UserId
from tallystick.core.points import Points
from tallystick.core.roles import Right


class ApprovalKind(Enum):
    """What is asked for; the values are the words by which it is stored and told."""

    IMPORT = "import"
    UNDO = "undo"
    ADD = "add"
    DEDUCT = "deduct"
    ACTIVATE = "activate"
    SETTINGS = "settings"


class ApprovalState(Enum):
    """What became of a request."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


_OF_POINTS = (ApprovalKind.ADD, ApprovalKind.DEDUCT, ApprovalKind.ACTIVATE)
_OF_FILES = (ApprovalKind.IMPORT, ApprovalKind.UNDO)

# What somebody needs to ask for it and to see it, and what a second person needs to decide it.
ASKS = {
    **dict.fromkeys(_OF_POINTS, Right.POST_POINTS),
    **dict.fromkeys(_OF_FILES, Right.IMPORT),
    ApprovalKind.SETTINGS: Right.PROGRAMS,
}
DECIDES = {**ASKS, **dict.fromkeys(_OF_POINTS, Right.APPROVE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FourEyes:
    """What waits for a second person in a program.

    imports_wait: imports and undos. points_from: what a person adds, deducts or activates by hand,
    from so many points on; None: nothing of that.
    """

    imports_wait: bool = False
    points_from: Points | None = None

    def makes_wait(self, points: Points) -> bool:
        """Whether so many points by hand wait."""
        return self.points_from is not None and points >= self.points_from

    def is_weaker_than(self, other: "FourEyes") -> bool:
        """Whether something that waits by the other would not wait by this one."""
        if other.imports_wait and not self.imports_wait:
            return True
        if other.points_from is None:
            return False
        return self.points_from is None or self.points_from > other.points_from


OFF = FourEyes()


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsWish:
    """To add points, or to deduct them.

    start, expiry: as `validity.written`, None for what the program says. Durations count from the
    approval.
    """

    integration_id: IntegrationId
    points: Points
    name: str
    subledger: str
    start: str | None = None
    expiry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationWish:
    """To let the points of a transaction begin that awaits it."""

    integration_id: IntegrationId
    points: Points
    transaction_uuid: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportWish:
    """To import a file that is kept."""

    import_id: ImportId
    file_name: str
    good_rows_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoWish:
    """To undo an import."""

    import_id: ImportId
    file_name: str
    below_zero: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsWish:
    """To let less wait: what holds now, and what shall hold."""

    before: FourEyes
    after: FourEyes


Wish = PointsWish | ActivationWish | ImportWish | UndoWish | SettingsWish

WISH_OF: dict[ApprovalKind, type[Wish]] = {
    ApprovalKind.IMPORT: ImportWish,
    ApprovalKind.UNDO: UndoWish,
    ApprovalKind.ADD: PointsWish,
    ApprovalKind.DEDUCT: PointsWish,
    ApprovalKind.ACTIVATE: ActivationWish,
    ApprovalKind.SETTINGS: SettingsWish,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of a request, by whom and when. by: None if a key has withdrawn it.

    transaction_uuids: what an approval has posted.
    """

    state: ApprovalState
    by: UserId | None
    person: str | None
    at: datetime
    note: str
    transaction_uuids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request for a second person's approval, exactly as it is to be done.

    asked_by: the person behind it; for a key whoever made that, None if nobody is known.
    key_id: of the key that asked. person, key_name: what to call them.
    """

    id: ApprovalId
    program_id: ProgramId
    kind: ApprovalKind
    wish: Wish
    asked_at: datetime
    asked_by: UserId | None
    key_id: int | None
    person: str | None
    key_name: str | None
    decision: Decision | None

    @property
    def state(self) -> ApprovalState:
        """What became of it."""
        return self.decision.state if self.decision else ApprovalState.WAITING

    @property
    def waits(self) -> bool:
        """Whether nobody has decided yet."""
        return self.decision is None
