"""What every router works with, and how it gets it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tonecheck.checker import ToneChecker
from tonecheck.service.forum import Forum
from tonecheck.service.judge import Judge
from tonecheck.service.keys import Keys
from tonecheck.service.policies import Policies
from tonecheck.service.rates import Rates
from tonecheck.service.settings import Settings
from tonecheck.service.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running service."""

    settings: Settings
    policies: Policies
    judge: Judge
    store: Store
    keys: Keys
    rates: Rates
    forum: Forum

    @property
    def checker(self) -> ToneChecker:
        """Return the checker, for its policy and its model's name; replies go to `judge`."""
        return self.policies.checker


def service_of(request: Request) -> Service:
    """Return the service that a request reached."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(service_of)]
