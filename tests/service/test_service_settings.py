import pytest

from tonecheck.errors import ConfigError
from tonecheck.service.settings import read


def test_what_is_given_goes_before_the_environment_and_that_before_the_file(tmp_path, monkeypatch):
    path = tmp_path / "tonecheck.toml"
    path.write_text('[service]\nport = 1\nhost = "file"\nqueue_size = 7\n')
    monkeypatch.setenv("TONECHECK_PORT", "2")
    monkeypatch.setenv("TONECHECK_HOST", "environment")

    settings = read(path, port=3, host=None)

    assert (settings.port, settings.host, settings.queue_size) == (3, "environment", 7)


def test_an_unknown_setting_is_refused_by_name(tmp_path):
    path = tmp_path / "tonecheck.toml"
    path.write_text("[service]\nprot = 1\n")

    with pytest.raises(ConfigError, match=r"^service\.prot: .*Allowed settings: model, host, port"):
        read(path)


def test_secrets_do_not_show_when_settings_are_printed():
    assert "hush" not in repr(read(discourse_key="hush"))


def test_tones_in_the_environment_have_commas_between_them(monkeypatch):
    monkeypatch.setenv("TONECHECK_OPENEDX_TONES", "hustling, hostility")

    assert read().openedx_tones == ("hustling", "hostility")
