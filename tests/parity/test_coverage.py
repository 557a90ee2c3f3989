"""The table of operations says what is so, and no operation that is needed goes without a case."""

import httpx
import pytest

import parity.cases  # noqa: F401 - it fills the table
from parity.clients import COMMANDS, Client
from parity.contract import operations
from parity.coverage import ELSEWHERE, LACKS, ROWS, UNREAD
from parity.harness import CASES, World

WITH_CASES = {case.operation for case in CASES}


def test_the_table_lists_the_operations_of_the_contract() -> None:
    assert ROWS.keys() == operations().keys()


@pytest.mark.parametrize("name", COMMANDS)
async def test_the_table_knows_which_operations_a_client_has(
    clients: dict[str, Client], name: str
) -> None:
    asked = {"known": [[each.api, each.id] for each in operations().values()]}
    known = set((await clients[name].ask(asked))["ok"])
    known -= {operation for client, operation in ELSEWHERE if client == name}
    assert known == {row.operation for row in ROWS.values() if name in row.clients}


@pytest.mark.parametrize("operation", [row.operation for row in ROWS.values() if row.is_needed])
def test_a_needed_operation_has_a_case(operation: str) -> None:
    assert operation in WITH_CASES


@pytest.mark.parametrize("operation", sorted(ROWS.keys() - WITH_CASES))
async def test_an_operation_without_a_case_is_not_answered(world: World, operation: str) -> None:
    """Once it is, it needs a case."""
    numbers = dict.fromkeys(("loyaltyProgramId", "applicationId", "userId", "accountId"), 1)
    names = dict.fromkeys(("sessionId", "roleId", "webhookId", "customerId"), 1)
    texts = dict.fromkeys(("integrationId", "loyaltyCardId", "customerSessionId"), "x")
    answer = await world.ask(operation, {**numbers, **names, **texts})
    assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED}
    assert not answer.json()["errors"]


@pytest.mark.parametrize(("client", "operation"), [*LACKS, *UNREAD])
def test_what_a_client_lacks_is_about_an_operation_it_has(client: str, operation: str) -> None:
    assert client in ROWS[operation].clients


@pytest.mark.parametrize(("client", "operation"), ELSEWHERE)
async def test_a_path_that_the_contract_has_no_more_is_not_there(
    world: World, clients: dict[str, Client], client: str, operation: str
) -> None:
    told = await clients[client].call(
        operations()[operation],
        host=world.host,
        keys={"manager_auth": world.keys["manager_auth"]},
        arguments={},
        body={},
    )
    assert told["error"]["status"] == 404
