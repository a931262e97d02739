"""The report in a real browser: its drawings, its tables, on a phone, in the dark and on paper."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tonecheck.audit.run import run_audit

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SERVICE = Path(__file__).parents[1] / "service"
AXE = SERVICE / "clients" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium")

PHONE = {"width": 360, "height": 780}


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


@pytest.fixture
def report(tmp_path, checker, write_export, without_charts):
    """Return the address of a report on a pile-on, with a name that is long and one from right."""
    names = ["Noor", "Wolfeschlegelsteinhausenbergerdorff", "נועה לוי", "Ben"]
    rows = [
        {
            "id": f"m{n}",
            "thread": "t",
            "title": "A word without end: " + "Donaudampfschifffahrtsgesellschaft" * 3,
            "author": name,
            "reply_to": "m0" if n else None,
            "text": "you idiot" if n else "Could I hand in on Monday?",
            "time": f"2026-09-0{n + 1}T10:00:00Z",
        }
        for n, name in enumerate(names)
    ]
    return run_audit([write_export(rows)], tmp_path / "out", checker).report.as_uri()


def opened(browser, report, **settings):
    page = browser.new_context(**settings).new_page()
    problems: list[str] = []
    page.on("console", lambda said: said.type == "error" and problems.append(said.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(report)
    assert problems == []
    return page


def test_the_drawings_are_images_with_words_and_tables_behind_them(browser, report):
    page = opened(browser, report)
    look = page.locator("#look")
    assert look.get_by_role("img", name="Heat from 0 to 1 over 4 messages").is_visible()
    assert look.get_by_role("img", name="3 replies between 4 people").is_visible()
    table = look.get_by_role("group", name="Table of replies")
    assert not table.is_visible()
    look.get_by_text("The numbers behind these drawings").click()
    assert table.is_visible()
    assert table.get_by_role("row").count() == 4
    page.get_by_role("link", name="Voices").click()
    assert page.evaluate("location.hash") == "#voices"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_over_the_edge_of_a_phone_and_every_name_fits(browser, report, scheme):
    page = opened(browser, report, viewport=PHONE, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    over = page.evaluate(
        """[...document.querySelectorAll('.map text')].filter(text => {
            const inner = text.getBoundingClientRect();
            const outer = text.closest('svg').getBoundingClientRect();
            return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top
                || inner.bottom > outer.bottom;
        }).length"""
    )
    assert page.locator(".map text").count() == 4
    assert over == 0


def test_names_are_whole_in_the_drawing_also_where_they_are_long(
    browser, tmp_path, checker, write_export, without_charts
):
    from tonecheck.audit.options import AuditOptions

    rows = [{"id": "0", "thread": "t", "author": "W" * 40, "text": "Why?"}]
    rows += [
        {"thread": "t", "author": f"{n}{'M' * 40}", "reply_to": "0", "text": "you idiot"}
        for n in range(5)
    ]
    options = AuditOptions(names=True)
    result = run_audit([write_export(rows)], tmp_path / "out", checker, options=options)
    page = opened(browser, result.report.as_uri(), viewport=PHONE)
    boxes = page.evaluate(
        """[...document.querySelectorAll('.map text')].map(text => {
            const inner = text.getBoundingClientRect();
            const outer = text.closest('svg').getBoundingClientRect();
            return [inner.left - outer.left, outer.right - inner.right];
        })"""
    )
    assert len(boxes) == 6
    assert min(edge for box in boxes for edge in box) >= 0


def test_dark_mode_turns_the_drawings_too(browser, report):
    def ink(scheme):
        page = opened(browser, report, color_scheme=scheme)
        return page.locator(".map text").first.evaluate("text => getComputedStyle(text).fill")

    assert ink("light") != ink("dark")


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: npm ci in tests/service/clients")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, report, scheme):
    # the policy of the page lets no script in, and axe is one
    page = browser.new_context(color_scheme=scheme, bypass_csp=True).new_page()
    page.goto(report)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run().then(result => result.violations.map(one => one.id))")
    assert found == []
