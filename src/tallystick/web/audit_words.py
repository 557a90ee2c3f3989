"""What the page of the audit says of a change: which thing it was about, and what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from urllib.parse import unquote

import msgspec

from tallystick.core.accounts import Change
from tallystick.services.changes import SESSIONS
from tallystick.services.openid import WAY
from tallystick.web.showing import in_words

NOTHING = "—"

# What the parts of paths in the API are to people; what is not here is told as it is written.
_WORDS = {
    "loyalty_programs": "Program",
    "profile": "Member",
    "customer_profiles": "Customer",
    "join": "Joined",
    "activate_points": "Points activated",
    "delete_transactions": "Transactions deleted",
    "imports": "Import",
    "import_points": "Points imported",
    "import_join_dates": "Join dates imported",
    "add_points": "Points added",
    "deduct_points": "Points deducted",
    "exports": "Export",
    "file": "File",
    "applications": "Application",
    "api_keys": "Integration key",
    "management_keys": "Management key",
    "users": "Person",
    "customer_data": "Customer",
    "password": "Password",
    "password_link": "Link for a password",
    "second_factor": "Second factor",
    "recovery_codes": "Recovery codes",
    "identities": "Connected account",
    "settings": "Own settings",
    "sessions": "Sign-in",
    "undo": "Undo",
    "approvals": "Approval",
    "four_eyes": "Four eyes",
}

# The things to choose from, by the paths that lead to them.
KINDS = {
    "/v1/loyalty_programs": "Programs and members",
    "/v2/customer_profiles": "Customers",
    "/v1/customer_data": "Erasures",
    "/v1/exports": "Exports",
    "/v1/applications": "Applications and their keys",
    "/v1/management_keys": "Management keys",
    "/v1/users": "People",
    SESSIONS: "Signing in and out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that a change is about, before and after; None where there was or is nothing."""

    field: str
    before: str | None
    after: str | None


def thing_of(entity: str) -> str:
    """The thing with that path, in words: Program 3 · Member cust_1 · Points added."""
    said: list[str] = []
    for part in entity.split("/")[2:]:  # after the version
        if part in _WORDS:
            said.append(_WORDS[part])
        elif said and (part.isdigit() or said[-1] in _WORDS.values()):
            said[-1] += f" {unquote(part)}"
        else:
            said.append(in_words(part))
    return " · ".join(said)


def signed(change: Change) -> str:
    """What a change of sessions was: signing in, and how, or out; empty for any other."""
    if change.entity != SESSIONS:
        return ""
    if change.new is None:
        return "Signed out"
    told = _read(change.new)
    way = " by OpenID" if told.get("way") == WAY else ""
    return f"Sign-in{way} refused" if told.get("refused") else f"Signed in{way}"


def differences(change: Change) -> list[Difference]:
    """The fields that are not as they were, those of things in things as well."""
    old, new = (dict(_fields(_read(each))) for each in (change.old, change.new))
    return [
        Difference(field=field, before=old.get(field), after=new.get(field))
        for field in old | new
        if old.get(field) != new.get(field)
    ]


def _read(text: str | None) -> Mapping[str, object]:
    if text is None:
        return {}
    found = msgspec.json.Decoder(float_hook=Decimal).decode(text)
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {"value": found}


def _fields(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, str]]:
    """Field after field with what it holds, as text."""
    for name, value in values.items():
        field = f"{before}{in_words(name) if not before else in_words(name).lower()}"
        if isinstance(value, dict):
            yield from _fields(value, f"{field}: ")
        else:
            yield field, _text(value)


def _text(value: object) -> str:
    match value:
        case None | "" | []:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case list():
            return "; ".join(map(_text, value))
        case dict():
            return " ".join(
                f"{in_words(name).lower()} {_text(each)}" for name, each in value.items()
            )
        case _:
            return str(value)
