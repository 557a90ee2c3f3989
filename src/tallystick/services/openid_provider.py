"""Asks the OpenID provider: where to send browsers, and whom a code stands for.

Nothing is remembered between two questions: whoever signs in is worth a few requests, keys that the
provider has changed are seen at once, and that it is away is found out before a browser is sent.
What comes back is bounded in size and time, and secrets go to https only, or to this machine.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx2
import msgspec
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import Key, KeySet, import_key

from tallystick.core.errors import ProviderFailed, shown
from tallystick.core.openid import SUBJECT_LENGTH_MAX, OpenIdSettings, Proof, is_safe
from tallystick.core.programs import is_one_line

TIME_MAX = timedelta(seconds=10)
ANSWER_BYTES_MAX = 1_000_000
CLOCKS_DIFFER_SECONDS_MAX = 60
ALGORITHMS = [  # signatures with a key pair; with a shared secret anybody who has it could sign
    f"{family}{bits}" for family in ("RS", "PS", "ES") for bits in (256, 384, 512)
]

_LOG = structlog.get_logger()


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of itself, in its own words."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct, frozen=True, kw_only=True):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    id_token: str

    def __repr__(self) -> str:
        return "_Tokens(...)"  # they are secrets


class OpenIdProvider:
    """The provider that people sign in at."""

    def __init__(self, settings: OpenIdSettings, *, time_max: timedelta = TIME_MAX) -> None:
        self.settings = settings
        self._seconds_max = time_max.total_seconds()

    async def metadata(self) -> Metadata:
        """What the provider says of itself now. Errors: ProviderFailed."""
        async with self._asking("metadata") as client:
            return await self._metadata(client)

    def authorization_address(
        self, metadata: Metadata, *, state: str, nonce: str, verifier: str
    ) -> str:
        """Where to send a browser to."""
        address, _ = self._client().create_authorization_url(
            metadata.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
        )
        return str(address)

    async def redeem(
        self, code: str, *, issuer: str, nonce: str, verifier: str, now: datetime
    ) -> Proof:
        """Whom a code stands for; `issuer` came with it, or is empty. Errors: ProviderFailed."""
        async with self._asking("code") as client:
            metadata = await self._metadata(client)
            if metadata.authorization_response_iss_parameter_supported and not issuer:
                raise ValueError("the answer does not say whose it is")
            client.token_endpoint_auth_method = _way_to_show_secret(metadata)
            answer = await client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
            )
            tokens = msgspec.convert(dict(answer), _Tokens)
            keys = await _get(client, metadata.jwks_uri, _Keys)
            claims = self._claims(tokens, _key_set(keys), nonce=nonce, now=now)
            told = claims
            if "email" not in claims and metadata.userinfo_endpoint is not None:
                told = await _user_info(client, metadata.userinfo_endpoint, tokens)
                if told.get("sub") != claims["sub"]:
                    raise ValueError("the user info is somebody else's")
            return _proof(claims, told)

    def _claims(
        self, tokens: _Tokens, keys: KeySet, *, nonce: str, now: datetime
    ) -> dict[str, Any]:
        """What the ID token says, once all is right about it. Errors: JoseError."""
        settings = self.settings
        token = jwt.decode(tokens.id_token, keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": settings.issuer},
                "aud": {"essential": True, "value": settings.client_id},
            },
            params={
                "client_id": settings.client_id,
                "nonce": nonce,
                "access_token": tokens.access_token,
            },
        )
        claims.validate(now=int(now.timestamp()), leeway=CLOCKS_DIFFER_SECONDS_MAX)
        return dict(claims)

    async def _metadata(self, client: AsyncOAuth2Client) -> Metadata:
        base = self.settings.issuer.rstrip("/")
        metadata = await _get(client, f"{base}/.well-known/openid-configuration", Metadata)
        addresses = [
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            metadata.jwks_uri,
            metadata.userinfo_endpoint or metadata.issuer,
        ]
        if metadata.issuer != self.settings.issuer or not all(map(is_safe, addresses)):
            raise ValueError("the metadata are of another issuer, or name an unsafe address")
        return metadata

    def _client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=self.settings.client_id,
            client_secret=self.settings.client_secret,
            redirect_uri=self.settings.redirect_uri,
            scope="openid email",
            code_challenge_method="S256",
            timeout=self._seconds_max,
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [_bound]},
        )

    @asynccontextmanager
    async def _asking(self, about: str) -> AsyncIterator[AsyncOAuth2Client]:
        """A client for one question. Errors: ProviderFailed for whatever the provider does."""
        client = self._client()
        with self._failures(about):
            async with asyncio.timeout(self._seconds_max), client:
                yield client

    @contextmanager
    def _failures(self, about: str) -> Iterator[None]:
        try:
            yield
        except OAuthError as error:
            why = f"it refused, as {shown(str(error.error))}"
            raise self._failed(about, why, error) from error
        except JoseError as error:
            raise self._failed(
                about, f"its ID token is not right, {_told(error)}", error
            ) from error
        except (httpx2.HTTPError, OSError) as error:  # a time that is up is one of them
            raise self._failed(about, "it cannot be reached", error) from error
        except (
            AuthlibBaseError,
            httpx2.InvalidURL,
            msgspec.MsgspecError,
            ValueError,
        ) as error:
            why = "what it said is not what the standard asks for"
            raise self._failed(about, why, error) from error

    def _failed(self, about: str, why: str, error: Exception) -> ProviderFailed:
        _LOG.warning("the OpenID provider failed", about=about, why=why, cause=type(error).__name__)
        return ProviderFailed(self.settings.name, why)


Wanted = TypeVar("Wanted")


async def _get(
    client: AsyncOAuth2Client,
    address: str,
    wanted: type[Wanted],
    headers: Mapping[str, str] | None = None,
) -> Wanted:
    response = await client.request("GET", address, withhold_token=True, headers=headers)
    response.raise_for_status()
    return msgspec.json.decode(response.content, type=wanted)


async def _user_info(client: AsyncOAuth2Client, address: str, tokens: _Tokens) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    return await _get(client, address, dict[str, Any], headers=headers)


def _told(error: JoseError) -> str:
    """What was wrong with an ID token, in words that none of it stands in."""
    claim = f" {error.claim}" if isinstance(error, ClaimError) else ""
    return f"{error.error.replace('_', ' ')}{claim}"


def _way_to_show_secret(metadata: Metadata) -> str:
    """What the standard has if a provider says nothing, and else what it takes."""
    taken = metadata.token_endpoint_auth_methods_supported or ["client_secret_basic"]
    return "client_secret_basic" if "client_secret_basic" in taken else "client_secret_post"


def _key_set(found: _Keys) -> KeySet:
    """The keys that signatures are checked with, as far as they can be read."""
    return KeySet([key for each in found.keys if (key := _key(each)) is not None])


def _key(found: dict[str, Any]) -> Key | None:
    try:
        if found.get("kty") not in {"RSA", "EC"} or found.get("use", "sig") != "sig":
            return None
        return import_key(found)
    except (AttributeError, JoseError, KeyError, TypeError, ValueError):
        return None


def _proof(claims: dict[str, Any], told: dict[str, Any]) -> Proof:
    subject, email = claims["sub"], told.get("email")
    if not 0 < len(subject) <= SUBJECT_LENGTH_MAX or not is_one_line(subject):
        raise ValueError("the subject is not one")
    if not isinstance(email, str) or told.get("email_verified") is not True:
        return Proof(subject=subject, email="")
    return Proof(subject=subject, email=email if _is_address(email) else "")


def _is_address(email: str) -> bool:
    return len(email) <= 254 and is_one_line(email)


async def _bound(response: httpx2.Response) -> None:
    """See to it that an answer is given up once it is too long."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx2.DecodingError("an answer is packed, and nobody asked for that")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = ANSWER_BYTES_MAX
        async for piece in self._stream:
            left -= len(piece)
            if left < 0:
                raise httpx2.ReadError("an answer is longer than any should be")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
