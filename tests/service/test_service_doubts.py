from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tonecheck.service.doubts import doubts
from tonecheck.service.records import Reply, Status


@pytest.fixture
def reply(checker):
    def reply(text, parent="") -> Reply:
        moment = datetime(2026, 11, 1, tzinfo=UTC)
        return Reply(
            id=1, source="native", community="", external_id="1",
            verdict=checker.check(text, parent or None), author="", thread="", title="",
            text=text, parent=parent, url="", time=None, judged_at=moment, status=Status.OPEN,
        )  # fmt: skip

    return reply


def test_a_flag_says_how_often_such_flags_are_right(reply, checker):
    found = doubts(reply("You are an idiot. Learn to read.", "Hello?"), checker)

    right = checker.card["hostility"]["precision"]
    share, low, high = (round(100 * right[key]) for key in ("value", "low", "high"))
    assert 50 < low < share < high < 100
    said = f"Of 100 replies that it calls hostile, about {share} ({low} to {high}) are."
    assert found[0].startswith(said)


def test_a_probability_inside_the_band_says_so(reply, checker):
    unsure = next(
        found
        for text in ("That was a stupid mistake, honestly.", "You clearly did not read this.")
        if (found := reply(text)).verdict.unsure
    )

    assert any("lies in the band from 0.30 to 0.50" in said for said in doubts(unsure, checker))


def test_what_the_checker_did_not_see_is_said(reply, checker):
    made = reply("You idiot.")

    assert {"It was read without what it answers.", "It is very short."} <= set(
        doubts(made, checker)
    )


def test_without_its_text_a_reply_has_no_reasons_from_the_text(reply, checker):
    made = replace(reply("You idiot."), text="")

    assert not [said for said in doubts(made, checker) if said.startswith(("It ", "No known"))]


def test_the_card_of_another_model_says_nothing_about_this_verdict(reply, checker):
    made = reply("You are an idiot. Learn to read.", "Hello?")
    older = replace(made, verdict=replace(made.verdict, model="linear-en@0.9"))

    assert doubts(older, checker)[0] == "An earlier model, linear-en@0.9, judged it."


def test_another_language_is_the_first_doubt(reply, checker):
    made = reply("Das ist doch wirklich eine ganz andere Sprache, die hier steht.")

    assert doubts(made, checker)[0].startswith("This does not look like English")
