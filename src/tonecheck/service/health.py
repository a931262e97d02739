"""Whether the service is alive and ready, and its metrics."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from tonecheck.service.auth import AdminCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.native import refuse
from tonecheck.service.protocol import Protocol

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready, and why."}})
async def readyz(service: ServiceDep) -> JSONResponse:
    """Say whether the model is loaded, the database answers and the queue has room."""
    state: dict[str, Any] = {"model": service.checker.model, "database": "ok", "queue": "ok"}
    try:
        await run_in_threadpool(service.store.ping)
    except SQLAlchemyError as err:
        state["database"] = type(err).__name__
    if service.judge.full:
        state["queue"] = "full"
    ready = state["database"] == state["queue"] == "ok"
    return JSONResponse(state, status_code=200 if ready else 503)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request, caller: AdminCaller) -> Response:
    """Return the metrics in Prometheus's text format; for keys with the scope admin."""
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


PROTOCOL = Protocol(paths=("/healthz", "/readyz", "/metrics"), router=router, refuse=refuse)
