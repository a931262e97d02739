import re

import pytest

from tonecheck.errors import ConfigError
from tonecheck.labels import TONES, Decision, Severity, Tone
from tonecheck.policy import Band, policy_from, read_settings

DEFAULTS = {tone: Band(unsure_at=0.3, yes_at=0.6, clear_at=0.9) for tone in TONES}


@pytest.fixture
def settings(tmp_path):
    def write(text):
        path = tmp_path / "tonecheck.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("probability", "decision", "severity"),
    [
        (0.0, Decision.NO, Severity.NONE),
        (0.2999, Decision.NO, Severity.NONE),
        (0.3, Decision.UNSURE, Severity.MILD),
        (0.6, Decision.YES, Severity.MILD),
        (0.9, Decision.YES, Severity.CLEAR),
        (1.0, Decision.YES, Severity.CLEAR),
    ],
)
def test_a_probability_that_equals_a_threshold_has_reached_it(probability, decision, severity):
    band = Band(unsure_at=0.3, yes_at=0.6, clear_at=0.9)
    assert (band.decide(probability), band.grade(probability)) == (decision, severity)


def test_thresholds_out_of_order_are_refused():
    with pytest.raises(ConfigError, match=re.escape("got unsure_at=0.7, yes_at=0.6, clear_at=0.9")):
        Band(unsure_at=0.7, yes_at=0.6, clear_at=0.9)


def test_settings_change_only_what_they_name(settings):
    policy = read_settings(settings("[policy.hustling]\nyes_at = 0.8\n"), DEFAULTS)
    assert policy[Tone.HUSTLING] == Band(unsure_at=0.3, yes_at=0.8, clear_at=0.9)
    assert policy[Tone.HOSTILITY] == DEFAULTS[Tone.HOSTILITY]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[policy.rudeness]\nyes_at = 0.5", "policy has an unknown key 'rudeness'. Allowed: dis"),
        ("[policy.hostility]\nyes = 0.5", "policy.hostility has an unknown key 'yes'. Allowed: cl"),
        ("[polisy]\n", "tonecheck.toml has an unknown key 'polisy'. Allowed: policy, service."),
        ("policy = 3", "policy must be a table, got 3. Write it as [policy]."),
        ("[policy.hostility]\nyes_at = 'high'", "policy.hostility.yes_at must be a number from 0"),
        ("[policy.hostility]\nyes_at = true", "policy.hostility.yes_at must be a number from 0"),
        ("[policy.hostility]\nyes_at = 0.95", "policy.hostility: a band needs 0 < unsure_at"),
        ("policy = [", "tonecheck.toml cannot be read: "),
    ],
)
def test_settings_that_are_not_allowed_name_the_key(settings, text, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_settings(settings(text), DEFAULTS)


def test_a_missing_settings_file_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot be read: .*Correct it or leave it out\."):
        read_settings(tmp_path / "none.toml", DEFAULTS)


def test_a_model_configuration_gives_a_band_for_every_tone():
    table = {tone: {"unsure_at": 0.2, "yes_at": 0.4, "clear_at": 0.6} for tone in TONES}
    assert set(policy_from(table)) == set(TONES)
