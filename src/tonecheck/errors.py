"""Everything tonecheck raises on purpose.

A message says what was wrong, what is allowed and what to do next.
"""

from importlib import import_module
from types import ModuleType


class ToneCheckError(Exception):
    """The root of every error that tonecheck raises on purpose."""


class InputError(ToneCheckError, ValueError):
    """The caller passed something that cannot be read; `place` says where it was."""

    def __init__(self, message: str, *, place: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.place = place


class ConfigError(ToneCheckError, ValueError):
    """A setting is unknown or out of range; the message names the key."""


class ModelError(ToneCheckError):
    """A model cannot be used."""


class ModelFormatError(ModelError):
    """A model folder lacks a part, or was written in a format that this version cannot read."""


class ModelIntegrityError(ModelError):
    """A file of a model folder is missing or differs from its manifest."""


class MissingExtraError(ToneCheckError, ImportError):
    """An optional part is not installed; `extra` names what to install."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"{module} is needed for this and is not installed. "
            f'Install it with: pip install "tonecheck[{extra}]"'
        )
        self.extra = extra


def require(module: str, *, extra: str) -> ModuleType:
    """Import and return an optional module.

    Raises:
        MissingExtraError: If the module is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as err:
        if err.name is not None and module.split(".")[0] != err.name.split(".")[0]:
            raise  # the module is there, but something it needs is broken: say that instead
        raise MissingExtraError(module, extra) from None
