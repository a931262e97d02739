"""Take the pictures of the docs in headless Chromium: the demo's report and the review page.

Needs Chromium, which Debian calls `chromium`, and `make demo` before. The review page runs here,
on the sample forum, with a store that is thrown away.
"""

import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from tonecheck import load
from tonecheck.checker import ToneChecker
from tonecheck.exports.registry import read_export
from tonecheck.messages import Message
from tonecheck.service.app import create_app
from tonecheck.service.records import NewDecision, NewReply, Status
from tonecheck.service.settings import read
from tonecheck.service.store import Store, connect, now
from tonecheck.verdict import Verdict

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
REPORT = ROOT / "out" / "demo" / "report.html"
FORUM = ROOT / "data" / "samples" / "community.jsonl"
SHOTS = {"report.png": (1200, 1560), "report-phone.png": (500, 1560)}
PAGES = {"queue": "/review", "threads": "/review/threads", "trends": "/review/trends",
         "policy": "/review/policy?hostility=0.7"}  # fmt: skip
WAITING = 12  # how many of the newest raised replies nobody has decided on


def main() -> None:
    """Write docs/*.png and docs/pictures/*.png."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("needs chromium on the PATH; Debian's package is called chromium")
    shoot_review(browser)
    if not REPORT.is_file():
        raise SystemExit(f"needs {REPORT} for the rest; run make demo first")
    for name, (width, height) in SHOTS.items():
        subprocess.run(
            [
                browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu",
                f"--window-size={width},{height}", f"--screenshot={DOCS / name}",
                REPORT.as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        print(f"docs/{name}")


def shoot_review(browser: str) -> None:
    """Write docs/pictures/review-*.png."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{folder}/store.sqlite"
        checker = load("linear-en")
        fill(Store(connect(database), keep_text=True, clock=now), checker)
        with serving(database, checker) as url, sync_playwright() as playwright:
            options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            started = playwright.chromium.launch(executable_path=browser, args=options)
            for name, path in PAGES.items():
                _shoot(started, url + path, name=name)
            started.close()


def fill(store: Store, checker: ToneChecker) -> None:
    """Keep the sample forum's replies as if they had come in over the last weeks."""
    store.create()
    messages = [row for row in read_export(FORUM) if isinstance(row, Message)]
    said = {message.id: message.text for message in messages}
    messages = [
        replace(message, parent=message.parent or said.get(message.reply_to))
        for message in messages
    ]
    messages.sort(key=lambda message: message.time or datetime.min)
    chance = random.Random(7)
    verdicts = list(checker.check_many(messages))
    raised = []
    for place, (message, verdict) in enumerate(zip(messages, verdicts, strict=True)):
        ago = timedelta(weeks=11) * (1 - place / len(messages))
        aged = Store(store.engine, keep_text=True, clock=lambda ago=ago: now() - ago)
        wanted = bool(verdict.flagged or verdict.unsure)
        number = aged.record(_kept(message, verdict, queued=wanted))
        if wanted:
            raised.append((number, verdict))
    for number, verdict in raised[:-WAITING]:
        tones = (*verdict.flagged, *verdict.unsure)
        right = chance.random() < max(verdict.tones[tone].probability for tone in tones)
        status = Status.AGREED if right else Status.DISAGREED
        labels = dict.fromkeys(tones, float(right))
        store.decide(number, NewDecision(status=status, by="ines", source="review", labels=labels))


@contextmanager
def serving(database: str, checker: ToneChecker) -> Iterator[str]:
    """Yield the address of a service on a free port."""
    app = create_app(read(database=database, keep_text=True), checker=checker)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def _kept(message: Message, verdict: Verdict, *, queued: bool) -> NewReply:
    return NewReply(
        source="native",
        external_id=message.id or message.place,
        verdict=verdict,
        community="Foundations of Data Analysis",
        author=message.author,
        thread=message.thread,
        title=message.title,
        text=message.text,
        parent=message.parent or "",
        time=message.time,
        queued=queued,
    )


def _shoot(browser: Browser, url: str, *, name: str) -> None:
    looks = {
        "": (1100, 1000, "light"),
        "-dark": (1100, 1000, "dark"),
        "-phone": (390, 844, "light"),
    }
    for suffix, (width, height, scheme) in looks.items():
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        page.goto(url)
        path = DOCS / "pictures" / f"review-{name}{suffix}.png"
        page.screenshot(path=path)
        print(path.relative_to(ROOT))
        page.close()


if __name__ == "__main__":
    main()
