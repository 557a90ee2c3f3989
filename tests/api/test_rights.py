"""Every operation walked by every role: in a program of theirs, in another one, and beside them."""

import re
from dataclasses import dataclass

import httpx
import pytest

from api.harness import Api, Member, Person, exact, program_path, refusal
from attacks.counting import ROLES, answered
from tallystick.api.operations import Operation
from tallystick.api.routes import OPERATIONS
from tallystick.core.programs import Program
from tallystick.core.roles import RIGHTS, Right, Role, who_may
from tallystick.services.callers import CallerKind

# Written out, not asked of the table: whoever changes the table changes this with intent.
NEEDS = {
    Right.SEE: {
        "getApplication", "getApplications", "getDashboardStatistics", "getFourEyes",
        "getLoyaltyLedgerBalances",
        "getLoyaltyPoints", "getLoyaltyProgram", "getLoyaltyProgramProfileLedgerTransactions",
        "getLoyaltyPrograms", "getLoyaltyProgramTransactions", "getLoyaltyStatistics",
    },
    Right.POST_POINTS: {
        "addLoyaltyPoints", "getApproval", "getApprovals", "postLoyaltyPointsBatch",
        "removeLoyaltyPoints", "withdrawApproval",
    },
    Right.APPROVE: {"grantApproval", "rejectApproval"},
    Right.EXPORT: {
        "createExport", "deleteExport", "exportDashboard", "exportLoyaltyBalance",
        "exportLoyaltyBalances", "exportLoyaltyExpiring", "exportLoyaltyJoinDates",
        "exportLoyaltyLedger", "exportLoyaltyProgramLog", "getExportFile", "getExportJob",
        "getExportJobs", "getExportManifest",
    },
    Right.IMPORT: {
        "checkImport", "createImport", "deleteImport", "getImport", "getImportFile",
        "getImportReport", "getImports", "getImportSample", "importLoyaltyJoinDates",
        "importLoyaltyPoints", "previewImportUndo", "startImport", "undoImport",
    },
    Right.CUSTOMERS: {
        "getApplicationCustomer", "getApplicationCustomers", "getApplicationCustomersByAttributes",
        "getCustomerProfile", "getCustomerProfiles", "getCustomersByAttributes",
    },
    Right.PROGRAMS: {
        "createApplication", "createLoyaltyProgram", "deleteLoyaltyProgram", "setFourEyes",
        "updateLoyaltyProgram",
    },
    Right.KEYS: {
        "createApplicationAPIKey", "createManagementKey", "deleteApplicationAPIKey",
        "deleteManagementKey", "listApplicationAPIKeys", "listManagementKeys",
    },
    Right.PEOPLE: {
        "activateUserByEmail", "createInvitation", "createPasswordLink", "deactivateUserByEmail",
        "deleteUser", "deleteUserByEmail", "getRoleV2", "listAllRolesV2", "resetSecondFactor",
        "setUserProgramRoles",
    },
    Right.AUDIT: {"getChanges", "getExports"},
    Right.OWN_ACCOUNT: {
        "beginSecondFactor", "changePassword", "confirmSecondFactor", "createRecoveryCodes",
        "deleteUserSession", "destroyOtherSessions", "destroySession", "getOwnSecondFactor",
        "getOwnSettings", "getUser", "getUserProgramRoles", "getUsers", "getUserSessions",
        "setOwnSettings", "turnOffSecondFactor", "updateUser",
    },
}  # fmt: skip

OF_PEOPLE = [each for each in OPERATIONS if CallerKind.PERSON in each.who]
WALKED = [each for each in OF_PEOPLE if each.id != "destroySession"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Somebody with a role in one of two programs."""

    person: Person
    theirs: Program
    other: Program

    async def call(self, operation: Operation, program: Program) -> httpx.Response:
        """Call an operation on the program, and on other things that are not there."""
        path = operation.path.replace("{loyaltyProgramId}", str(program.id))
        path = re.sub(r"\{\w+\}", "999999", path)
        return answered(ROLES, await self.person.request(operation.method, path))


async def walk_as(api: Api, role: Role | None) -> Walk:
    """Somebody with that role, or without any."""
    theirs, other = await api.program(), await api.program()
    if role is Role.ADMIN:
        person = await api.person(is_admin=True)
    else:
        person = await api.person(theirs, role) if role else await api.person()
    return Walk(person=person, theirs=theirs, other=other)


def test_each_operation_says_which_right_a_person_needs() -> None:
    told = {each.id: each.right for each in OF_PEOPLE}
    assert told == {name: right for right, names in NEEDS.items() for name in names}


def test_an_operation_for_people_cannot_be_made_without_a_right() -> None:
    [some] = [each for each in OPERATIONS if each.id == "getLoyaltyPrograms"]
    for who, right in ((some.who, None), (frozenset({CallerKind.INTEGRATION}), Right.SEE)):
        with pytest.raises(AssertionError, match=r"^whose is getX\?$"):
            Operation(
                id="getX", method="GET", path="/x", who=who, right=right, handler=some.handler
            )


@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_its_operations_and_no_others(api: Api, role: Role) -> None:
    walk = await walk_as(api, role)
    for operation in WALKED:
        answer = await walk.call(operation, walk.theirs)
        assert operation.right is not None
        if operation.right in RIGHTS[role]:
            assert answer.status_code not in {401, 403}, operation.id
        else:
            found = refusal(answer, 403)
            assert found["title"] == "not_allowed"
            assert found["details"] == (
                f"you may not {operation.right.value};"
                f" it takes the role {who_may(operation.right)}; ask an admin for it"
            )


@pytest.mark.parametrize("role", [None, *RIGHTS])
async def test_a_program_without_a_role_in_it_is_not_there(api: Api, role: Role | None) -> None:
    walk = await walk_as(api, role)
    for operation in WALKED:
        if "{loyaltyProgramId}" in operation.path:
            answer = await walk.call(operation, walk.other)
            if role is Role.ADMIN:
                assert answer.status_code not in {401, 403}
            else:
                found = refusal(answer, 404)
                assert found["details"] == f"there is no loyalty program '{walk.other.id}'"


async def test_without_any_role_a_person_knows_themselves_only(api: Api) -> None:
    walk = await walk_as(api, None)
    for operation in WALKED:
        if "{loyaltyProgramId}" not in operation.path:
            answer = await walk.call(operation, walk.other)
            assert (answer.status_code == 403) is (operation.right is not Right.OWN_ACCOUNT)


async def test_lists_of_programs_show_those_with_a_role_only(api: Api) -> None:
    application = await api.application()
    connected = (application["id"],)
    theirs = await api.program(subscribed_applications=connected)
    await api.program(subscribed_applications=connected)
    person = await api.person(theirs, Role.VIEWER)
    found = exact(await person.get("/v1/loyalty_programs"))
    assert (found["totalResultSize"], [each["id"] for each in found["data"]]) == (1, [theirs.id])
    told = exact(await person.get(f"/v1/applications/{application['id']}"))
    assert [each["id"] for each in told["loyaltyPrograms"]] == [theirs.id]


async def test_a_role_that_is_taken_away_ends_at_once(api: Api, ann: Member) -> None:
    person = await api.person(ann.program, Role.VIEWER)
    path = program_path(ann.program)
    assert (await person.get(path)).status_code == 200
    roles = f"/v1/users/{person.id}/program_roles"
    assert exact(await api.manager.put(roles, json={"programRoles": []})) == {"programRoles": []}
    assert (await person.get(path)).status_code == 404


async def test_a_program_is_deleted_with_the_roles_in_it(api: Api) -> None:
    program, kept = await api.program(), await api.program()
    person = await api.person(program, Role.ANALYST)
    await api.manager.put(
        f"/v1/users/{person.id}/program_roles",
        json={
            "programRoles": [
                {"loyaltyProgramId": each.id, "role": "analyst"} for each in (program, kept)
            ]
        },
    )
    assert (await api.manager.delete(program_path(program))).status_code == 204
    assert exact(await person.get(f"/v1/users/{person.id}/program_roles")) == {
        "programRoles": [{"loyaltyProgramId": kept.id, "role": "analyst"}]
    }
