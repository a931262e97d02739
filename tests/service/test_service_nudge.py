"""The word to an author: what it says, and how it looks in a real form."""

import http.server
import shutil
import threading
from collections.abc import Iterator

import pytest

from tonecheck.explain.catalogue import read_cues
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.service.nudge import _wordings, word
from tonecheck.verdict import Evidence, ToneScore, Verdict

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FORM = """<!doctype html><html lang="en"><title>Reply</title>
<p id="question">How do I invert a matrix?</p>
<label for="reply">Your reply</label>
<textarea id="reply" data-tonecheck="{address}" data-parent="#question"></textarea>
<script src="{address}/nudge.js"></script>"""


def ask(client, text, parent=None):
    return client.post("/v1/nudge", json={"text": text, "parent": parent}).json()["nudge"]


def test_it_names_the_words_and_says_what_would_help(client):
    nudge = ask(client, "Just google it.", "How do I invert a matrix?")

    assert nudge["message"] == (
        "“Just google it” may read as sending somebody away. "
        "Add a link, or the words to search for."
    )
    assert nudge["closing"] == "It is yours to decide; this is a guess by a machine."
    assert (nudge["tone"], nudge["start"], nudge["end"]) == ("dismissiveness", 0, 14)


@pytest.mark.parametrize(
    "text", ["Thanks, that helped a lot!", "I disagree: the sum is 4, not 5.", "", "😀"]
)
def test_it_says_nothing_of_a_kind_or_blunt_draft(client, text):
    assert ask(client, text) is None


@pytest.mark.parametrize(
    ("severity", "cue", "said"),
    [
        (Severity.MILD, "model", False),
        (Severity.MILD, "rtfm", True),
        (Severity.CLEAR, "model", True),
    ],
)
def test_it_speaks_of_a_mild_tone_only_where_known_words_carry_it(severity, cue, said):
    text = "I do not understand why my loop stops"
    words = Evidence(start=0, end=len(text), text=text, cue=cue, weight=0.9)
    mild = ToneScore(probability=0.52, severity=severity, decision=Decision.YES, evidence=(words,))
    calm = ToneScore(probability=0.1, severity=Severity.NONE, decision=Decision.NO)
    tones = dict.fromkeys(TONES, calm) | {Tone.DISMISSIVENESS: mild}

    found = word(Verdict(id="", tones=tones, explanation="", model="test@1"))

    assert (found is not None) is said


def test_there_is_a_wording_for_every_kind_of_cue_and_every_tone():
    kinds = {cue.kind for cue in read_cues() if cue.tone is not None}

    assert kinds | set(map(str, TONES)) == set(_wordings())


@pytest.mark.parametrize("kind", sorted(_wordings()))
def test_a_wording_is_short_and_never_says_what_the_author_is(kind):
    reads, advice = _wordings()[kind]

    assert reads.startswith("may read as ")
    assert len(f"{reads} {advice}".split()) <= 25
    assert advice.endswith(".")
    assert "you are" not in f"{reads} {advice}".lower()


def test_only_pages_of_named_sites_may_ask(settings, checker):
    from fastapi.testclient import TestClient

    from tonecheck.service.app import create_app

    named = settings.model_copy(update={"nudge_origins": ("https://forum.example",)})
    with TestClient(create_app(named, checker=checker), "http://127.0.0.1") as client:
        for origin, allowed in {
            "https://forum.example": True,
            "https://evil.example": False,
        }.items():
            answer = client.post(
                "/v1/nudge", json={"text": "Just google it."}, headers={"Origin": origin}
            )
            allowed = answer.headers.get("access-control-allow-origin")
            assert (allowed == origin) is (origin == "https://forum.example")
        other = client.post("/v1/check", json={"text": "Hi"}, headers={"Origin": origin})
        assert "access-control-allow-origin" not in other.headers


@pytest.fixture
def forum(settings) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve a page with a form, on another origin than the service."""
    page = {"html": ""}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page["html"].encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}", page
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium")
class TestInABrowser:
    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"nudge_origins": ("*",)})

    @pytest.fixture
    def page(self):
        sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
        with sync_api.sync_playwright() as playwright:
            options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
            yield browser.new_page()
            browser.close()

    def test_a_form_on_another_site_shows_the_word_and_takes_it_back(self, running, forum, page):
        address, shown = forum
        shown["html"] = FORM.format(address=running.address)
        page.goto(address)

        page.fill("#reply", "Just google it.")
        note = page.get_by_role("status")
        note.get_by_text("“Just google it” may read as").wait_for()
        assert page.locator("#reply").get_attribute("aria-describedby") == note.get_attribute("id")

        page.fill("#reply", "Gauss elimination works; here is a link.")
        page.wait_for_function("document.querySelector('[role=status]').textContent === ''")

    def test_a_form_works_where_the_service_cannot_be_reached(self, running, forum, page):
        address, shown = forum
        shown["html"] = FORM.format(address=running.address).replace(
            f'data-tonecheck="{running.address}"', 'data-tonecheck="http://127.0.0.1:9"'
        )
        page.goto(address)
        thrown = []
        page.on("pageerror", lambda error: thrown.append(str(error)))

        page.fill("#reply", "Just google it.")
        page.wait_for_timeout(1_200)

        assert thrown == []
        assert page.get_by_role("status").text_content() == ""
        assert page.locator("#reply").input_value() == "Just google it."

    def test_what_a_draft_holds_is_shown_and_not_run(self, running, forum, page):
        address, shown = forum
        shown["html"] = FORM.format(address=running.address)
        page.goto(address)

        page.fill("#reply", "You are an <img src=x onerror=alert(1)> idiot, you moron.")
        page.get_by_role("status").get_by_text("may read as").wait_for()

        assert page.locator("[role=status] img").count() == 0
