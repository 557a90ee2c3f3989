"""A program with something to see on every page, and the address of each page about it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api.harness import Api, Member, exact, in_path, program_path
from services.harness import import_rows
from tallystick.core.approvals import FourEyes
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.roles import Role
from tallystick.core.validity import render_instant
from tallystick.services.four_eyes import set_four_eyes
from tallystick.web.pages import Page
from web.days import fill_days
from web.import_files import csv, import_file, send, undo
from web.staff import make_staff


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`things` fill the paths of pages: the name of each parameter, and what it stands for here.

    own: the same for single pages, by their names.
    """

    program: Program
    things: dict[str, object] = field(default_factory=dict)
    own: dict[str, dict[str, object]] = field(default_factory=dict)

    def address_of(self, page: Page) -> str:
        """Where a page about this program is."""
        return page.path.format(**self.things | self.own.get(page.name, {}))


async def make_world(api: Api) -> World:
    """The program, with weeks of points, a member who has some of everything, and its staff."""
    program = await api.program(
        name="Harbour Club",
        timezone="Europe/Lisbon",
        return_policy=ReturnPolicy.UNLIMITED,
        allow_subledger=True,
    )
    await fill_days(api, program)
    member = await make_member(api, program)
    [waiting] = [one["transactionUUID"] for one in await awaiting(member)]
    checked, imported = await _imports(api, program)
    asked = await ask_for_points(api, program, member)
    return World(
        program=program,
        things={
            "program": program.id,
            "import": checked,
            "approval": asked,
            "member": in_path(member.name),
            "transaction": waiting,
            "export": await written_export(api, program, parameters={"details": True}),
            **await make_staff(api, program),
        },
        own={"import-undo": {"import": imported}},
    )


async def _imports(api: Api, program: Program) -> tuple[int, int]:
    """A file that was checked and has errors, and an import some of whose points are spent."""
    goodwill = csv(f"cust_{n},{n}0" for n in range(10, 40))
    await undo(api, program, await import_file(api, program, goodwill, name="goodwill.csv"))
    migration = csv(f"cust_{n},{n}00" for n in range(10, 60))
    imported = await import_file(api, program, migration, name="migration-part-3.csv")
    spent = await Member(api=api, program=program, name="cust_20").deduct(500)
    assert spent.is_success, spent.text
    bad = csv(
        (
            *(f"cust_{n},{n * 10},immediate,unlimited,," for n in range(10, 40)),
            *('cust_0A81QX,"1,25o",immediate,,,', "cust_19ZK40,n/a,immediate,unlimited,,"),
            *("cust_19ZK41,-50,immediate,unlimited,,", ",40,immediate,unlimited,,"),
            "cust_40,200,2026-12-01T00:00:00Z,2026-11-01T00:00:00Z,,Too early",
            "cust_41,200,31.12.2026,unlimited,,",
            "cust_42,200,2026-12-01T00:00:00Z,unlimited,summer-24,",
            "cust_10,100,immediate,unlimited,,",
        ),
        header="customerprofileid,amount,startdate,expirydate,subledgerid,reason",
    )
    return await send(api, program, bad, name="autumn-bonus.csv"), imported


async def make_member(api: Api, program: Program) -> Member:
    """A member with points that are active, pending, spent and expiring, in two ledgers."""
    member = Member(api=api, program=program, name="cust_8F2K19")
    now = api.clock.now
    api.clock.now = now - timedelta(days=41)
    await api.shop.put(
        f"/v2/customer_profiles/{member.name}", json={"attributes": {"Name": "Maya Okafor"}}
    )
    for days_ago, points in ((40, "4000"), (25, "620"), (12, "330.50")):
        api.clock.now = now - timedelta(days=days_ago)
        await import_rows(api.context, program, f"{member.name},{points}")
    api.clock.now = now
    assert (await member.deduct(900, name="Order 100-48655")).is_success
    soon = render_instant(now + timedelta(days=6))
    assert (await member.add(320, name="Order 100-31877", validUntil=soon)).is_success
    assert (await member.add(330, name="Welcome back", pendingDuration="9D")).is_success
    assert (await member.add(75, name="After the visit", pendingDuration="on_action")).is_success
    assert (await member.add(40, name="Miles", subledgerId="miles")).is_success
    return member


async def ask_for_points(api: Api, program: Program, member: Member) -> int:
    """The number of a request that waits, in a program where one was decided before."""
    await set_four_eyes(api.context, None, program.id, FourEyes(points_from=Points(500_00)))
    ben, eva = await api.person(program, Role.MANAGER), await api.person(program, Role.MANAGER)
    numbers = []
    for points, name in ((650, "Complaint 4711"), (1200, "Lost parcel")):
        body = {"points": points, "name": name, "validityDuration": "6M"}
        numbers.append(exact(await ben.put(f"{member.path}/add_points", json=body))["id"])
    path = f"{program_path(program)}/approvals/{numbers[0]}/reject"
    exact(await eva.post(path, json={"note": "Half of it was their own mistake"}))
    return int(numbers[1])


async def awaiting(member: Member) -> list[dict[str, Any]]:
    """The transactions of a member that wait for an action."""
    found = exact(await member.transactions(awaitsActivation=True))
    transactions: list[dict[str, Any]] = found["data"]
    return transactions


async def written_export(api: Api, program: Program, kind: str = "balances", **more: Any) -> int:
    """The number of an export whose file is there."""
    path = f"{program_path(program)}/exports"
    made = exact(await api.manager.post(path, json={"kind": kind, **more}))
    export_id: int = made["id"]
    async with asyncio.timeout(30):
        while exact(await api.manager.get(f"{path}/{export_id}"))["state"] == "writing":  # noqa: ASYNC110 - asked as a client asks
            await asyncio.sleep(0)
    return export_id
