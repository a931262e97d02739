"""Perspective's protocol, asked by hand and by clients that people use."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from googleapiclient import discovery
from googleapiclient.errors import HttpError
from hypothesis import given
from hypothesis import strategies as st

from tonecheck.labels import Tone
from tonecheck.service.attributes import ATTRIBUTES
from tonecheck.service.records import Scope, Status
from tonecheck.service.units import utf16_offsets

CLIENTS = Path(__file__).parent / "clients"
INSULT = "You are an idiot. Learn to read."
ERROR = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"


def analyze(client, text=INSULT, attributes=("TOXICITY",), **more):
    wanted = attributes if isinstance(attributes, dict) else {name: {} for name in attributes}
    request = {"comment": {"text": text}, "requestedAttributes": wanted, **more}
    return client.post("/v1alpha1/comments:analyze", json=request)


def suggest(client, value, attribute="TOXICITY", text=INSULT, **more):
    scores = {attribute: {"summaryScore": {"value": value}}}
    request = {"comment": {"text": text}, "attributeScores": scores, **more}
    return client.post("/v1alpha1/comments:suggestscore", json=request)


def send(client, method, request):
    """Send what httpx would not: lone surrogates, as escapes, and NaN."""
    headers = {"Content-Type": "application/json"}
    return client.post(f"/v1alpha1/comments:{method}", content=json.dumps(request), headers=headers)


def error_of(answer):
    error = answer.json()["error"]
    return answer.status_code, error["status"], error["message"], error["details"][0]


def test_scores_are_the_probabilities_of_the_tones(client, checker):
    answer = analyze(client, attributes=list(ATTRIBUTES), clientToken="c1")

    tones = checker.check(INSULT).tones
    scores = {
        name: found["summaryScore"]["value"]
        for name, found in answer.json()["attributeScores"].items()
    }
    assert scores["HOSTILITY"] == scores["TOXICITY"] == tones[Tone.HOSTILITY].probability
    assert scores["DISMISSIVENESS"] == tones[Tone.DISMISSIVENESS].probability
    assert scores["SPAM"] == scores["HUSTLING"] == tones[Tone.HUSTLING].probability
    assert scores["TONECHECK"] == max(score.probability for score in tones.values())
    assert answer.json()["clientToken"] == "c1"
    assert answer.json()["languages"] == answer.json()["detectedLanguages"] == ["en"]


def test_spans_count_as_javascript_does(client):
    text = "😀😀 You are an idiot. 😀"

    answer = analyze(client, text=text, spanAnnotations=True).json()

    span = answer["attributeScores"]["TOXICITY"]["spanScores"][0]
    units = text.encode("utf-16-le")[2 * span["begin"] : 2 * span["end"]]
    assert units.decode("utf-16-le") == "You are an idiot"


@given(st.text(st.characters(codec=None)))
def test_offsets_are_those_of_utf_16(text):
    offsets = utf16_offsets(text)

    assert len(offsets) == len(text) + 1
    for place, offset in enumerate(offsets):
        assert offset == len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def test_without_annotations_one_span_holds_the_whole_text(client):
    spans = analyze(client, text="Thanks 😀").json()["attributeScores"]["TOXICITY"]["spanScores"]

    assert [(span["begin"], span["end"]) for span in spans] == [(0, 9)]


def test_below_the_threshold_a_score_is_left_out_and_where_none_is_left_the_key_too(client):
    some = analyze(client, attributes={"TOXICITY": {"scoreThreshold": 0.5}, "SPAM": {}}).json()
    high = analyze(client, attributes={"SPAM": {"scoreThreshold": 0.99}}).json()

    assert set(some["attributeScores"]) == {"TOXICITY", "SPAM"}
    assert "attributeScores" not in high


def test_what_a_comment_answers_is_read(client, checker):
    entries = {"entries": [{"text": "How do I invert a matrix?"}]}
    pair = {"articleAndParentComment": {"parentComment": {"text": "How do I invert a matrix?"}}}
    expected = checker.check("Read the manual.", "How do I invert a matrix?")

    for context in (entries, pair):
        found = analyze(
            client, text="Read the manual.", attributes=["DISMISSIVENESS"], context=context
        ).json()["attributeScores"]["DISMISSIVENESS"]["summaryScore"]["value"]
        assert found == expected.tones[Tone.DISMISSIVENESS].probability


@pytest.mark.parametrize(
    ("change", "error_type", "message"),
    [
        ({"comment": {"text": " "}}, "COMMENT_EMPTY", "Comment must be non-empty."),
        ({"comment": {"text": "é" * 10_241}}, "COMMENT_TOO_LONG", "Comment text too long."),
        (
            {"requestedAttributes": {}},
            "NO_REQUESTED_ATTRIBUTES",
            "Missing requested_attributes",
        ),
        (
            {"requestedAttributes": {"THREAT": {}}},
            "INVALID_REQUEST",
            "Unknown requested attribute: THREAT",
        ),
        (
            {"requestedAttributes": {"SPAM": {"scoreType": "STDDEV"}}},
            "INVALID_REQUEST",
            "Requested score type STDDEV is not supported by attribute SPAM",
        ),
        (
            {"context": {"entries": [], "articleAndParentComment": {}}},
            "INVALID_REQUEST",
            "Context can have either entries or article_and_parent_comment, "
            "but both fields were populated.",
        ),
        ({"comment": "text"}, "INVALID_REQUEST", None),
    ],
)
def test_errors_are_in_googles_form(client, change, error_type, message):
    request = {"comment": {"text": INSULT}, "requestedAttributes": {"TOXICITY": {}}} | change

    found = error_of(client.post("/v1alpha1/comments:analyze", json=request))

    assert found[:2] == (400, "INVALID_ARGUMENT")
    assert message is None or found[2] == message
    assert (found[3]["@type"], found[3]["errorType"]) == (ERROR, error_type)


BROKEN = "Input should be a valid string, unable to parse raw data as a unicode string."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"requestedAttributes": {"\ud800": {}}},
            f"requestedAttributes.\ufffd\ufffd\ufffd.[key]: {BROKEN}",
        ),
        ({"languages": ["en", "\ud800"]}, f"languages.1: {BROKEN}"),
        (
            {"requestedAttributes": {"SPAM": {"scoreType": "\ud800"}}},
            f"requestedAttributes.SPAM.scoreType: {BROKEN}",
        ),
        ({"clientToken": "\ud800"}, f"clientToken: {BROKEN}"),
    ],
    ids=["attribute", "language", "score type", "token"],
)
def test_half_a_character_in_a_name_is_refused_and_breaks_no_answer(client, change, message):
    request = {"comment": {"text": INSULT}, "requestedAttributes": {"TOXICITY": {}}} | change

    found = error_of(send(client, "analyze", request))

    assert found[:3] == (400, "INVALID_ARGUMENT", message)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), "NaN"], ids=str)
def test_a_threshold_that_is_no_number_is_refused_since_it_would_drop_every_score(client, number):
    request = {
        "comment": {"text": INSULT},
        "requestedAttributes": {"TOXICITY": {"scoreThreshold": number}},
    }

    found = error_of(send(client, "analyze", request))

    where = "requestedAttributes.TOXICITY.scoreThreshold"
    assert found[:3] == (400, "INVALID_ARGUMENT", f"{where}: Input should be a finite number.")


def test_a_score_that_is_no_number_is_refused(client):
    scores = {"TOXICITY": {"summaryScore": {"value": float("nan")}}}

    found = error_of(
        send(client, "suggestscore", {"comment": {"text": INSULT}, "attributeScores": scores})
    )

    assert found[0] == 400
    assert found[2].startswith("attributeScores.TOXICITY.summaryScore.value: Input should be ")


def test_a_field_that_is_null_is_one_that_was_not_sent(client):
    null = {"languages": None, "context": None, "clientToken": None, "spanAnnotations": None}
    attributes = {"TOXICITY": {"scoreType": None, "scoreThreshold": None}}
    pair = {"article": None, "parentComment": {"text": "How?", "type": None}}

    plain = analyze(client)
    answer = analyze(client, attributes=attributes, **null)
    context = {"entries": None, "articleAndParentComment": pair}
    answered = analyze(client, attributes=attributes, context=context)
    suggested = suggest(client, 1, communityId=None, clientToken=None, languages=None)

    assert answer.json() == plain.json()
    assert (answered.status_code, suggested.status_code) == (200, 200)
    assert error_of(analyze(client, text=None))[3]["errorType"] == "COMMENT_EMPTY"


def test_another_language_is_refused_in_the_way_that_clients_let_pass(client):
    asked = error_of(analyze(client, languages=["om"]))
    found = error_of(
        analyze(client, text="Das ist doch überhaupt nicht das, was ich gefragt habe.")
    )

    assert asked[2] == "Attribute TOXICITY does not support request languages: om"
    assert asked[3]["languageNotSupportedByAttributeError"] == {
        "requestedLanguages": ["om"],
        "attribute": "TOXICITY",
    }
    assert found[3]["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    assert found[3]["languageNotSupportedByAttributeError"]["detectedLanguages"] == ["und"]


def test_nothing_that_is_analyzed_is_stored(client):
    analyze(client, communityId="c", clientToken="t")

    assert client.app.state.service.store.find("perspective", "c", "t") is None


def test_what_people_say_is_kept_as_labels(client):
    suggest(client, 1, clientToken="a")
    suggest(client, 0, clientToken="b", attribute="TONECHECK")
    suggest(client, 1, clientToken="c", attribute="TONECHECK")

    store = client.app.state.service.store
    found = {name: store.find("perspective", "", name) for name in "abc"}
    labels = {name: store.decisions(reply.id)[0].labels for name, reply in found.items()}
    assert [found[name].status for name in "abc"] == [
        Status.AGREED, Status.DISAGREED, Status.AGREED,
    ]  # fmt: skip
    assert labels["a"] == {Tone.HOSTILITY: 1.0}
    assert labels["b"] == dict.fromkeys(Tone, 0.0)
    assert labels["c"] == {Tone.HOSTILITY: 1.0, Tone.DISMISSIVENESS: 1.0}


def test_corals_note_is_no_parent_and_its_address_is_kept(client):
    note = {"url": "https://news.example/1", "Coral_comment_id": "7"}
    context = {"entries": [{"text": json.dumps(note)}]}

    answer = suggest(client, 1, clientToken="comment:7", communityId="Coral:x", context=context)

    reply = client.app.state.service.store.find("perspective", "Coral:x", "comment:7")
    assert answer.json()["clientToken"] == "comment:7"
    assert (reply.parent, reply.url) == ("", "https://news.example/1")


def test_googles_own_client_finds_the_methods_and_reads_answers_and_errors(running):
    key = running.service.keys.add("forum", [Scope.CHECK, Scope.FEEDBACK])
    with discovery.build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=key,
        discoveryServiceUrl=f"{running.address}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    ) as service:
        request = {"comment": {"text": INSULT}, "requestedAttributes": {"TOXICITY": {}}}
        answer = service.comments().analyze(body=request).execute()
        said = {"TOXICITY": {"summaryScore": {"value": 1}}}
        thanks = (
            service.comments()
            .suggestscore(body={"comment": {"text": INSULT}, "attributeScores": said})
            .execute()
        )
        with pytest.raises(HttpError, match="Comment must be non-empty") as caught:
            service.comments().analyze(body=request | {"comment": {"text": ""}}).execute()

    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.9
    assert thanks["detectedLanguages"] == ["en"]
    assert caught.value.error_details == [{"@type": ERROR, "errorType": "COMMENT_EMPTY"}]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # that client's own
def test_respectifys_client_reads_scores_and_is_told_of_a_wrong_key(running):
    from respectify import AuthenticationError, RespectifyClient

    key = running.service.keys.add("forum", [Scope.CHECK])
    request = {"comment": {"text": INSULT}, "requestedAttributes": {"INSULT": {}}}
    client = RespectifyClient("a@example.org", key, base_url=running.address)

    answer = client.perspective.analyze_comment(request)

    assert answer.attributeScores["INSULT"].summaryScore.value > 0.9
    wrong = RespectifyClient("a@example.org", "wrong", base_url=running.address)
    with pytest.raises(AuthenticationError):
        wrong.perspective.analyze_comment(request)


@pytest.mark.skipif(
    shutil.which("node") is None or not (CLIENTS / "node_modules").exists(),
    reason="needs node, and `npm ci` in tests/service/clients",
)
def test_npm_clients_read_scores_and_messages(running):
    key = running.service.keys.add("forum", [Scope.CHECK])
    done = subprocess.run(
        ["node", "perspective.cjs", running.address, key],
        cwd=CLIENTS, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    answers = json.loads(done.stdout)

    assert answers["scores"]["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.9
    assert answers["unknown"] == {"error": "Unknown requested attribute: OBSCENE"}
    assert answers["wrongKey"]["error"].startswith("This API key is not valid.")
    assert set(answers["conversationai"]) == {"SPAM", "TOXICITY"}
    assert answers["conversationai"]["TOXICITY"] > 0.9
