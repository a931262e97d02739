import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.verdict import ToneScore, Verdict
from tonecheck.watch.delivery import Delivery
from tonecheck.watch.options import WatchOptions
from tonecheck.watch.places import Place
from tonecheck.watch.source import Reading
from tonecheck.watch.state import State
from tonecheck.watch.watcher import Watcher


class Judges:
    """Take every message that says "idiot" for hostile, and fail at those unjudgeable."""

    def __init__(self):
        self.judged = []

    def check_many(self, messages):
        for message in messages:
            if "unjudgeable" in message.text:
                raise RuntimeError("secret words")
            self.judged.append(message)
            yield self._verdict(message)

    def _verdict(self, message):
        def score(hit):
            return ToneScore(
                probability=0.9 if hit else 0.05,
                severity=Severity.CLEAR if hit else Severity.NONE,
                decision=Decision.YES if hit else Decision.NO,
            )

        hostile = "idiot" in message.text
        tones = {tone: score(hostile and tone is Tone.HOSTILITY) for tone in TONES}
        return Verdict(id=message.id, tones=tones, explanation="", model="tiny@1")


class Watch:
    """One run of a watcher over a place, in this process."""

    def __init__(self, place, state=None, *, webhook=None, reading=None, **options):
        self.alerts, self.said, self.bad = [], [], []
        self.state = State(state)
        self.judges = Judges()
        self.place = Place(str(place), reading or Reading(), state=self.state)
        self.watcher = Watcher(
            self.place,
            self.judges,
            state=self.state,
            delivery=Delivery(self.state, self.alerts.append, self.said.append, webhook=webhook),
            options=WatchOptions(on_bad=self.bad.append, **options),
        )

    def look(self, times=1):
        for _ in range(times):
            self.watcher.look()
        return self

    def close(self):
        self.place.close()
        self.state.__exit__(None, None, None)

    @property
    def told(self):
        return [alert["thread"] for alert in self.alerts]

    @property
    def texts(self):
        return [message.text for message in self.judges.judged]

    @property
    def reasons(self):
        return [row.reason for row in self.bad]


@pytest.fixture
def watch():
    """Begin to watch; what was begun is closed at the end, and may be closed before."""
    begun = []

    def begin(*args, **options):
        begun.append(Watch(*args, **options))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()


def row(key, thread="t", author="ana", text="Well, I see.", **more):
    return {"id": key, "thread": thread, "author": author, "text": text, **more}


def quarrel(thread="t"):
    """Return a question and its answers, of which the first brushes the newcomer off."""
    return [
        row(f"{thread}1", thread, "ana", "How do I read a file?"),
        row(f"{thread}2", thread, "ben", "You idiot.", reply_to=f"{thread}1"),
    ]


def pile(thread="t"):
    """Return a thread in which three people turn on a fourth, with the last message."""
    first = row(f"{thread}1", thread, "ana", "Here is my plan.")
    others = [
        row(f"{thread}{n}", thread, who, "You idiot.", reply_to=f"{thread}1")
        for n, who in enumerate(("ben", "eva", "kim"), 2)
    ]
    return [first, *others]


class Log:
    """A file of JSON lines that somebody appends to."""

    def __init__(self, path):
        self.path = path
        path.touch()

    def write(self, *rows):
        with self.path.open("ab") as file:
            for one in rows:
                file.write(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n")
        return self


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "forum.jsonl")


@pytest.fixture(scope="session")
def rows():
    """Return what makes rows: one, a brushed-off question, and a pile-on."""
    return row, quarrel, pile


class Hook:
    """A real server that takes alerts, or answers what it is told to."""

    def __init__(self):
        self.answers, self.taken, self.headers = [], [], []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, extra = hook.answers.pop(0) if hook.answers else (200, {})
                if status == 200:
                    hook.taken.append(body)
                    hook.headers.append(dict(self.headers))
                self.send_response(status)
                for name, value in extra.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def alerts(self):
        return [json.loads(body) for body in self.taken]


@pytest.fixture
def hook():
    hook = Hook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()
