"""tonecheck's own protocol: the verdicts of `tonecheck score`, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from tonecheck.messages import Message
from tonecheck.service.auth import CheckCaller
from tonecheck.service.context import ServiceDep
from tonecheck.service.protocol import Protocol
from tonecheck.service.refusals import Refusal

router = APIRouter(tags=["tonecheck"])

MOST_CHARS = 100_000
MOST_REPLIES = 256
_Text = Annotated[str, Field(max_length=MOST_CHARS)]


class CheckRequest(BaseModel):
    """One reply, as an input line of `tonecheck score`."""

    text: _Text
    parent: _Text | None = None
    id: str = ""


def refuse(refusal: Refusal) -> Response:
    """Return a refusal as this protocol's clients read it."""
    error = {"code": refusal.code, "message": refusal.message}
    return JSONResponse({"error": error}, status_code=refusal.status)


@router.post("/v1/check")
async def check(request: CheckRequest, service: ServiceDep, caller: CheckCaller) -> dict[str, Any]:
    """Return the verdict on one reply."""
    message = Message(text=request.text, parent=request.parent, id=request.id)
    return (await service.judge.check(message)).to_dict()


PROTOCOL = Protocol(paths=("/v1/",), router=router, refuse=refuse)
