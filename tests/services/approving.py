"""People who ask and people who decide, in a program where changes wait."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from services.harness import ADMIN, change, give_role, new_member, new_name, new_program
from tallystick.core.accounts import ChangeFilter, Origin
from tallystick.core.approvals import Approval, ApprovalState, FourEyes
from tallystick.core.ids import ApprovalId, IntegrationId, ProgramId, UserId
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.services.accounts import create_user
from tallystick.services.approvals import approve, get_approval, list_approvals
from tallystick.services.balances import member_balances
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.changes import list_changes
from tallystick.services.context import Context
from tallystick.services.four_eyes import set_four_eyes
from tallystick.services.postings import Asked, Outcome
from tallystick.store.db import Database

FROM_50 = FourEyes(points_from=Points(50_00))
ALL_WAITS = FourEyes(imports_wait=True, points_from=Points(50_00))


# People of a module's database, as passwords are slow on purpose; nobody is twice in a program.
_PEOPLE: defaultdict[tuple[Database, bool], list[UserId]] = defaultdict(list)
_TAKEN: Counter[tuple[Database, ProgramId, bool]] = Counter()


async def new_person(context: Context, program: Program, role: Role | None) -> Caller:
    """Somebody who is new in the program, with that role."""
    admin = role is Role.ADMIN
    people, place = _PEOPLE[context.database, admin], (context.database, program.id, admin)
    number = _TAKEN[place]
    _TAKEN[place] += 1
    if number == len(people):
        email = f"{new_name('person').replace(' ', '')}@example.com"
        people.append(
            await create_user(context, email=email, password="a long password", is_admin=admin)
        )
    user_id = people[number]
    if role is not None and not admin:
        await give_role(context, user_id, program, role)
    return Caller(
        kind=CallerKind.PERSON,
        user_id=user_id,
        is_admin=admin,
        roles={} if role is None or admin else {program.id: role},
        origin=Origin(address=f"192.0.2.{user_id % 250}"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A program, a member with 100 points, and two people: one asks, the other decides."""

    context: Context
    program: Program
    member: IntegrationId
    asker: Caller
    decider: Caller

    async def post(self, points: str, **more: Any) -> Outcome:
        """Add points, or deduct them if there is a minus sign in front."""
        more = {"caller": self.asker, **more}
        return await change(self.context, self.program, self.member, points, **more)

    async def ask(self, points: str, **more: Any) -> ApprovalId:
        """The same where it waits; the number of the request comes back."""
        outcome = await self.post(points, **more)
        assert isinstance(outcome, Asked), outcome
        return outcome.approval_id

    async def approve(self, approval_id: ApprovalId, caller: Caller | None = None) -> Approval:
        """Approve it as the one who decides."""
        caller = caller or self.decider
        return await approve(self.context, caller, self.program.id, approval_id)

    async def get(self, approval_id: ApprovalId) -> Approval:
        """The request as it is now."""
        return await get_approval(self.context, None, self.program.id, approval_id)

    async def state(self, approval_id: ApprovalId) -> ApprovalState:
        """What became of it."""
        return (await self.get(approval_id)).state

    async def active(self) -> int:
        """The points that the member has, without their decimals."""
        balances = await member_balances(self.context, self.program, self.member)
        return sum(balance.active for balance in balances.values()) // 100

    async def changes(self, approval_id: ApprovalId) -> list[tuple[int | None, str, str | None]]:
        """Who did what about it, and from where, by the record of changes."""
        path = f"/v1/loyalty_programs/{self.program.id}/approvals/{approval_id}"
        page = await list_changes(
            self.context,
            ChangeFilter(entity=path),
            newest_first=False,
            page_size=10,
            skip=0,
            with_total=False,
        )
        return [(each.user_id, each.new or "", each.address) for each in page.changes]

    async def all(self, state: ApprovalState | None = None) -> list[Approval]:
        """All requests of the program, the newest first."""
        page = await list_approvals(
            self.context, ADMIN, self.program.id, state=state, page_size=100, skip=0
        )
        return page.approvals


async def new_office(
    context: Context,
    role: Role = Role.MANAGER,
    *,
    decider: Role = Role.MANAGER,
    settings: FourEyes = FROM_50,
    **program_settings: Any,
) -> Office:
    """An office whose asker has that role; points from 50 on wait."""
    program = await new_program(context, **program_settings)
    office = Office(
        context=context,
        program=program,
        member=await new_member(context, program),
        asker=await new_person(context, program, role),
        decider=await new_person(context, program, decider),
    )
    await set_four_eyes(context, None, program.id, settings)
    return office
