import json
import re

import pytest

RUDE = "You are an idiot, just google it."
GERMAN = "Ich verstehe die Aufgabe leider gar nicht und möchte gerne wissen, was damit gemeint ist."
ALL_CLEAR = "".join(
    f"[policy.{tone}]\nunsure_at = 0.00001\nyes_at = 0.00002\nclear_at = 0.00003\n"
    for tone in ("hostility", "hustling", "dismissiveness")
)


def test_panel_shows_tones_numbers_evidence_and_who_decides(invoke):
    done = invoke("check", RUDE)
    assert done.exit_code == 0
    for words in (RUDE, "hostility", "hustling", "dismissiveness", "a person decides"):
        assert words in done.stdout
    row = next(line for line in done.stdout.splitlines() if "hostility" in line)
    assert re.search(r"(mild|clear) +█+░* +0\.\d\d +“.*idiot.*”", row)


def test_panel_holds_the_explanation_of_the_verdict(invoke, shipped):
    explanation = shipped.check(RUDE).explanation
    shown = " ".join(invoke("check", RUDE).stdout.replace("│", " ").split())
    assert explanation
    assert explanation in shown


def test_json_is_the_verdict_on_one_line(invoke, shipped):
    done = invoke("check", RUDE, "--json")
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout) == shipped.check(RUDE).to_dict()


def test_parent_is_taken_into_account(invoke, shipped):
    parent = "You are an idiot."
    done = invoke("check", "You are an idiot. Why so angry?", "--parent", parent, "--json")
    expected = shipped.check("You are an idiot. Why so angry?", parent=parent)
    assert json.loads(done.stdout) == expected.to_dict()


def test_a_dash_reads_standard_input_without_its_last_line_break(invoke, shipped):
    done = invoke("check", "-", "--json", input=f"{RUDE}\r\n")
    assert json.loads(done.stdout) == shipped.check(RUDE).to_dict()


def test_standard_input_that_is_not_utf8_is_refused(invoke):
    done = invoke("check", "-", input=b"caf\xe9 idiot")
    assert done.exit_code == 2
    assert done.stderr == (
        "error: standard input: the reply is not valid UTF-8 at byte 4. Save it as UTF-8.\n"
    )


def test_standard_input_without_end_is_refused(invoke, monkeypatch):
    monkeypatch.setattr("tonecheck.cli.check._LONGEST", 10)
    done = invoke("check", "-", input="word " * 10)
    assert done.exit_code == 2
    assert "longer than 10 bytes" in done.stderr


@pytest.mark.parametrize(
    "text",
    ["\x1b[2J\x1b]0;title\x07 you idiot\x9b", "you \u202etoidi\u202c idiot", "[bold]you idiot[/]"],
)
def test_what_would_act_on_the_terminal_is_only_shown(invoke, text):
    shown = invoke("check", text).stdout
    assert not set("\x1b\x07\x9b\u202e\u202c") & set(shown)
    assert "[bold]" not in text or "[bold]you idiot[/]" in shown


def test_json_of_half_a_character_is_still_utf8(invoke):
    done = invoke("check", "idiot \ud83d", "--json")
    assert done.exit_code == 0
    json.loads(done.stdout_bytes.decode())


@pytest.mark.parametrize("text", ["", " ", "…", GERMAN])
def test_a_text_that_cannot_be_judged_says_why(invoke, shipped, text):
    note = shipped.check(text).note
    shown = " ".join(invoke("check", text).stdout.replace("│", " ").split())
    assert note is not None
    assert note.meaning in shown or shipped.check(text).explanation in shown


def test_a_long_reply_is_shown_in_part(invoke):
    shown = invoke("check", "Thanks for asking. " * 500).stdout
    assert "and 7,500 more characters" in " ".join(shown.replace("│", " ").split())


def test_settings_in_this_folder_are_used(invoke, tmp_path):
    (tmp_path / "tonecheck.toml").write_text(ALL_CLEAR, encoding="utf-8")
    done = invoke("check", "Thanks, that helps a lot.", "--json")
    tones = json.loads(done.stdout)["tones"]
    assert {score["severity"] for score in tones.values()} == {"clear"}


def test_settings_given_by_name_come_first(invoke, tmp_path):
    (tmp_path / "tonecheck.toml").write_text("[nonsense]", encoding="utf-8")
    (tmp_path / "strict.toml").write_text(ALL_CLEAR, encoding="utf-8")
    done = invoke("check", "Thanks, that helps.", "--json", "--config", "strict.toml")
    assert json.loads(done.stdout)["tones"]["hostility"]["decision"] == "yes"


def test_settings_that_are_not_there_are_an_error(invoke):
    done = invoke("check", "hello", "--config", "none.toml")
    assert done.exit_code == 2
    assert done.stderr == "error: none.toml is not a file. Give the path of a tonecheck.toml.\n"


def test_an_unknown_model_is_an_error_that_names_those_there_are(invoke):
    done = invoke("check", "hello", "--model", "huge-xx")
    assert done.exit_code == 2
    assert "there is no model 'huge-xx'. Shipped models: " in done.stderr
    assert "linear-en" in done.stderr
