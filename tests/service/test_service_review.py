import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from tonecheck.labels import Tone
from tonecheck.service.app import create_app
from tonecheck.service.records import NewDecision, NewReply, Scope, Status
from tonecheck.service.sessions import HOURS, Sessions
from tonecheck.service.store import Store, connect, now

INSULT = "You are an idiot. Learn to read."


@pytest.fixture
def store(client) -> Store:
    return client.app.state.service.store


@pytest.fixture
def keep(store, checker):
    def keep(text=INSULT, number="1", queued=True, **more) -> int:
        verdict = checker.check(text, more.get("parent"))
        reply = NewReply(
            source="native", external_id=number, verdict=verdict, text=text, queued=queued, **more
        )
        return store.record(reply)

    return keep


def csrf(client: TestClient) -> str:
    return re.search(r'name="csrf" value="([^"]+)"', client.get("/review").text)[1]


def decide(client: TestClient, number: int, **form):
    data = {"csrf": csrf(client), **form}
    return client.post(f"/review/replies/{number}/decision", data=data)


def test_the_queue_shows_a_reply_with_its_parent_and_its_evidence_marked(client, keep):
    keep(parent="How do I open the file?", author="Rhys", title="Week 1")

    page = client.get("/review").text

    assert "How do I open the file?" in page
    assert re.search(r'<mark class="hostility">You are an idiot', page)
    assert "Why this may be wrong" in page


def test_what_people_wrote_is_escaped_wherever_it_stands(client, keep):
    evil = '<script>alert(1)</script>" onload="x'
    number = keep(f"You idiot {evil}", parent=evil, author=evil, title=evil, community=evil)

    for path in ("/review", f"/review/replies/{number}", "/review/threads"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert '" onload="x' not in page


def test_an_address_that_is_no_web_address_is_no_link(client, keep):
    keep(url="javascript:alert(1)")

    assert "javascript:" not in client.get("/review").text


@pytest.mark.parametrize(
    ("verb", "status", "label"),
    [("agree", Status.AGREED, 1.0), ("disagree", Status.DISAGREED, 0.0)],
)
def test_one_button_decides_all_raised_tones(client, store, keep, *, verb, status, label):
    number = keep()

    answer = decide(client, number, verb=verb)

    assert "Nothing waits" in answer.text
    assert store.reply(number).status is status
    (decision,) = store.decisions(number)
    assert decision.labels == {Tone.HOSTILITY: label, Tone.DISMISSIVENESS: label}
    assert (decision.by, decision.source) == ("anonymous", "review")


def test_not_sure_labels_nothing(client, store, keep):
    number = keep()

    decide(client, number, verb="not_sure")

    assert store.reply(number).status is Status.NOT_SURE
    assert store.decisions(number)[0].labels == {}


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({"hostility": "yes", "dismissiveness": "no"}, Status.AGREED),
        ({"hostility": "no", "dismissiveness": "no"}, Status.DISAGREED),
        ({"hostility": "no", "dismissiveness": "no", "hustling": "yes"}, Status.DISAGREED),
        ({"hostility": "no", "dismissiveness": "unsure"}, Status.NOT_SURE),
        ({"hostility": "", "dismissiveness": "unsure"}, Status.NOT_SURE),
    ],
)
def test_answers_tone_by_tone_add_up_to_a_status(client, store, keep, *, answers, status):
    number = keep()

    decide(client, number, verb="answers", **answers)

    assert store.reply(number).status is status


def test_a_decision_is_taken_back_by_who_made_it(client, store, keep):
    number = keep()
    decide(client, number, verb="agree")

    client.post(f"/review/replies/{number}/undo", data={"csrf": csrf(client)})

    assert store.reply(number).status is Status.OPEN
    assert store.decisions(number) == []


def test_a_decision_of_somebody_else_is_not_taken_back(client, store, keep):
    number = keep()
    decide(client, number, verb="agree")
    store.decide(number, NewDecision(status=Status.DISAGREED, by="ines", source="review"))

    answer = client.post(f"/review/replies/{number}/undo", data={"csrf": csrf(client)})

    assert answer.status_code == 409
    assert "not yours to take back" in answer.text
    assert len(store.decisions(number)) == 2


@pytest.mark.parametrize("token", ["", "made-up", "ümlaut"])
def test_a_form_from_elsewhere_changes_nothing(client, store, keep, token):
    number = keep()
    client.get("/review")

    answer = client.post(
        f"/review/replies/{number}/decision", data={"csrf": token, "verb": "agree"}
    )

    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    assert store.reply(number).status is Status.OPEN


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(client):
    cookie = client.get("/review").headers["set-cookie"].lower()

    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/review" in cookie


def test_a_sign_in_from_another_site_is_refused(client):
    answer = client.post(
        "/review/signin", data={"key": "k"}, headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403


def test_signing_out_ends_the_session_on_the_server(client):
    token = csrf(client)
    cookie = client.cookies["tonecheck_session"]

    client.post("/review/signout", data={"csrf": token})

    assert client.app.state.sessions.find(cookie) is None


def test_a_session_is_over_after_its_hours():
    time = [0.0]
    sessions = Sessions(clock=lambda: time[0])
    token, _ = sessions.begin("key")
    assert sessions.find(token) is not None

    time[0] = HOURS * 3600

    assert sessions.find(token) is None


def test_a_key_that_opens_nothing_any_more_ends_at_the_sign_in(client, keep):
    keep()
    keys = client.app.state.service.keys
    key = keys.add("anna", [Scope.REVIEW])
    client.post("/review/signin", data={"key": key})
    assert "idiot" in client.get("/review").text

    keys.revoke("anna")
    answer = client.get("/review")

    assert answer.status_code == 401
    assert "idiot" not in answer.text
    assert 'name="key"' in answer.text


def test_a_key_without_the_scope_is_told_why_and_signs_nobody_in(client):
    key = client.app.state.service.keys.add("forum", [Scope.CHECK])

    answer = client.post("/review/signin", data={"key": key})

    assert answer.status_code == 403
    assert "This API key has no scope review." in answer.text
    assert "set-cookie" not in answer.headers


def test_a_right_key_leads_to_the_queue(client):
    answer = client.post("/review/signin", data={"key": " k "}, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    token = answer.cookies["tonecheck_session"]
    assert client.app.state.sessions.find(token).key == "k"


def test_pages_run_no_scripts_but_their_own_and_are_not_kept(client):
    headers = client.get("/review").headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/review/replies/99", "/review/replies/0", "/review/replies/99999999999999999999",
        "/review/static/app.py", "/review?status=nonsense", "/review/policy?hostility=7",
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_as_a_page(client, path):
    answer = client.get(path)

    assert answer.status_code in {404, 422}
    assert "Back to the queue" in answer.text


def test_filters_narrow_the_queue(client, keep):
    keep(number="1", community="chess", author="Rhys")
    keep("Buy now or miss out forever, last chance today!", number="2", author="Ines")

    assert "Rhys" in client.get("/review?tone=hostility").text
    assert "Ines" not in client.get("/review?tone=hostility").text
    assert "Ines" not in client.get("/review?community=chess").text
    assert "Nothing fits" in client.get("/review?community=go").text


def test_a_full_queue_turns_its_pages(client, keep):
    for number in range(23):
        keep(number=str(number))

    first = client.get("/review").text
    older = re.search(r'class="more" href="([^"]+)"', first)[1]

    assert first.count("<article") == 20
    assert client.get(older).text.count("<article") == 3


def test_without_texts_the_page_says_where_to_read(settings, checker):
    blind = settings.model_copy(update={"keep_text": False})
    with TestClient(create_app(blind, checker=checker), "http://127.0.0.1") as client:
        store = client.app.state.service.store
        verdict = checker.check(INSULT)
        store.record(
            NewReply(
                source="native", external_id="1", verdict=verdict, text=INSULT, queued=True,
                url="https://forum.example/1",
            )
        )  # fmt: skip
        page = client.get("/review").text

    assert "idiot" not in page
    assert "Texts are not kept here" in page
    assert 'href="https://forum.example/1"' in page


def test_trends_count_by_week_and_say_how_often_people_agreed(client, store, settings, keep):
    for number in range(4):
        keep(number=str(number))
    keep("Thanks, that helped a lot with the lab.", number="5", queued=False)
    ago = Store(connect(settings.database), keep_text=True, clock=lambda: now() - timedelta(days=8))
    verdict = client.app.state.service.checker.check(INSULT)
    ago.record(NewReply(source="native", external_id="old", verdict=verdict))
    ago.engine.dispose()
    decide(client, 1, verb="agree")
    decide(client, 2, verb="disagree")

    page = client.get("/review/trends").text

    assert "6 replies judged" in page
    assert page.count('<svg class="trend') == 3
    assert "about 50 in 100" in page
    assert "going by 2 decisions" in page


def test_a_thread_with_several_raised_replies_is_one_to_look_at(client, keep):
    for number in range(3):
        keep(number=str(number), thread="t1", title="Week 1", community="r & d")
    keep(number="9", thread="t2", title="Week 2")

    page = client.get("/review/threads").text
    link = re.search(r'<h2><a href="([^"]+)">Week 1', page)[1].replace("&amp;", "&")

    assert "3</b> of 3 judged replies raised" in page
    assert "Week 2" not in page
    assert client.get(link).text.count("<article") == 3


def test_a_thread_that_shows_a_pattern_comes_first_and_says_which_replies_show_it(client, keep):
    for number in range(5):
        keep(number=f"a{number}", thread="t1", title="Week 1", author="kim")
    asked = "How do I read a csv with dates in it?"
    keep(asked, number="b0", thread="t2", title="Week 2", author="ana", queued=False)
    for number, author in enumerate(("ben", "chi", "dee")):
        keep(number=f"b{number + 1}", thread="t2", author=author, parent=asked, title="Week 2")

    page = client.get("/review/threads").text

    assert page.index("Week 2") < page.index("Week 1")
    assert "3 people turned on the same person within a few messages." in page
    for number in (7, 8, 9):
        assert f'<a href="/review/replies/{number}">reply {number}</a>' in page
    assert "ben" not in page


def test_the_policy_page_previews_a_threshold_from_decisions(client, keep):
    for number in range(3):
        keep(number=str(number))
    decide(client, 1, verb="disagree")

    page = client.get("/review/policy?hostility=0.2").text

    assert re.search(r"At 0\.2: 3 flags, about 2 right \(\d to 2\)\.", page)
    assert "People decided 1 of the 3" in page
    assert "[policy.hostility]\nyes_at = 0.2" in page
