import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.audit.phones import find_phones


def found(text):
    return [text[start:end] for start, end in find_phones(text)]


@pytest.mark.parametrize(
    "number",
    [
        "+351 912 345 678",
        "+1 (555) 123-4567",
        "+49 (0) 30 1234567",
        "0044 20 7946 0958",
        "(555) 123-4567",
        "555-123-4567",
        "555.123.4567",
        "1-800-555-1234",
        "020 7946 0958",
        "0151/23456789",
        "06 12 34 56 78",
        "07911123456",
        "912 345 678",
        "9123 4567",
        "8 (912) 345-67-89",
        "(11) 96123-4567",
        "01 234567890",
        "5551234567",
        "٠٩١٢٣٤٥٦٧٨٩",
    ],
)
def test_a_phone_number_is_found_as_it_is_written_somewhere(number):
    assert found(f"Ring {number}, or not.") == [number]
    assert found(f"mine is\n{number}") == [number]


@pytest.mark.parametrize("cue", ["call", "Phone:", "text me at ", "my number is", "WhatsApp "])
@pytest.mark.parametrize("number", ["555-1234", "5551234", "12 34 56 78"])
def test_a_short_number_is_one_behind_a_word_that_says_so(cue, number):
    assert found(f"{cue} {number} tonight") == [number]
    assert found(f"it was {number} tonight") == []


@pytest.mark.parametrize(
    "text",
    [
        "on 2026-09-01 and 01/09/2026 10:30, 01.09.2026 12.30",
        "the log of 20260901 1030",
        "at 2026-09-01T10:30:00.123456789Z",
        "v1.22.333, 10.15.7.1234 and 2.0.1.2345",
        "192.168.100.200",
        "3.14159265358 and 0.123456789",
        "from 1990-2000, 2024-2025",
        "550e8400-e29b-41d4-a716-446655440000",
        "since 1700000000",
        "12 000 000 000 people, 1,234,567,890 of them",
        "ISBN 978-3-16-148410-0",
        "10 20 30 40 50 and 1 2 3 4 5 6 7 8",
        "issue #123456789, order 123456789",
        "x=123456789",
        "pages 123-4567",
        "sha 0123456789abcdef",
        "10:30-11:45",
        "Smith (2019) 1234 5678, f(2) 3 4",
    ],
)
def test_dates_versions_and_other_numbers_are_no_phones(text):
    assert found(text) == []


def test_a_number_behind_a_date_is_found():
    assert found("2026-09-01 555-123-4567") == ["555-123-4567"]


@settings(deadline=None)
@given(st.text("0123456789 +-().,/:a", max_size=80))
def test_any_digits_give_numbers_of_a_possible_length(text):
    for number in found(text):
        assert 6 <= sum(char.isdigit() for char in number) <= 17


@pytest.mark.parametrize("unit", ["1", "0 ", "+1 ", "(0", "12-", "1."])
def test_long_runs_of_digits_take_no_time(unit):
    begun = time.process_time()
    found(unit * (20_000 // len(unit)))
    assert time.process_time() - begun < 2
