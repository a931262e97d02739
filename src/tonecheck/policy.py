"""From a probability to a decision: two thresholds a tone, and a band between them for people."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tonecheck.errors import ConfigError
from tonecheck.labels import TONES, Decision, Severity, Tone

SETTINGS = "tonecheck.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Where one tone's decisions change.

    Attributes:
        unsure_at: From this probability on a person should look.
        yes_at: From this probability on the reply is flagged.
        clear_at: From this probability on a flagged reply is clear rather than mild.

    Example:
        >>> Band(unsure_at=0.3, yes_at=0.5, clear_at=0.8).decide(0.4)
        <Decision.UNSURE: 'unsure'>
    """

    unsure_at: float
    yes_at: float
    clear_at: float

    def __post_init__(self) -> None:
        if not 0.0 < self.unsure_at <= self.yes_at <= self.clear_at <= 1.0:
            raise ConfigError(
                "a band needs 0 < unsure_at <= yes_at <= clear_at <= 1, got "
                f"unsure_at={self.unsure_at}, yes_at={self.yes_at}, clear_at={self.clear_at}. "
                "Put them in this order."
            )

    def decide(self, probability: float) -> Decision:
        """Return the decision; a probability equal to a threshold has reached it."""
        if probability >= self.yes_at:
            return Decision.YES
        return Decision.UNSURE if probability >= self.unsure_at else Decision.NO

    def grade(self, probability: float) -> Severity:
        """Return the severity; what the policy does not take for the tone has none."""
        if probability < self.unsure_at:
            return Severity.NONE
        return Severity.CLEAR if probability >= self.clear_at else Severity.MILD


Policy = Mapping[Tone, Band]


def policy_from(table: Mapping[str, Mapping[str, float]]) -> Policy:
    """Return the policy that a model's configuration holds."""
    return {tone: Band(**table[tone]) for tone in TONES}


def read_settings(path: Path, defaults: Policy) -> Policy:
    """Return the policy with what a `tonecheck.toml` changes.

    The file holds tables such as `[policy.hostility]` with any of `unsure_at`, `yes_at` and
    `clear_at`; what it leaves out stays as the model has it.

    Raises:
        ConfigError: If the file cannot be read, or a key or value is not allowed.
    """
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise ConfigError(f"{path} cannot be read: {err}. Correct it or leave it out.") from err
    _only(settings, {"policy", "service"}, path.name)
    tables = _table(settings.get("policy", {}), "policy")
    _only(tables, {str(tone) for tone in TONES}, "policy")
    return {tone: _override(defaults[tone], tables.get(tone, {}), tone) for tone in TONES}


def _override(band: Band, changes: object, tone: Tone) -> Band:
    where = f"policy.{tone}"
    table = _table(changes, where)
    _only(table, set(Band.__slots__), where)
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"{where}.{key} must be a number from 0 to 1, got {value!r}.")
    values = {key: float(table.get(key, getattr(band, key))) for key in Band.__slots__}
    try:
        return Band(**values)
    except ConfigError as err:
        raise ConfigError(f"{where}: {err}") from None


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a table, got {value!r}. Write it as [{where}].")
    return value


def _only(table: Mapping[str, Any], allowed: set[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise ConfigError(
                f"{where} has an unknown key {key!r}. Allowed: {', '.join(sorted(allowed))}."
            )
