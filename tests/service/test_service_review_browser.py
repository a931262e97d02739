"""The review page in a real browser: keys, undo, and what axe finds."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tonecheck.labels import Tone
from tonecheck.service.records import NewReply, Status
from tonecheck.service.store import Store

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AXE = Path(__file__).parent / "clients" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium")

REPLIES = (
    ("You are an idiot. Learn to read.", "How do I open the file?"),
    ("Last chance! Buy now or you will regret it forever, everyone already did.", ""),
    ("Just google it. Nobody cares about your stupid question.", "Why is my plot empty?"),
)
PAGES = ("/review", "/review/replies/1", "/review/threads", "/review/trends", "/review/policy",
         "/review/signin", "/review/replies/99")  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


@pytest.fixture
def server(running, checker) -> tuple[str, Store]:
    store = running.service.store
    for number, (text, parent) in enumerate(REPLIES):
        verdict = checker.check(text, parent or None)
        reply = NewReply(
            source="native", external_id=str(number), verdict=verdict, text=text, parent=parent,
            queued=True, thread="t", title="Week 1", url="https://forum.example/1", author="Rhys",
        )  # fmt: skip
        store.record(reply)
    return running.address, store


@pytest.fixture
def page(browser, server):
    context = browser.new_context()
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda said: said.type == "error" and problems.append(said.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(server[0] + "/review")
    yield page
    context.close()
    assert problems == []


def test_keys_alone_decide_the_queue_one_after_the_other(page, server):
    _, store = server

    page.keyboard.press("j")
    for key, left in (("a", 2), ("d", 1), ("s", 0)):
        page.keyboard.press(key)
        sync_api.expect(page.locator(".card")).to_have_count(left)

    found = [store.reply(number).status for number in (3, 2, 1)]
    assert found == [Status.AGREED, Status.DISAGREED, Status.NOT_SURE]


def test_after_a_decision_the_focus_is_on_the_next_reply_and_undo_brings_the_last_back(
    page, server
):
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector("#done")
    sync_api.expect(page.locator("#reply-1")).to_be_focused()
    assert "you agreed" in page.inner_text("[role=status]")

    page.keyboard.press("u")
    sync_api.expect(page.locator(".card")).to_have_count(3)

    sync_api.expect(page.locator("#reply-2")).to_be_focused()
    assert server[1].reply(2).status is Status.OPEN


def test_a_threshold_is_put_in_force_only_after_a_tick_and_can_be_undone(page, server):
    page.goto(f"{server[0]}/review/policy?hostility=0.999")

    page.get_by_role("button", name="Put in force").click()
    assert page.locator(".history").count() == 0  # the browser asks for the tick
    page.get_by_label("I want to flag hostility from 0.999").check()
    page.get_by_role("button", name="Put in force").click()

    sync_api.expect(page.locator(".history li")).to_contain_text("hostility 0.999")
    page.get_by_role("button", name="Undo the newest change").click()
    sync_api.expect(page.locator(".history li").first).to_contain_text("those of the settings back")


def test_one_tone_is_answered_by_keys(page, server):
    page.keyboard.press("j")
    page.keyboard.press("1")
    page.keyboard.press("Space")
    page.keyboard.press("3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#done")

    labels = server[1].decisions(3)[0].labels
    assert labels == {Tone.HOSTILITY: 1.0, Tone.DISMISSIVENESS: 0.0}


def test_keys_do_nothing_once_they_are_switched_off(page, server):
    page.uncheck("#shortcuts")
    page.reload()
    page.focus("#reply-3")
    page.keyboard.press("a")
    page.wait_for_timeout(200)

    assert server[1].reply(3).status is Status.OPEN


def test_without_scripts_buttons_decide_just_the_same(browser, server):
    url, store = server
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url + "/review")
    page.click("#reply-3 button[value=disagree]")
    page.wait_for_selector("#done")
    context.close()

    assert store.reply(3).status is Status.DISAGREED


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_about(browser, server, scheme):
    if not AXE.is_file():
        pytest.skip("needs axe-core: run npm ci in tests/service/clients")
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found = []
    for path in PAGES:
        page.goto(server[0] + path)
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        page.add_script_tag(path=AXE)
        result = page.evaluate("axe.run()")
        found += [
            (path, problem["id"], problem["nodes"][0]["html"][:120])
            for problem in result["violations"]
        ]
    context.close()

    assert found == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_sticks_out_at_phone_width(browser, server, path):
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(server[0] + path)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    width = page.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert width <= 320
