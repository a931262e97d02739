import shutil

import pytest

from tonecheck import modelstore
from tonecheck.exports import READERS


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_formats_says_how_to_export(invoke, reader):
    for done in (invoke("formats"), invoke("formats", reader.name)):
        assert done.exit_code == 0
        shown = " ".join(done.stdout.split())
        assert f"{reader.name}: {reader.title} ({' '.join(reader.files)})" in shown
        assert " ".join(reader.how_to.split()) in shown


def test_one_format_is_shown_alone(invoke):
    assert "discord" not in invoke("formats", "slack").stdout


def test_an_unknown_format_is_an_error_that_names_those_there_are(invoke):
    done = invoke("formats", "usenet")
    assert done.exit_code == 2
    assert "there is no format 'usenet'. The formats are: zulip (" in done.stderr


def test_models_lists_what_came_along(invoke):
    done = invoke("models")
    assert done.exit_code == 0
    assert "linear-en@" in done.stdout
    assert f"{modelstore.open_model().label} = linear-en@" in done.stdout
    assert "verified, the default" in done.stdout
    for tone in ("hostility", "hustling", "dismissiveness"):
        assert f"  {tone}: precision 0." in done.stdout


def test_models_shows_the_card_of_one(invoke):
    card = (modelstore.open_model().path / "README.md").read_text(encoding="utf-8")
    assert invoke("models", "pair-en").stdout.strip() == card.strip()


def test_a_damaged_model_is_named_and_the_others_listed(invoke, monkeypatch, tmp_path):
    good = modelstore.open_model("linear-en").path
    shutil.copytree(good, tmp_path / "models" / "good-en")
    shutil.copytree(good, tmp_path / "models" / "bad-en")
    (tmp_path / "models" / "bad-en" / "README.md").write_text("other", encoding="utf-8")
    monkeypatch.setattr(modelstore, "shipped_root", lambda: tmp_path / "models")
    done = invoke("models")
    assert done.exit_code == 2
    assert "verified" in done.stdout
    assert "README.md differs from its manifest." in done.stderr
