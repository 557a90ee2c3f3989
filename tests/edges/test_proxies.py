"""Whose word is taken on who the client is."""

import pytest

from edges.harness import application, client_of, networks

PROXY, OTHER_PROXY, CLIENT, LIAR = "10.0.0.1", "10.0.0.2", "198.51.100.9", "192.0.2.66"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param(LIAR, [CLIENT], LIAR, id="a stranger's word is not taken"),
        pytest.param(PROXY, [], PROXY, id="a proxy that says nothing is the client"),
        pytest.param(PROXY, [CLIENT], CLIENT, id="a proxy speaks for its client"),
        pytest.param(
            PROXY, [f"{LIAR}, {CLIENT}"], CLIENT, id="what a client made up is left alone"
        ),
        pytest.param(PROXY, [LIAR, CLIENT], CLIENT, id="in a header of its own as well"),
        pytest.param(PROXY, [f"{CLIENT},{OTHER_PROXY}"], CLIENT, id="proxies behind proxies"),
        pytest.param(PROXY, [OTHER_PROXY], OTHER_PROXY, id="nobody but proxies"),
        pytest.param(PROXY, ["<b>, no address"], PROXY, id="what is no address is left alone"),
        pytest.param(PROXY, ["2001:db8::7"], "2001:db8::7", id="IPv6"),
        pytest.param("::ffff:10.0.0.1", [CLIENT], CLIENT, id="IPv4 within IPv6"),
    ],
)
async def test_the_client_is_the_rightmost_whom_no_proxy_is(
    peer: str, forwarded: list[str], address: str
) -> None:
    app = application(trusted_proxies=networks("10.0.0.0/8"))
    async with client_of(app, peer) as client:
        answer = await client.get("/", headers=[("X-Forwarded-For", each) for each in forwarded])
    assert answer.json()["address"] == address


async def test_nobody_is_trusted_unless_named() -> None:
    headers = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}
    for address in (PROXY, "127.0.0.1"):
        async with client_of(application(), address) as client:
            answer = await client.get("/", headers=headers)
        assert answer.json()["address"] == address
        assert answer.json()["scheme"] == "http"
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    ("said", "scheme"),
    [("https", "https"), ("http, https", "https"), ("https, http", "http"), ("gopher", "http")],
)
async def test_a_proxy_tells_how_the_request_came(said: str, scheme: str) -> None:
    app = application(trusted_proxies=networks(PROXY))
    async with client_of(app, PROXY) as client:
        answer = await client.get("/", headers={"X-Forwarded-Proto": said})
    assert answer.json()["scheme"] == scheme
    assert ("Strict-Transport-Security" in answer.headers) == (scheme == "https")
