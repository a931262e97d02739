"""OpenAI's moderation endpoint, through OpenAI's own clients."""

import json
import shutil
import subprocess
from pathlib import Path

import openai
import pytest

from tonecheck.labels import Tone
from tonecheck.service.records import Scope

CLIENTS = Path(__file__).parent / "clients"
INSULT, KIND = "You are an idiot. Learn to read.", "Thanks, that helped a lot!"
OURS = {str(tone) for tone in Tone}


@pytest.fixture
def key(running) -> str:
    return running.service.keys.add("chat", [Scope.CHECK])


@pytest.fixture
def ask(running, key):
    with openai.OpenAI(base_url=f"{running.address}/v1", api_key=key, max_retries=0) as client:
        yield client.moderations.create


def test_each_text_gets_a_result_with_the_probabilities_of_the_tones(ask, checker):
    answer = ask(input=[INSULT, KIND], model="omni-moderation-latest")

    assert answer.model == checker.model
    assert [result.flagged for result in answer.results] == [True, False]
    first = answer.results[0]
    tones = checker.check(INSULT).tones
    assert first.categories.harassment
    assert first.category_scores.harassment == tones[Tone.HOSTILITY].probability
    assert first.category_scores.model_extra is not None
    assert {str(tone): score.probability for tone, score in tones.items()}.items() <= (
        first.category_scores.model_extra.items()
    )


def test_what_is_not_judged_is_not_claimed(ask):
    result = ask(input=INSULT).results[0]

    applied = result.category_applied_input_types.model_dump(by_alias=True)
    assert {name for name, types in applied.items() if types} == {"harassment", *OURS}
    assert result.category_scores.sexual_minors == 0
    assert not result.categories.violence


def test_an_item_in_parts_gets_one_result(ask):
    parts = [{"type": "text", "text": "You are an"}, {"type": "text", "text": "idiot."}]

    assert [result.flagged for result in ask(input=parts).results] == [True]


def test_errors_are_those_that_the_client_knows(ask, running):
    with pytest.raises(openai.BadRequestError) as empty:
        ask(input=[])
    with pytest.raises(openai.BadRequestError) as picture:
        ask(input=[{"type": "image_url", "image_url": {"url": "https://forum.example/1.png"}}])
    wrong = openai.OpenAI(base_url=f"{running.address}/v1", api_key="wrong", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError) as unknown:
        wrong.moderations.create(input=KIND)

    assert empty.value.param == picture.value.param == "input"
    assert empty.value.type == "invalid_request_error"
    assert unknown.value.code == "invalid_api_key"


@pytest.mark.skipif(
    shutil.which("node") is None or not (CLIENTS / "node_modules").exists(),
    reason="needs node, and `npm ci` in tests/service/clients",
)
def test_the_npm_client_reads_results_and_errors(running, key):
    done = subprocess.run(
        ["node", "openai.mjs", f"{running.address}/v1", key],
        cwd=CLIENTS, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    answers = json.loads(done.stdout)

    assert [result["flagged"] for result in answers["texts"]["results"]] == [True, False]
    assert answers["image"]["status"] == 400
    assert answers["wrongKey"] == {"status": 401, "code": "invalid_api_key"}
