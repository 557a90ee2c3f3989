"""Whether a form was sent by one of our own pages."""

from urllib.parse import urlsplit

from starlette.requests import Request

from tallystick.core.errors import NotAllowed

SAFE_METHODS = frozenset({"GET", "HEAD"})


def check_same_site(request: Request) -> None:
    """Refuse what another site has a browser send along with our cookie.

    Browsers tell where a request comes from; one that does not say is refused as well.
    Errors: NotAllowed.
    """
    if request.method in SAFE_METHODS:
        return
    fetch_site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    ours = origin is not None and urlsplit(origin).netloc == request.headers.get("Host")
    if fetch_site == "same-origin" or (fetch_site is None and ours):
        return
    raise NotAllowed("send a form from another site", "open Tallystick itself and send it there")
