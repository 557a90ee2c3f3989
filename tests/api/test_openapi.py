"""`/openapi.json`, `/docs`, and answers that are given only if they changed."""

import json
import re
from html.parser import HTMLParser
from http import HTTPStatus
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import validate

from api.harness import Api, Member, exact
from tallystick.api.conditional import etag, names
from tallystick.api.openapi import describe, description
from tallystick.api.operations import ANYBODY, MANAGERS, Call, Nothing, Operation
from tallystick.api.routes import OPERATIONS, Area
from tallystick.core.errors import AlreadyExists, NotAllowed
from tallystick.core.roles import Right

DESCRIPTION = json.loads(json.dumps(description()))
BY_ID = {
    described["operationId"]: described
    for methods in DESCRIPTION["paths"].values()
    for described in methods.values()
}
SCHEMAS = DESCRIPTION["components"]["schemas"]


def by_id(operation: Operation) -> str:
    return operation.id


def test_the_description_is_valid() -> None:
    validate(DESCRIPTION)


async def test_the_description_is_served_as_it_is_made(api: Api) -> None:
    answer = await api.anybody.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == DESCRIPTION


def test_every_operation_is_described_where_it_is() -> None:
    assert set(BY_ID) == {operation.id for operation in OPERATIONS}
    for operation in OPERATIONS:
        found = DESCRIPTION["paths"][operation.path][operation.method.lower()]
        assert found["operationId"] == operation.id


@pytest.mark.parametrize("operation", OPERATIONS, ids=by_id)
def test_an_operation_says_in_words_what_it_does(operation: Operation) -> None:
    described = BY_ID[operation.id]
    assert re.fullmatch(r"[A-Z].{5,119}[^.]", described["summary"])
    assert described["tags"][0] in {tag["name"] for tag in DESCRIPTION["tags"]}
    assert all(each.get("description") for each in described.get("parameters", ()))


@pytest.mark.parametrize("operation", OPERATIONS, ids=by_id)
def test_an_operation_names_all_that_it_takes(operation: Operation) -> None:
    taken = {each["name"] for each in BY_ID[operation.id].get("parameters", ())}
    for name in re.findall(r"\{(\w+)\}", operation.path):
        assert name in taken
    for member in msgspec.structs.fields(operation.query):
        assert member.encode_name in taken
    assert ("Idempotency-Key" in taken) == operation.keyed
    assert ("If-None-Match" in taken) == operation.conditional
    assert ("requestBody" in BY_ID[operation.id]) == bool(
        operation.upload or operation.body is not Nothing
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=by_id)
def test_an_operation_names_its_statuses_and_who_may_call_it(operation: Operation) -> None:
    described = BY_ID[operation.id]
    statuses = set(described["responses"])
    assert {str(int(operation.status)), "500"} <= statuses
    assert ("401" in statuses) >= bool(operation.who)
    assert ("403" in statuses) == (
        operation.who >= MANAGERS
        or operation.right not in {None, Right.OWN_ACCOUNT}
        or NotAllowed in operation.refuses
    )
    assert ("304" in statuses) == operation.conditional
    assert len(described["security"]) == len(operation.who)


@pytest.mark.parametrize("operation", OPERATIONS, ids=by_id)
def test_what_is_answered_before_an_operation_is_reached_is_told(operation: Operation) -> None:
    described = BY_ID[operation.id]
    told = described["responses"]
    assert "requests a second" in told["429"]["description"]
    assert {"431"} <= set(told)
    assert ({"408", "413"} <= set(told)) is ("requestBody" in described)


def test_a_refusal_has_the_error_body_and_what_goes_with_its_status() -> None:
    responses = BY_ID["addLoyaltyPoints"]["responses"]
    for status in ("400", "401", "403", "404", "422", "500", "503"):
        schema = responses[status]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ErrorBody"}
    assert responses["401"]["headers"].keys() == {"WWW-Authenticate"}
    assert responses["503"]["headers"].keys() == {"Retry-After"}
    assert "`busy`, `outcome_unknown`" in responses["503"]["description"]


def test_credentials_are_those_of_the_contract() -> None:
    schemes = DESCRIPTION["components"]["securitySchemes"]
    assert schemes.keys() == {"api_key_v1", "management_key", "manager_auth"}
    for scheme in schemes.values():
        assert (scheme["type"], scheme["in"], scheme["name"]) == (
            "apiKey",
            "header",
            "Authorization",
        )


def test_points_are_numbers_with_two_decimals() -> None:
    assert SCHEMAS["AddPoints"]["properties"]["points"] == {
        "description": "How many points, with at most two decimals.",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 999999999999.99,
        "multipleOf": 0.01,
    }
    assert SCHEMAS["NewTier"]["properties"]["minPoints"]["minimum"] == 0
    assert SCHEMAS["BalanceBody"]["properties"]["activePoints"]["type"] == "number"


class Inner(msgspec.Struct, omit_defaults=True):
    """What is within."""

    always: int
    at_times: int | None = None


class Outer(msgspec.Struct):
    """What is around it. Source: nowhere."""

    inner: Inner
    nullable: int | None = None


async def tell(call: Call[Nothing, Nothing]) -> Outer:
    """Tell something.

    The rest of it.
    Errors: none that anybody
    needs to know.
    """
    raise NotImplementedError


def described(**more: Any) -> dict[str, Any]:
    """The description of an operation that is nowhere else."""
    row: dict[str, Any] = {"who": ANYBODY, "handler": tell, "method": "GET", **more}
    operation = Operation(id="tell", path="/v1/tell", **row)
    found = describe([Area("Area", "Operations that tell. And more.", (operation,))])
    validate(json.loads(json.dumps(found)))
    return found


def test_a_member_that_may_be_absent_is_never_null() -> None:
    schemas = described(answer=Outer)["components"]["schemas"]
    assert schemas["Inner"]["required"] == ["always"]
    assert schemas["Inner"]["properties"]["at_times"] == {"type": "integer"}
    assert schemas["Outer"]["required"] == ["inner", "nullable"]
    assert {"type": "null"} in schemas["Outer"]["properties"]["nullable"]["anyOf"]


def test_words_come_from_the_docstrings() -> None:
    found = described(answer=list[Outer])
    told = found["paths"]["/v1/tell"]["get"]
    assert (told["summary"], told["description"]) == ("Tell something", "The rest of it.")
    assert found["tags"] == [{"name": "Area", "description": "Operations that tell."}]


def test_other_media_types_and_empty_answers_are_told() -> None:
    csv = described(media_type="text/csv")["paths"]["/v1/tell"]["get"]["responses"]
    assert csv["200"]["content"] == {"text/csv": {"schema": {"type": "string"}}}
    assert "304" not in csv
    nothing = described(method="PUT", status=HTTPStatus.NO_CONTENT)
    assert "content" not in nothing["paths"]["/v1/tell"]["put"]["responses"]["204"]
    either = described(method="PUT", answer=Outer, may_be_empty=True)
    assert {"200", "204"} <= either["paths"]["/v1/tell"]["put"]["responses"].keys()


def test_an_upload_and_named_refusals_are_told() -> None:
    found = described(method="POST", upload="upFile", refuses=(AlreadyExists,))
    told = found["paths"]["/v1/tell"]["post"]
    form = told["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["upFile"]
    assert told["responses"]["409"]["description"] == "Conflict: `already_exists`"
    assert "`invalid_file`" in told["responses"]["400"]["description"]


# The page


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        """All values of an attribute, in order."""
        return [value for _, attrs in self.tags if (value := attrs.get(attribute))]


async def test_the_page_shows_every_operation(api: Api) -> None:
    page = Page((await api.anybody.get("/docs")).text)
    for operation in OPERATIONS:
        assert operation.id in page.values("id")
        assert f"#{operation.id}" in page.values("href")
        assert operation.path in page.text
    assert page.text.count("curl ") == len(OPERATIONS)


async def test_the_page_needs_no_script_and_lets_none_in(api: Api) -> None:
    answer = await api.anybody.get("/docs")
    page = Page(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert {"script", "style"}.isdisjoint({tag for tag, _ in page.tags})
    assert not page.values("style")
    assert "default-src 'none'; style-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"unsafe|\*", answer.headers["content-security-policy"])


async def test_the_style_sheet_is_served_beside_the_page(api: Api) -> None:
    page = Page((await api.anybody.get("/docs")).text)
    [sheet] = [attrs["href"] for tag, attrs in page.tags if tag == "link"]
    answer = await api.anybody.get(str(sheet))
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "prefers-" in answer.text
    assert "http" not in answer.text


async def test_the_page_can_be_read_by_ear_and_keyboard(api: Api) -> None:
    page = Page((await api.anybody.get("/docs")).text)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for target in (value for value in page.values("href") if value.startswith("#")):
        assert target[1:] in ids
    for target in page.values("aria-labelledby"):
        assert target in ids
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(level <= before + 1 for before, level in pairwise(levels))
    assert {"main", "nav", "header"} <= {tag for tag, _ in page.tags}
    assert ("html", {"lang": "en"}) in page.tags


# Conditional requests


@pytest.mark.parametrize(
    ("header", "weakly", "named"),
    [
        ('"a"', True, True),
        ('"a"', False, True),
        ('W/"a"', True, True),
        ('W/"a"', False, False),
        ('"b", "a"', False, True),
        ('"b",W/"a"', True, True),
        ("*", True, True),
        (" * ", False, True),
        ('"b"', True, False),
        ('"A"', True, False),
        ("a", True, False),
        ("", True, False),
        ('"a, b"', True, False),
        ('"b\\"a"', True, False),
    ],
)
def test_an_etag_is_found_in_a_list(header: str, *, weakly: bool, named: bool) -> None:
    assert names(header, '"a"', weakly=weakly) is named


def test_another_body_has_another_etag() -> None:
    assert etag(b"1") == etag(b"1") != etag(b"2")
    assert re.fullmatch('"[0-9a-f]{32}"', etag(b""))


async def test_an_answer_that_the_caller_has_is_not_sent_again(api: Api, ann: Member) -> None:
    path = f"{ann.path}/balances"
    first = await api.shop.get(path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache, private"
    for header in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await api.shop.get(path, headers={"If-None-Match": header})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == "no-cache, private"
    await ann.add(5)
    changed = await api.shop.get(path, headers={"If-None-Match": tag})
    assert exact(changed)["balance"]["activePoints"] == 105
    assert changed.headers["etag"] != tag


async def test_who_may_not_see_it_learns_nothing_by_an_etag(api: Api, ann: Member) -> None:
    path = f"{ann.path}/balances"
    tag = (await api.shop.get(path)).headers["etag"]
    answer = await api.anybody.get(path, headers={"If-None-Match": tag})
    assert answer.status_code == 401
    assert "etag" not in answer.headers


async def test_head_says_that_nothing_changed_too(api: Api, ann: Member) -> None:
    path = f"{ann.path}/balances"
    tag = (await api.shop.head(path)).headers["etag"]
    assert (await api.shop.head(path, headers={"If-None-Match": tag})).status_code == 304


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/docs/style.css", "/healthz"])
async def test_what_is_open_has_an_etag_as_well(api: Api, path: str) -> None:
    tag = (await api.anybody.get(path)).headers["etag"]
    assert (await api.anybody.get(path, headers={"If-None-Match": tag})).status_code == 304


async def test_a_write_has_no_etag(api: Api, ann: Member) -> None:
    assert "etag" not in (await ann.add(1)).headers
