"""Where requests come in and answers go out, the same for whoever serves them over HTTP.

Request ids, proxies, limits of heads, bodies and rates, and what every answer says to a browser.
Nothing here knows an operation or a page. `protocol.py` works on bytes, `inside` wraps an
application, and the rest is for faces to call.
"""

from dataclasses import dataclass

from starlette.types import ASGIApp

from tallystick.edges.answers import safe_answers
from tallystick.edges.bodies import limited_bodies
from tallystick.edges.proxies import Networks, trusting_proxies
from tallystick.edges.rates import limited_rates
from tallystick.edges.request_ids import with_request_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What is let in.

    trusted_proxies: whose word on clients is taken. requests_per_second_max: of one key, 0 for no
    limit.
    """

    body_bytes_max: int = 500_000_000
    trusted_proxies: Networks = ()
    requests_per_second_max: int = 0


def inside(app: ASGIApp, edges: Edges) -> ASGIApp:
    """The application within its edges."""
    app = limited_rates(app, per_second_max=edges.requests_per_second_max)
    app = limited_bodies(app, bytes_max=edges.body_bytes_max)
    app = safe_answers(app)
    app = trusting_proxies(app, edges.trusted_proxies)
    return with_request_ids(app)
