"""Puts the service together: one router a protocol, each with its own shape of errors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from tonecheck import __version__
from tonecheck.checker import ToneChecker
from tonecheck.service import (
    authors,
    coral,
    discourse,
    health,
    huggingface,
    native,
    nudge,
    openai,
    openedx,
    perspective,
    review,
    threads,
)
from tonecheck.service.api_document import described, operation_id
from tonecheck.service.auth import guard
from tonecheck.service.context import Service
from tonecheck.service.edge import Edge
from tonecheck.service.forum import open_forum
from tonecheck.service.judge import Judge
from tonecheck.service.keys import Keys
from tonecheck.service.metrics import Metrics
from tonecheck.service.nudge import NudgeOrigins
from tonecheck.service.policies import Policies
from tonecheck.service.protocol import Protocol
from tonecheck.service.rates import Rates
from tonecheck.service.refusals import Refusal, invalid, unreadable
from tonecheck.service.sessions import Sessions
from tonecheck.service.settings import LOOPBACK, Settings
from tonecheck.service.store import open_store
from tonecheck.service.upkeep import keep_purging

# The first whose paths fit words a refusal: those under /v1/ come before our own.
_PROTOCOLS: tuple[Protocol, ...] = (
    openai.PROTOCOL,
    huggingface.PROTOCOL,
    coral.PROTOCOL,
    discourse.PROTOCOL,
    openedx.PROTOCOL,
    perspective.PROTOCOL,
    review.PROTOCOL,
    authors.PROTOCOL,
    health.PROTOCOL,
    nudge.PROTOCOL,
    threads.PROTOCOL,
    native.PROTOCOL,
)


def create_app(settings: Settings, *, checker: ToneChecker) -> FastAPI:
    """Return the service as an ASGI application.

    Args:
        settings: How it runs.
        checker: Who judges, made of the model that the settings name.

    Raises:
        ConfigError: When it starts, if it would let a whole network in without a key.
    """
    app = FastAPI(
        title="tonecheck",
        version=__version__,
        lifespan=lambda app: _running(app, settings, checker),
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
        # To OpenTelemetry, metrics only: traces would name paths and queries, which hold authors
        # and keys, and logs the words of errors.
        telemetry={"tracing": False, "logs": False},
    )
    for protocol in _PROTOCOLS:
        app.include_router(protocol.router)
    app.openapi = described(app, _PROTOCOLS)  # type: ignore[method-assign]
    app.add_exception_handler(Refusal, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)
    app.add_exception_handler(HTTPException, _refuse_unknown)
    app.state.metrics = Metrics()
    app.add_middleware(
        Edge, most=settings.max_body, metrics=app.state.metrics, failed=_refuse_failed
    )
    app.add_middleware(NudgeOrigins, origins=settings.nudge_origins)
    if settings.loopback:
        # A page elsewhere must not reach a service without a key through a name that it points at
        # 127.0.0.1 (DNS rebinding).
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=_hosts(settings))
    return app


@asynccontextmanager
async def _running(app: FastAPI, settings: Settings, checker: ToneChecker) -> AsyncIterator[None]:
    """Give the application its parts while it runs, and close them afterwards."""
    store = open_store(settings)
    keys = Keys(store)
    guard(settings, keys)
    forum = open_forum(settings)
    policies = Policies(store, checker)
    judge = Judge(
        policies,
        wait=settings.batch_wait,
        size=settings.queue_size,
        timeout=settings.timeout,
    )
    app.state.sessions = Sessions()
    upkeep = asyncio.create_task(keep_purging(store, settings.retention_days))
    app.state.metrics.watch(lambda: judge.waiting)
    async with judge:
        app.state.service = Service(
            settings=settings,
            policies=policies,
            judge=judge,
            store=store,
            keys=keys,
            rates=Rates(),
            forum=forum,
        )
        yield
    upkeep.cancel()
    await forum.close()
    store.engine.dispose()


def _hosts(settings: Settings) -> list[str]:
    own = urlsplit(settings.public_url).hostname
    return [*LOOPBACK, "[::1]", *([own] if own else [])]


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    response = _shape(request.url.path)(error)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def _refuse_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = [part for part in first["loc"] if part != "body"]
    return await _refuse(request, invalid(place, first["msg"]))


async def _refuse_unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 413:
        return await _refuse(request, Refusal(413, "body_too_large", error.detail))
    if error.status_code == 400:
        return await _refuse(request, unreadable())
    message = f"{error.detail}. /openapi.json lists what there is."
    return await _refuse(request, Refusal(error.status_code, "http_error", message))


def _refuse_failed(path: str) -> Response:
    message = "The service failed at this request. Tell the operator the X-Request-Id."
    return _shape(path)(Refusal(500, "internal_error", message))


def _shape(path: str) -> Callable[[Refusal], Response]:
    for protocol in _PROTOCOLS:
        if path.startswith(protocol.paths):
            return protocol.refuse
    return native.refuse
