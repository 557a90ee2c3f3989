"""Whether a form was sent by one of our own pages."""

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
    ours = f"{request.scope['scheme']}://{request.headers.get('Host')}"
    is_ours = request.headers.get("Origin") == ours  # another scheme or port may be another server
    if fetch_site == "same-origin" or (fetch_site is None and is_ours):
        return
    raise NotAllowed("send a form from another site", "open Tallystick itself and send it there")
