"""Every refusal, in one tree.

    Refusal                     the world said no, and a person can act on it
    ├── InvalidField            one field of a request is wrong
    ├── InvalidFile             lines of an uploaded file are wrong; carries every RowProblem shown
    ├── NotFound                a program, profile or other thing that was named is not there
    ├── AlreadyExists           a thing that must be the only one of its name is there already
    ├── AlreadyUndone           an import was undone before
    ├── AlreadyDecided          a request was approved, rejected or withdrawn before
    ├── NotNow                  what waits for approval cannot be done as things are
    ├── InUse                   a thing cannot go or change, because something else needs it
    ├── StateChanged            a thing is no longer what the caller saw
    ├── InsufficientPoints      a deduction asks for more than is active
    ├── NotSupported            a valid wish that this kind of program cannot fulfil
    ├── KeyReused               an idempotency key came back with another request
    ├── NotSignedIn             no credentials, or none that are known
    ├── CodeNeeded              the password is right, and a second factor is set
    ├── TooManyAttempts         too many wrong passwords; wait
    ├── NotAllowed              known credentials that do not reach so far
    ├── Busy                    too much work is waiting, or the member is locked; try again
    ├── OutcomeUnknown          the database went away in the middle; ask with an idempotency key
    ├── ProviderFailed          the provider that people sign in at did not answer as it should
    └── CannotStart             the process cannot run as it is configured

A refusal carries fields and a stable `code`; its sentence is built from them here and nowhere else.
The faces decide how a refusal is shown (`api/errors.py`, `cli/`). Anything else that is raised is a
fault of ours or of the machine and is not caught below the faces.
"""

from dataclasses import dataclass
from reprlib import Repr
from typing import ClassVar

_SHORT = Repr()
_SHORT.maxstring = 60


def shown(text: str) -> str:
    """`text` between quotes for a sentence on one line: cut in the middle, controls escaped."""
    return _SHORT.repr(text)


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a failure
    """The base of all refusals; `str()` is the sentence for people."""

    code: ClassVar[str] = "refused"


@dataclass(eq=False)
class InvalidField(Refusal):
    """`field` (the contract's spelling) holds `found`; `fix` says what to write instead."""

    code = "invalid_field"
    field: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.field}: found {self.found}; {self.fix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong in one place of a file. Lines count from 1, the header being line 1."""

    line: int
    column: str
    code: str
    found: str
    fix: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: found {self.found}; {self.fix}"


@dataclass(eq=False)
class InvalidFile(Refusal):
    """A file was refused as a whole: `problems` are the first in line order, `count` is all."""

    code = "invalid_file"
    problems: tuple[RowProblem, ...]
    count: int

    def __str__(self) -> str:
        places = "problem" if self.count == 1 else "problems"
        return f"nothing was imported: {self.count} {places} in the file"


@dataclass(eq=False)
class NotFound(Refusal):
    """No `kind` of thing answers to `name`.

    hidden: it was not looked for, because the caller may not know of it; that is told to nobody.
    """

    code = "not_found"
    kind: str
    name: str
    fix: str = ""
    hidden: bool = False

    def __str__(self) -> str:
        cure = f"; {self.fix}" if self.fix else ""
        return f"there is no {self.kind} {self.name!r}{cure}"


@dataclass(eq=False)
class AlreadyExists(Refusal):
    """A `kind` of thing whose `field` is `name` is there already."""

    code = "already_exists"
    kind: str
    field: str
    name: str

    def __str__(self) -> str:
        return f"there is already a {self.kind} with the {self.field} {self.name!r}; choose another"


@dataclass(eq=False)
class AlreadyUndone(Refusal):
    """The import of this number was undone before."""

    code = "already_undone"
    import_id: int

    def __str__(self) -> str:
        return (
            f"import {self.import_id} has been undone already, and an import is undone once;"
            " its file can be imported again"
        )


@dataclass(eq=False)
class AlreadyDecided(Refusal):
    """The request of this number was decided before; `state` is what it is now."""

    code = "already_decided"
    approval_id: int
    state: str

    def __str__(self) -> str:
        return (
            f"approval {self.approval_id} was {self.state} already, and is decided once;"
            " if it is still wanted, ask for it anew"
        )


@dataclass(eq=False)
class NotNow(Refusal):
    """What waits for approval cannot be done as things are, and `why`; it waits on."""

    code = "not_now"
    approval_id: int
    why: str

    def __str__(self) -> str:
        return (
            f"approval {self.approval_id} waits on, as it cannot be done now: {self.why};"
            " approve it when it can be, or reject it"
        )


@dataclass(eq=False)
class InUse(Refusal):
    """The `kind` of thing called `name` is needed by `what`; `fix` says what can be done."""

    code = "in_use"
    kind: str
    name: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"the {self.kind} {self.name!r} is in use: found {self.what}; {self.fix}"


@dataclass(eq=False)
class StateChanged(Refusal):
    """The thing is no longer what the caller saw when they were told `seen`."""

    code = "state_changed"
    seen: str

    def __str__(self) -> str:
        return (
            f"If-Match: found {shown(self.seen)}, which is not what is there now;"
            " read it again, and send the ETag of that answer"
        )


@dataclass(eq=False)
class InsufficientPoints(Refusal):
    """`asked` points were to be deducted, `active` are there (both as decimal text)."""

    code = "insufficient_points"
    asked: str
    active: str

    def __str__(self) -> str:
        return (
            f"points: found {self.asked}, but only {self.active} are active;"
            " write at most that, or let the program's return policy go below zero"
        )


@dataclass(eq=False)
class NotSupported(Refusal):
    """`field` asks for something that `why` rules out."""

    code = "not_supported"
    field: str
    why: str

    def __str__(self) -> str:
        return f"{self.field}: {self.why}"


@dataclass(eq=False)
class KeyReused(Refusal):
    """The idempotency key was used for another request to the same member."""

    code = "key_reused"
    key: str

    def __str__(self) -> str:
        return (
            f"Idempotency-Key: found {self.key!r}, which already stands for another request;"
            " send each new request with a new key"
        )


@dataclass(eq=False)
class NotSignedIn(Refusal):
    """The credentials are missing or unknown; `fix` says which are wanted."""

    code = "not_signed_in"
    fix: str

    def __str__(self) -> str:
        return self.fix


class CodeNeeded(Refusal):
    """The password is right, and whoever has it has a second factor as well."""

    code = "code_needed"

    def __str__(self) -> str:
        return (
            "this person has a second factor; send as `code` what their app shows now,"
            " or a recovery code"
        )


@dataclass(eq=False)
class TooManyAttempts(Refusal):
    """Too many passwords were wrong; another may be tried after `retry_after_seconds`."""

    code = "too_many_attempts"
    retry_after_seconds: int

    def __str__(self) -> str:
        return (
            "too many attempts to sign in have failed;"
            f" wait {self.retry_after_seconds} seconds, then try again"
        )


@dataclass(eq=False)
class NotAllowed(Refusal):
    """Whoever calls is known and may not do `what`; `fix` says who may, or what it takes."""

    code = "not_allowed"
    what: str
    fix: str

    def __str__(self) -> str:
        return f"you may not {self.what}; {self.fix}"


@dataclass(eq=False)
class Busy(Refusal):
    """`what` is busy; the same request may be sent again after `retry_after_seconds`."""

    code = "busy"
    what: str
    retry_after_seconds: int = 1

    def __str__(self) -> str:
        return f"{self.what} is busy; nothing was written, try again"


class OutcomeUnknown(Refusal):
    """The connection broke around the commit, so the posting may or may not be there."""

    code = "outcome_unknown"

    def __str__(self) -> str:
        return (
            "the database connection broke while points were being written; look at the"
            " transactions before repeating, or send an Idempotency-Key so that repeating is safe"
        )


@dataclass(eq=False)
class ProviderFailed(Refusal):
    """`provider`, at which people sign in, did not answer as it should; `why` says how."""

    code = "provider_failed"
    provider: str
    why: str

    def __str__(self) -> str:
        return (
            f"{self.provider} did not answer as it should: {self.why};"
            " try again, and tell an admin if it stays so"
        )


@dataclass(eq=False)
class CannotStart(Refusal):
    """The process cannot run as it is configured: `what` in one line, with its cure."""

    code = "cannot_start"
    what: str

    def __str__(self) -> str:
        return self.what
