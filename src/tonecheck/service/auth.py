"""Who may ask for what: the API key of a request, and the scope that a route needs."""

from typing import Annotated

from fastapi import Request, Security
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from tonecheck.errors import ConfigError
from tonecheck.service.context import service_of
from tonecheck.service.keys import Keys
from tonecheck.service.records import Caller, Scope
from tonecheck.service.refusals import Refusal
from tonecheck.service.settings import Settings

ANYONE = Caller(key_id=0, name="anonymous", scopes=frozenset(Scope))
"""Who asks where the operator made no key, which only a service on loopback allows."""

SCHEME = "bearer"
"""What the OpenAPI document calls keys in `Authorization: Bearer`."""


def unknown(key: str) -> Refusal:
    """Return the refusal of a key that is not valid, or of a request without one."""
    what = "This API key is not valid" if key else "An API key is needed"
    return Refusal(401, "unauthorized", f"{what}. The operator makes one: `tonecheck keys add`.")


def outside(scope: Scope) -> Refusal:
    """Return the refusal of a key that has not the scope of what it is used for."""
    message = f"This API key has no scope {scope}. Ask the operator for one that has."
    return Refusal(403, "forbidden", message)


def limited(per_minute: int, *, seconds: int) -> Refusal:
    """Return the refusal of a key that has been used too often, for some seconds."""
    message = f"This API key may ask {per_minute} times a minute. Ask again in {seconds} s."
    return Refusal(429, "rate_limited", message, retry_after=seconds)


def guard(settings: Settings, keys: Keys) -> None:
    """Refuse to let a whole network in without a key.

    Raises:
        ConfigError: If the service is to listen beyond loopback and there is no key.
    """
    if not settings.loopback and all(key.revoked_at for key in keys.all()):
        raise ConfigError(
            f"the service would listen on {settings.host} and let everyone in, since there is no "
            "API key. Make one with `tonecheck keys add NAME --scope check`, or listen on "
            "127.0.0.1."
        )


def key_of(request: Request) -> str:
    """Return the API key of a request, or an empty string.

    It may stand in `Authorization: Bearer`, in `X-API-Key`, or, for Perspective's clients, in the
    query as `key`.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key") or request.query_params.get("key", "")


def admit(request: Request, key: str, scope: Scope) -> Caller:
    """Return whose key this is, if it allows the scope and has not been used too often.

    The request notes the key's id, for the log.

    Raises:
        Refusal: 401 without a valid key, 403 without the scope, 429 above the key's rate.
    """
    service = service_of(request)
    caller = service.keys.find(key) if key else None
    if caller is None:
        if service.settings.loopback and not service.keys.ever():
            return ANYONE  # whatever key clients send: some insist on sending one
        raise unknown(key)
    request.state.key = caller.key_id
    if scope not in caller.scopes:
        raise outside(scope)
    if caller.per_minute and (seconds := service.rates.take(caller.key_id, caller.per_minute)):
        raise limited(caller.per_minute, seconds=seconds)
    return caller


class Needs(SecurityBase):
    """A dependency that gives the caller of a request, or refuses as `admit` does.

    FastAPI finds in it what the OpenAPI document says about keys.
    """

    model = HTTPBearer()
    scheme_name = SCHEME

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def __call__(self, request: Request) -> Caller:
        """Return the caller."""
        # Not in a thread: the keys are in memory for all but one request a second.
        return admit(request, key_of(request), self._scope)


CheckCaller = Annotated[Caller, Security(Needs(Scope.CHECK), scopes=[Scope.CHECK])]
FeedbackCaller = Annotated[Caller, Security(Needs(Scope.FEEDBACK), scopes=[Scope.FEEDBACK])]
AdminCaller = Annotated[Caller, Security(Needs(Scope.ADMIN), scopes=[Scope.ADMIN])]
