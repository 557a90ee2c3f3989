"""What every answer tells a browser."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from edges.harness import application, client_of

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; object-src 'none'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize("path", ["/", "/not/there"])
async def test_an_answer_is_not_sniffed_framed_or_kept(path: str) -> None:
    async with client_of(application()) as client:
        answer = await client.get(path)
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS


async def test_whoever_made_the_answer_knows_better() -> None:
    async def page(_request: Request) -> Response:
        return Response(headers={"Content-Security-Policy": "default-src 'self'"})

    async with client_of(application(page)) as client:
        answer = await client.get("/")
    assert answer.headers.get_list("Content-Security-Policy") == ["default-src 'self'"]


async def test_what_has_an_etag_may_be_kept_by_who_asks_again() -> None:
    async def tagged(_request: Request) -> Response:
        return Response(headers={"ETag": '"1"'})

    async with client_of(application(tagged)) as client:
        answer = await client.get("/")
    assert answer.headers["Cache-Control"] == "private, no-cache"


async def test_over_tls_a_browser_is_told_to_stay_there_for_a_year() -> None:
    async with client_of(application()) as client:
        plain = await client.get("/")
        answer = await client.get("https://tallystick.test/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in plain.headers
