"""Who may ask for what: the API key of a request, and the scope that a route needs."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from tonecheck.service.context import Service, ServiceDep
from tonecheck.service.records import Caller, Scope

ANYONE = Caller(key_id=0, name="anonymous", scopes=frozenset(Scope))
"""Who asks where the operator made no key, which only a service on loopback allows."""


def key_of(request: Request) -> str:
    """Return the API key of a request, or an empty string.

    It may stand in `Authorization: Bearer`, in `X-API-Key`, or, for Perspective's clients, in the
    query as `key`.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key") or request.query_params.get("key", "")


def admit(service: Service, key: str, scope: Scope) -> Caller:
    """Return who a key belongs to, if it allows the scope. It blocks.

    Raises:
        Refusal: 401 without a valid key, 403 without the scope, 429 above the key's rate.
    """
    return ANYONE  # the part "store" puts keys, scopes and rates here


def needs(scope: Scope) -> Callable[..., Caller]:
    """Return a dependency that gives the caller, if the key allows the scope.

    Raises:
        Refusal: 401 without a valid key, 403 without the scope, 429 above the key's rate.
    """

    def caller(request: Request, service: ServiceDep) -> Caller:
        return admit(service, key_of(request), scope)

    return caller


CheckCaller = Annotated[Caller, Depends(needs(Scope.CHECK))]
FeedbackCaller = Annotated[Caller, Depends(needs(Scope.FEEDBACK))]
HooksCaller = Annotated[Caller, Depends(needs(Scope.HOOKS))]
ReviewCaller = Annotated[Caller, Depends(needs(Scope.REVIEW))]
AdminCaller = Annotated[Caller, Depends(needs(Scope.ADMIN))]
