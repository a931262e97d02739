import pytest

from tonecheck.conversation.patterns import all_patterns
from tonecheck.conversation.report import URGENCY


@pytest.mark.parametrize("pattern", all_patterns(), ids=lambda pattern: pattern.name)
def test_a_pattern_says_what_it_is_and_where_it_comes_from(pattern):
    assert pattern.definition.endswith(".")
    assert any(year in pattern.source for year in map(str, range(1971, 2025)))
    assert "Example:" in type(pattern).__doc__


def test_every_concern_has_its_urgency():
    assert {pattern.name for pattern in all_patterns()} - {"recovery"} == set(URGENCY)
