"""Whether a browser takes gzip."""

from starlette.requests import Request


def accepts_gzip(request: Request) -> bool:
    """Whether the header Accept-Encoding names gzip, and not in order to refuse it."""
    codings = request.headers.get("Accept-Encoding", "").replace(" ", "").lower().split(",")
    return any(each.split(";")[0] == "gzip" and not each.endswith(";q=0") for each in codings)
