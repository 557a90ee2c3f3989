"""Requests of every kind, made from our own description; the same ones for the same seed."""

import os
from typing import Any, TypeAlias

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from requests.models import Request
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from attacks.counting import GENERATED, answered
from tallystick.api.openapi import description

AnyCase: TypeAlias = "Case[Any]"
AnyOperation: TypeAlias = "APIOperation[Any, Any, Any, Any]"

SEED = int(os.environ.get("SCHEMATHESIS_SEED", "1"))


def _operations() -> dict[str, AnyOperation]:
    schema = schemathesis.openapi.from_dict(description())
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {operation.definition.raw["operationId"]: operation for operation in found}


OPERATIONS = _operations()


def cases(operation: AnyOperation, mode: GenerationMode, examples: int) -> list[AnyCase]:
    """Requests that the description allows, or, for the other mode, rules out."""
    takes = operation.path_parameters, operation.query, operation.body
    if mode is GenerationMode.NEGATIVE and not any(map(len, map(list, takes))):
        return []
    made: list[AnyCase] = []

    @seed(SEED)
    @settings(
        max_examples=examples,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def make(case: AnyCase) -> None:
        made.append(case)

    make()
    return made


async def ask(client: httpx.AsyncClient, case: AnyCase) -> httpx.Response:
    """The answer to a request, sent as this client."""
    asked = Request(**case.as_transport_kwargs(base_url=str(client.base_url))).prepare()
    headers = [
        (name.encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in asked.headers.items()
        if name != "Authorization"
    ]
    assert asked.method
    assert asked.url
    assert asked.body is None or isinstance(asked.body, bytes | str)
    request = client.build_request(asked.method, asked.url, headers=headers, content=asked.body)
    return answered(GENERATED, await client.send(request))
