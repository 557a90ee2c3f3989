"""A program, and things of every kind about it, that all bear the same mark in every text.

Whoever may not know of them must never be shown the mark; and a mark that is an attack must be
shown as the text that it is.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.harness import PASSWORD, Api, Member, exact, in_path, program_path
from services.harness import ADMIN, NOW, import_rows, new_name
from tallystick.core.approvals import FourEyes
from tallystick.core.ids import UserId
from tallystick.core.points import Points
from tallystick.core.programs import ReturnPolicy
from tallystick.services.accounts import create_user
from tallystick.services.four_eyes import set_four_eyes
from tallystick.services.users import UserWish, update_user
from web.import_files import import_file, send
from web.world import awaiting, written_export

POINTS = "70707.07"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The things. api, pages: what stands for them in paths, by the names of parameters."""

    mark: str
    member: Member
    email: str
    api: dict[str, Any] = field(default_factory=dict)
    pages: dict[str, object] = field(default_factory=dict)
    own: dict[str, dict[str, object]] = field(default_factory=dict)


async def make_marked(api: Api, mark: str) -> Marked:
    """All of them; the mark is one line of Latin-1."""
    application = await api.application(name=f"{mark} shop", description=mark)
    program = await api.program(
        name=f"{mark} program",
        title=f"{mark} title",
        description=mark,
        allow_subledger=True,
        return_policy=ReturnPolicy.UNLIMITED,
        subscribed_applications=(application["id"],),
    )
    member = Member(api=api, program=program, name=f"{mark} member")
    await import_rows(api.context, program, _csv([member.name, POINTS]).decode().strip())
    await _post(api, member, mark)
    checked, imported = await _files(api, member, mark)
    email, user_id = await _person(api, mark)
    integration, management = await _keys(api, application["id"], mark)
    [waiting] = [one["transactionUUID"] for one in await awaiting(member)]
    export = await written_export(api, program, parameters={"details": True})
    approval = await _asked(api, member, mark)
    [session] = exact(await api.manager.get(f"/v1/users/{user_id}/sessions"))["data"]
    customers = exact(await api.manager.get("/v1/customers/no_total"))["data"]
    return Marked(
        mark=mark,
        member=member,
        email=email,
        api={
            "loyaltyProgramId": program.id,
            "integrationId": member.name,
            "applicationId": application["id"],
            "customerId": next(c["id"] for c in customers if c["integrationId"] == member.name),
            "userId": user_id,
            "keyId": management,
            "roleId": 1,
            "sessionId": session["id"],
            "importId": checked,
            "format": "points",
            "exportId": export,
            "approvalId": approval,
        },
        pages={
            "program": program.id,
            "import": checked,
            "member": in_path(member.name),
            "transaction": waiting,
            "export": export,
            "approval": approval,
            "person": user_id,
            "session": session["id"],
            "application": application["id"],
            "key": integration,
        },
        own={"import-undo": {"import": imported}},
    )


async def _post(api: Api, member: Member, mark: str) -> None:
    """Transactions of each kind, named by the mark, in a subledger of that name as well."""
    more: Any = {"name": mark, "subledgerId": mark[:64]}
    assert (await member.add(5, name=mark)).is_success
    assert (await member.add(5, **more, pendingDuration="on_action")).is_success
    assert (await member.add(5, **more, pendingDuration="3D")).is_success
    answer = await member.put("deduct_points", {"points": 2, "name": mark}, key=mark[:200])
    assert answer.is_success, answer.text
    answer = await api.shop.put(
        f"/v2/customer_profiles/{in_path(member.name)}",
        json={"attributes": {"Name": mark, mark: mark, "Email": mark}},
    )
    assert answer.is_success, answer.text


async def _asked(api: Api, member: Member, mark: str) -> int:
    """The number of a request that waits, beside one that was rejected; both have the mark."""
    million = FourEyes(points_from=Points(1_000_000_00))
    await set_four_eyes(api.context, None, member.program.id, million)
    one, other = await api.person(is_admin=True), await api.person(is_admin=True)
    numbers = []
    for _ in range(2):
        body = {"points": 2_000_000, "name": mark, "subledgerId": mark[:64]}
        numbers.append(exact(await one.put(f"{member.path}/add_points", json=body))["id"])
    path = f"{program_path(member.program)}/approvals/{numbers[0]}/reject"
    exact(await other.post(path, json={"note": mark[:255]}))
    return int(numbers[1])


async def _files(api: Api, member: Member, mark: str) -> tuple[int, int]:
    """The numbers of an import whose file has errors, and of one that is done."""
    header = ["customerprofileid", "amount", "startdate", "expirydate", "subledgerid", "reason"]
    good = _csv(header, [f"{mark} other", "3", "", "", mark[:64], mark])
    bad = _csv(
        [*header, mark],
        [f"{mark} wrong", mark, mark, mark, mark[:64], mark, mark],
        [f"{mark} right", "3", "", "", "", mark, mark],
    )
    imported = await import_file(api, member.program, good, name=f"{mark} good.csv")
    return await send(api, member.program, bad, name=f"{mark} bad.csv"), imported


def _csv(*rows: list[str]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


async def _person(api: Api, mark: str) -> tuple[str, UserId]:
    """Somebody of that name, who is signed in with a browser that calls itself by the mark."""
    local = "".join(c for c in mark if not c.isspace() and c != "@") or "x"
    email = f"{local}{new_name('x').replace(' ', '')}@example.com"
    user_id = await create_user(api.context, email=email, password=PASSWORD, name=mark)
    answer = await api.anybody.post(
        "/v1/sessions",
        json={"email": email, "password": PASSWORD},
        headers={b"User-Agent": mark.encode("latin-1")},
    )
    assert answer.is_success, answer.text
    gone = await create_user(
        api.context, email=f"gone{email}", password=PASSWORD, name=f"{mark} gone"
    )
    await update_user(api.context, ADMIN, gone, UserWish(is_admin=False))
    return email, user_id


async def _keys(api: Api, application_id: int, mark: str) -> tuple[int, int]:
    """The numbers of an integration key and of a management key."""
    later = (NOW + timedelta(days=200)).isoformat().replace("+00:00", "Z")
    path = f"/v1/applications/{application_id}/api_keys"
    integration = await api.manager.post(path, json={"title": f"{mark} till", "expires": later})
    admin = await api.person(is_admin=True)
    body = {"name": f"{mark} books", "expiryDate": later, "endpoints": [{"path": "*"}]}
    management = await admin.post("/v1/management_keys", json=body)
    return exact(integration)["id"], exact(management)["id"]


def where(marked: Marked) -> str:
    """Where the API has the program."""
    return program_path(marked.member.program)
