"""What the service needs to know of each protocol that it speaks."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from tonecheck.service.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A protocol.

    Attributes:
        paths: How the paths begin that are its own.
        router: Its routes.
        refuse: Puts a refusal into the shape that its clients read.
    """

    paths: tuple[str, ...]
    router: APIRouter
    refuse: Callable[[Refusal], Response]
