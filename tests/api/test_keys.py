"""Who may call what: keys, sessions, and what is told to everybody else."""

import re
import secrets
from datetime import timedelta

import httpx
import pytest

from api.harness import Api, new_client, new_key, refusal
from attacks.counting import KEYS, answered
from services.harness import NOW
from tallystick.api.operations import Operation
from tallystick.api.routes import OPERATIONS
from tallystick.services.callers import CallerKind

CLOSED = [operation for operation in OPERATIONS if operation.who]

every_closed_operation = pytest.mark.parametrize(
    "operation", CLOSED, ids=[operation.id for operation in CLOSED]
)

# Written out, not asked of the table: whoever changes the table changes this with intent.
MAY_CALL = {
    "addLoyaltyPoints": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "removeLoyaltyPoints": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "importLoyaltyPoints": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getLoyaltyProgram": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getLoyaltyPrograms": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "createLoyaltyProgram": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getLoyaltyBalances": {CallerKind.INTEGRATION},
    "getLoyaltyProgramProfileTransactions": {CallerKind.INTEGRATION},
    "destroySession": {CallerKind.PERSON},
    "createSession": set(),
    "getUsers": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getUser": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "updateUser": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deleteUser": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deleteUserByEmail": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "activateUserByEmail": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deactivateUserByEmail": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "createInvitation": {CallerKind.PERSON},
    "createPasswordLink": {CallerKind.PERSON},
    "usePasswordLink": set(),
    "changePassword": {CallerKind.PERSON},
    "getOwnSecondFactor": {CallerKind.PERSON},
    "beginSecondFactor": {CallerKind.PERSON},
    "confirmSecondFactor": {CallerKind.PERSON},
    "turnOffSecondFactor": {CallerKind.PERSON},
    "createRecoveryCodes": {CallerKind.PERSON},
    "resetSecondFactor": {CallerKind.PERSON},
    "destroyOtherSessions": {CallerKind.PERSON},
    "getOwnSettings": {CallerKind.PERSON},
    "setOwnSettings": {CallerKind.PERSON},
    "getUserSessions": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deleteUserSession": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getUserProgramRoles": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "setUserProgramRoles": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "listAllRolesV2": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getRoleV2": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getApplications": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getApplication": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "createApplication": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "createApplicationAPIKey": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "listApplicationAPIKeys": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deleteApplicationAPIKey": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "createManagementKey": {CallerKind.PERSON},
    "listManagementKeys": {CallerKind.PERSON},
    "deleteManagementKey": {CallerKind.PERSON},
    "getChanges": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getExports": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getApprovals": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getApproval": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "grantApproval": {CallerKind.PERSON},
    "rejectApproval": {CallerKind.PERSON},
    "withdrawApproval": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getFourEyes": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "setFourEyes": {CallerKind.PERSON},
    "deleteLoyaltyProgram": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "updateLoyaltyProgram": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deleteLoyaltyTransactionsFromLedgers": {CallerKind.INTEGRATION},
    "getLoyaltyProgramProfilePoints": {CallerKind.INTEGRATION},
    "getLoyaltyLedgerBalances": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getLoyaltyProgramProfileLedgerTransactions": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "exportLoyaltyLedger": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getLoyaltyPoints": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "joinLoyaltyProgram": {CallerKind.INTEGRATION},
    "postLoyaltyPointsBatch": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "activateLoyaltyPoints": {CallerKind.INTEGRATION},
    "importLoyaltyJoinDates": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "exportDashboard": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "exportLoyaltyJoinDates": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getLoyaltyProgramTransactions": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "exportLoyaltyBalances": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "exportLoyaltyBalance": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "updateCustomerProfileV2": {CallerKind.INTEGRATION},
    "updateCustomerProfilesV2": {CallerKind.INTEGRATION},
    "getCustomerInventory": {CallerKind.INTEGRATION},
    "deleteCustomerData": {CallerKind.INTEGRATION},
    "getCustomerProfiles": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getCustomerProfile": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getCustomersByAttributes": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getApplicationCustomers": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getApplicationCustomer": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getApplicationCustomersByAttributes": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "createImport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getImports": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getImport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deleteImport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "checkImport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "startImport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "previewImportUndo": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "undoImport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getImportReport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getImportFile": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getImportSample": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "exportLoyaltyProgramLog": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "exportLoyaltyExpiring": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "createExport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getExportJobs": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getExportJob": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getExportManifest": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getExportFile": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "deleteExport": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getOpenApi": set(),
    "getDocs": set(),
    "getDashboardStatistics": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getLoyaltyStatistics": {CallerKind.MANAGEMENT, CallerKind.PERSON},
    "getHealth": set(),
    "getReadiness": set(),
}


async def call(client: httpx.AsyncClient, operation: Operation, **headers: str) -> httpx.Response:
    """Call an operation on what is not there; only those who may are told so."""
    path = re.sub(r"\{\w+\}", "999999", operation.path)
    return answered(KEYS, await client.request(operation.method, path, headers=headers))


def test_each_operation_says_who_may_call_it() -> None:
    assert {operation.id: set(operation.who) for operation in OPERATIONS} == MAY_CALL


async def test_what_is_for_admins_is_open_to_management_keys(api: Api) -> None:
    assert (await api.manager.get("/v1/changes")).status_code == 200


@every_closed_operation
async def test_nobody_may_call_without_credentials(api: Api, operation: Operation) -> None:
    answer = await call(api.anybody, operation)
    found = refusal(answer, 401)
    assert found["title"] == "not_signed_in"
    assert "'ManagementKey-v1 ...'" in found["details"]
    assert answer.headers["www-authenticate"] == "Bearer"


@every_closed_operation
async def test_a_key_opens_what_it_is_for_and_nothing_else(api: Api, operation: Operation) -> None:
    for kind, client in ((CallerKind.MANAGEMENT, api.manager), (CallerKind.INTEGRATION, api.shop)):
        answer = await call(client, operation)
        if kind in operation.who:
            assert answer.status_code != 401
        else:
            found = refusal(answer, 401)
            assert operation.id in found["details"]
            assert f"found '{kind.value} ...'" in found["details"]


async def test_a_session_opens_what_people_may_do(api: Api) -> None:
    person = await api.person()
    for operation in CLOSED:
        if operation.id != "destroySession":
            allowed = CallerKind.PERSON in operation.who
            assert ((await call(person, operation)).status_code == 401) is not allowed


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        " ",
        "ManagementKey-v1",
        "ManagementKey-v1 ",
        "Basic YTpi",
        "Digest x",
        "{key}",
        "ManagementKey-v2 {key}",
        "ManagementKey-v1{key}",
        "ManagementKey-v1,{key}",
        "ApiKey-v1 {key}",
        "Bearer {key}",
        "ManagementKey-v1 {key}0",
        "ManagementKey-v1 x{key}",
        "ManagementKey-v1 {key} {key}",
        "ManagementKey-v1 \xe9\xff",
        "ManagementKey-v1 " + "0" * 60_000,
    ],
    ids=lambda text: ascii(text[:30]),
)
async def test_wrong_credentials_are_refused(api: Api, authorization: str) -> None:
    key = api.manager.headers["authorization"].partition(" ")[2]
    header = authorization.format(key=key).encode("latin-1")
    headers = {b"Authorization": header}
    answer = answered(KEYS, await api.anybody.get("/v1/loyalty_programs", headers=headers))
    found = refusal(answer, 401)
    assert found["title"] == "not_signed_in"
    assert key not in answer.text


async def test_an_unknown_key_is_told_from_a_malformed_header(api: Api) -> None:
    client = new_client(api.app, f"ManagementKey-v1 {secrets.token_hex(32)}")
    found = refusal(await client.get("/v1/loyalty_programs"), 401)
    assert "unknown or have expired" in found["details"]


@pytest.mark.parametrize(
    "form", ["managementkey-v1 {key}", "MANAGEMENTKEY-V1 {key}", "ManagementKey-v1   {key} "]
)
async def test_the_scheme_is_read_in_any_case(api: Api, form: str) -> None:
    key = api.manager.headers["authorization"].partition(" ")[2]
    client = new_client(api.app, form.format(key=key))
    assert (await client.get("/v1/loyalty_programs")).status_code == 200


async def test_a_key_works_until_it_expires(api: Api) -> None:
    authorization = await new_key(api.context, CallerKind.MANAGEMENT, life=timedelta(days=1))
    client = new_client(api.app, authorization)
    api.clock.now = NOW + timedelta(days=1)
    found = refusal(await client.get("/v1/loyalty_programs"), 401)
    assert "have expired" in found["details"]
    api.clock.now = NOW + timedelta(days=1, microseconds=-1)
    assert (await client.get("/v1/loyalty_programs")).status_code == 200


async def test_credentials_are_not_looked_at_where_none_are_needed(api: Api) -> None:
    client = new_client(api.app, "Nonsense")
    assert (await client.get("/healthz")).status_code == 200
