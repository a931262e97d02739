"""tonecheck reads replies and says which are hostile, hustling or dismissive, and why."""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tonecheck.checker import ToneChecker, load
    from tonecheck.conversation.report import ThreadReport
    from tonecheck.errors import ToneCheckError
    from tonecheck.labels import Decision, Severity, Tone
    from tonecheck.messages import Message, Thread
    from tonecheck.verdict import Evidence, ToneScore, Verdict
else:
    _HOMES = {
        "ToneChecker": "checker",
        "load": "checker",
        "ToneCheckError": "errors",
        "Decision": "labels",
        "Severity": "labels",
        "Tone": "labels",
        "Message": "messages",
        "Thread": "messages",
        "ThreadReport": "conversation.report",
        "Evidence": "verdict",
        "ToneScore": "verdict",
        "Verdict": "verdict",
    }

    def __getattr__(name: str) -> object:  # PEP 562: a name is imported when first used
        if name not in _HOMES:
            raise AttributeError(f"module 'tonecheck' has no attribute {name!r}")
        return getattr(import_module(f"tonecheck.{_HOMES[name]}"), name)

    def __dir__() -> list[str]:
        return sorted([*globals(), *_HOMES])


__all__ = [
    "Decision",
    "Evidence",
    "Message",
    "Severity",
    "Thread",
    "ThreadReport",
    "Tone",
    "ToneCheckError",
    "ToneChecker",
    "ToneScore",
    "Verdict",
    "load",
]
