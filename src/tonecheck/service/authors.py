"""What is kept about an author, given out and deleted on request (GDPR, articles 15 and 17)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool

from tonecheck.service.auth import AdminCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.native import refuse
from tonecheck.service.protocol import Protocol
from tonecheck.service.upkeep import export_author, forget_author

router = APIRouter(tags=["authors"])

Author = Annotated[str, Path(min_length=1)]  # may hold a slash


@router.get("/v1/authors/{author:path}")
async def export(author: Author, service: ServiceDep, caller: AdminCaller) -> dict[str, Any]:
    """Return all that is kept about an author."""
    replies = await run_in_threadpool(lambda: list(export_author(service.store, author)))
    return {"author": author, "replies": replies}


@router.delete("/v1/authors/{author:path}")
async def forget(author: Author, service: ServiceDep, caller: AdminCaller) -> dict[str, Any]:
    """Delete all that is kept about an author."""
    count = await run_in_threadpool(forget_author, service.store, author)
    return {"author": author, "deleted": count}


PROTOCOL = Protocol(paths=("/v1/authors/",), router=router, refuse=refuse)
