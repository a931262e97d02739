"""Whatever the OpenAPI document allows, and much that it does not, is answered without a 5xx."""

from contextlib import suppress

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

_FEWEST_ROUTES = 16
_CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def test_no_request_makes_the_service_fail(running_long):
    schema = schemathesis.openapi.from_url(f"{running_long.address}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= _FEWEST_ROUTES
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            # What takes nothing can be asked nothing wrong.
            with suppress(*[Unsatisfiable] * (mode is GenerationMode.NEGATIVE)):
                _try(operation, mode)


def _try(operation, mode):
    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered(case):
        case.call_and_validate(checks=_CHECKS)

    answered()
