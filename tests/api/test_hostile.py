"""Whatever is sent, it is answered: never with a fault, and never with points that nobody meant."""

import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from api.harness import Api, Member, in_path, program_path, refusal, running_api
from attacks.counting import TEXTS as TEXTS_TRIED
from attacks.counting import answered
from tallystick.api.operations import Operation
from tallystick.api.routes import OPERATIONS
from tallystick.services.callers import CallerKind

TEXTS = {
    "NUL": "\x00",
    "NUL within": "a\x00b",
    "controls": "\x01\x1b[2J\x7f\x85",
    "line breaks": "a\r\nb",
    "override": "\u202eabc\u2066",
    "not a character": "\uffff\ufdd0",
    "replacement": "\ufffd",
    "beyond the plane": "\U0010ffff",
    "combining": "e" + "\u0301" * 500,
    "10,000 characters": "x" * 10_000,
    "quotes": "'; DROP TABLE lot; --",
    "format": "%s %n {0} ${x} `id`",
    "copy": "\\N\t\\.",
    "blank": "   ",
}
BYTES = {
    "not UTF-8": "%ff%fe",
    "a surrogate": "%ed%a0%80",
    "overlong": "%c0%af",
    "half an escape": "%2",
    "no escape": "%zz",
    "dots": "%2e%2e",
    "encoded twice": "%2500",
}

# Besides what is wrong with a request: a link that is not there, and too many guesses.
GUARDED = {"usePasswordLink": {403}, "createSession": {429}, "beginSecondFactor": {429}}

# What makes the profile that it is about, or lists those that fit, has no wrong name or body.
TOLERANT = {
    "joinLoyaltyProgram",
    "updateCustomerProfileV2",
    "updateCustomerProfilesV2",
    "getCustomersByAttributes",
    "getApplicationCustomersByAttributes",
}

_PARAMETER = re.compile(r"\{(\w+)\}")

every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
every_bytes = pytest.mark.parametrize("escaped", BYTES.values(), ids=BYTES)


@pytest.fixture(scope="module")
async def module_api(module_database_url: str) -> AsyncIterator[Api]:
    """The application, on which an admin does what managers may: that is all but what shops may."""
    async with running_api(module_database_url) as api:
        yield replace(api, manager=await api.person(is_admin=True))


def path_of(operation: Operation, member: Member, **others: str) -> str:
    """Where the operation is for a member, unless others are given; all else is not there."""
    ids = {"loyaltyProgramId": str(member.program.id), "integrationId": in_path(member.name)}
    given = {**ids, **others}
    return _PARAMETER.sub(lambda name: given.get(name[1], "999999"), operation.path)


async def call(api: Api, operation: Operation, path: str, **request: Any) -> httpx.Response:
    """The answer of an operation to who may call it; it is never a fault."""
    client = api.shop if CallerKind.INTEGRATION in operation.who else api.manager
    answer = answered(TEXTS_TRIED, await client.request(operation.method, path, **request))
    assert answer.status_code < 500, (operation.id, request, answer.text)
    return answer


async def assert_unharmed(member: Member) -> None:
    """Prove that the member has the points of before, and no transaction more."""
    assert await member.balance() == {"active": 100}
    assert await member.names() == [""]


# Paths


async def call_with_segment(api: Api, member: Member, segment: str) -> None:
    """Call every operation with this in place of each id; nothing goes by such an id."""
    for operation in OPERATIONS:
        for name in _PARAMETER.findall(operation.path):
            if name == "integrationId" and operation.id in TOLERANT:
                continue
            path = path_of(operation, member, **{name: segment})
            answer = await call(api, operation, path, json={"points": 1})
            assert answer.status_code in {400, 404}, (operation.id, answer.text)
    await assert_unharmed(member)


@every_text
async def test_texts_in_a_path_are_answered(api: Api, ann: Member, text: str) -> None:
    await call_with_segment(api, ann, in_path(text))


@every_bytes
async def test_bytes_in_a_path_are_answered(api: Api, ann: Member, escaped: str) -> None:
    await call_with_segment(api, ann, escaped)


# Queries


async def call_with_query(api: Api, member: Member, values: str) -> None:
    """Call every operation with each of its parameters having these values."""
    for operation in OPERATIONS:
        for field in msgspec.structs.fields(operation.query):
            query = "&".join(f"{field.encode_name}={value}" for value in values.split())
            await call(api, operation, f"{path_of(operation, member)}?{query}")
    await assert_unharmed(member)


@every_text
async def test_texts_in_a_query_are_answered(api: Api, ann: Member, text: str) -> None:
    await call_with_query(api, ann, in_path(text))


@every_bytes
async def test_bytes_in_a_query_are_answered(api: Api, ann: Member, escaped: str) -> None:
    await call_with_query(api, ann, f"{escaped} {escaped}")


@pytest.mark.parametrize(
    "values", ["", "x " * 2_000, "1&&=&;&%26 &", "[] [0]", "a=b=c"], ids=lambda text: text[:10]
)
async def test_odd_queries_are_answered(api: Api, ann: Member, values: str) -> None:
    await call_with_query(api, ann, values)


# Bodies


@every_text
async def test_texts_in_a_body_are_answered(api: Api, ann: Member, text: str) -> None:
    """Every field in turn, next to others that are wrong, so that nothing is made."""
    wrong = {"points": 0, "timezone": "", "name": "", "email": "", "password": ""}
    for operation in OPERATIONS:
        for field in msgspec.structs.fields(operation.body):
            for value in (text, [text], {text: text}):
                body = {**wrong, field.encode_name: value}
                answer = await call(api, operation, path_of(operation, ann), json=body)
                good = {200} if operation.id in TOLERANT else set()
                bad = {400, 401, 404} | GUARDED.get(operation.id, set())
                assert answer.status_code in bad | good, (operation.id, body)
    await assert_unharmed(ann)


BODIES = {
    "nothing": b"",
    "blank": b" \n",
    "null": b"null",
    "a number": b"1",
    "a text": b'"points"',
    "a list": b'[{"points":1}]',
    "an open object": b'{"points":1',
    "two objects": b'{"points":1}{"points":1}',
    "a comma too many": b'{"points":1,}',
    "a comment": b'{"points":1 /* one */}',
    "single quotes": b"{'points':1}",
    "NUL": b'{"points":1}\x00',
    "not UTF-8": b'{"points":1,"name":"\xff"}',
    "overlong": b'{"points":1,"name":"\xc0\xaf"}',
    "a surrogate": b'{"points":1,"name":"\xed\xa0\x80"}',
    "an escaped surrogate": b'{"points":1,"name":"\\ud800 alone"}',
    "the wrong half": b'{"points":1,"name":"\\udc00\\ud800"}',
    "an open escape": b'{"points":1,"name":"\\u12"}',
    "UTF-16": '{"points":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"points":1}',
    "deep lists": b'{"points":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"name":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "deep and unknown": b'{"points":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep and open": b"[" * 500_000,
    "gzip": gzip.compress(b'{"points":1}'),
    "more than a megabyte": b'{"points":1,"name":"' + b"x" * 1_000_000 + b'"}',
    "much more": b" " * 5_000_000,
}

takes_a_body = pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if msgspec.structs.fields(operation.body)],
    ids=lambda operation: operation.id,
)


@takes_a_body
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_is_not_meant_is_refused(
    api: Api, ann: Member, operation: Operation, body: bytes
) -> None:
    answer = await call(api, operation, path_of(operation, ann), content=body)
    assert refusal(answer, 400)["title"] == "invalid_field"
    await assert_unharmed(ann)


async def test_a_body_is_given_up_once_it_is_too_large(api: Api, ann: Member) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 100_000

    answer = await api.manager.put(f"{ann.path}/add_points", content=endless())
    assert refusal(answer, 400)["pointer"] == ""
    assert "at most 1,000,000 bytes" in answer.text
    assert sent == 11


async def test_a_body_may_be_a_megabyte(api: Api, ann: Member) -> None:
    body = b'{"points":1}'
    answer = await ann.put("add_points", body + b" " * (1_000_000 - len(body)))
    assert answer.status_code == 204


async def test_the_last_of_two_equal_members_counts(ann: Member) -> None:
    assert (await ann.put("add_points", b'{"points":5,"points":7}')).status_code == 204
    assert await ann.balance() == {"active": 107}


@every_text
async def test_texts_in_an_imported_row_are_answered(api: Api, ann: Member, text: str) -> None:
    cell = '"' + text.replace('"', '""') + '"'
    for row in (f"{cell},0,,", f"x,{cell},,", f"x,0,{cell},", f"x,0,,{cell}"):
        file = f"customerprofileid,amount,subledgerid,reason\n{row}\n".encode()
        answer = await api.manager.post(
            f"{program_path(ann.program)}/import_points", files={"upFile": file}
        )
        assert answer.status_code == 400
