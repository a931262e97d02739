import json
import random

import pytest

RUDE = "You are an idiot, just google it."
KIND = "Thanks, that helps a lot."


def test_lines_come_out_in_order_with_ids_or_line_numbers(invoke, lines, shipped):
    rows = [{"text": KIND}, {"id": "b", "text": RUDE}, {"id": 7, "text": KIND}]
    done = invoke("score", input="\n".join([*map(json.dumps, rows), ""]))
    found = lines(done.stdout)
    assert done.exit_code == 0
    assert [row["id"] for row in found] == ["1", "b", "7"]
    assert found[1] == {**shipped.check(RUDE).to_dict(), "id": "b"}


def test_blank_lines_are_passed_over_but_counted(invoke, lines):
    done = invoke("score", input='{"text": "one"}\r\n\r\n\n{"text": "four"}')
    assert [row["id"] for row in lines(done.stdout)] == ["1", "4"]


def test_no_input_gives_no_output(invoke):
    done = invoke("score", input="")
    assert (done.exit_code, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("row", "identity", "message"),
    [
        (
            b"{",
            "2",
            "not valid JSON: Expecting property name enclosed in double quotes (column 2).",
        ),
        (b"[1, 2]", "2", 'a row must be an object such as {"text": "…"}, got list.'),
        (b'{"id": "x"}', "x", '"text" must be a string, got nothing.'),
        (b'{"id": 5, "text": 7}', "5", '"text" must be a string, got int.'),
        (b'{"id": [], "text": "hi"}', "2", '"id" must be a string or a whole number, got list.'),
        (b'{"text": "hi", "parent": 3}', "2", '"parent" must be a string or null, got int.'),
        (b'{"text": "caf\xe9"}', "2", "not valid UTF-8 at byte 14 of the line."),
        (b'{"text": "hi", "n": ' + b"9" * 5000 + b"}", "2", "a number that is too long to read."),
        (b'{"text": ' + b"[" * 100_000, "2", "the JSON nests too deep."),
        (b'{"text": "\x00"}', "2", "not valid JSON: Invalid control character at (column 11)."),
    ],
)
def test_a_bad_row_is_reported_in_its_place_and_costs_no_other(
    invoke, lines, write_lines, row, identity, message
):
    path = write_lines([{"text": KIND}, row, {"text": KIND}])
    done = invoke("score", path)
    first, bad, last = lines(done.stdout)
    assert (first["id"], last["id"]) == ("1", "3")
    assert bad["schema"] == 1
    assert bad["id"] == identity
    assert bad["error"]["code"] == "bad_row"
    assert bad["error"]["line"] == 2
    assert message in bad["error"]["message"]
    assert done.exit_code == 2
    assert "error: 1 of 3 rows could not be read; the first, line 2: " in done.stderr


def test_bad_rows_can_be_accepted(invoke, lines):
    done = invoke("score", "--skip-errors", input='nope\n{"text": "fine"}\n')
    assert done.exit_code == 0
    assert [row.get("error", {}).get("line") for row in lines(done.stdout)] == [1, None]
    assert "bad rows: 1" in done.stderr


def test_thousands_of_bad_rows_are_all_reported(invoke, lines):
    done = invoke("score", input="nope\n" * 2_000)
    assert [row["id"] for row in lines(done.stdout)] == [str(n) for n in range(1, 2_001)]
    assert "2,000 of 2,000 rows could not be read" in done.stderr


def test_keys_that_are_not_read_cannot_spoil_a_row(invoke, lines):
    row = {"text": KIND, "time": "tomorrow-ish", "author": ["x"], "thread": 1.5}
    done = invoke("score", input=json.dumps(row))
    assert done.exit_code == 0
    assert "tones" in lines(done.stdout)[0]


def test_a_line_that_is_too_long_is_refused_without_being_kept(
    invoke, lines, write_lines, monkeypatch
):
    monkeypatch.setattr("tonecheck.cli.rows.MAX_LINE", 100)
    monkeypatch.setattr("tonecheck.cli.rows._PASSED_OVER", 16)
    edge = json.dumps({"text": "x" * 88}).encode()
    assert len(edge) == 100
    path = write_lines([{"text": KIND}, {"text": "x" * 500}, edge, {"text": "x" * 89}])
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    found = lines(invoke("score", path).stdout)
    assert [row["id"] for row in found] == ["1", "2", "3", "4"]
    assert ["error" in row for row in found] == [False, True, False, True]
    assert "longer than 100 bytes" in found[1]["error"]["message"]


def test_a_long_reply_gets_the_verdict_of_the_whole(invoke, lines, shipped):
    text, parent = "Well. " + "I see. " * 4_000 + RUDE, "Why? " * 5_000
    done = invoke("score", input=json.dumps({"id": "x", "text": text, "parent": parent}))
    expected = shipped.check(text, parent=parent).to_dict()
    assert lines(done.stdout) == [{**expected, "id": "x"}]
    assert expected["truncated"]


@pytest.mark.parametrize("text", ["idiot \ud83d", "idiot\u2028idiot", "\x9bidiot", "אידיוט idiot"])
def test_output_is_utf8_with_one_line_a_reply_whatever_the_text(invoke, text):
    done = invoke("score", input=json.dumps({"text": text}))
    (line,) = done.stdout_bytes.decode().splitlines()
    for tone in json.loads(line)["tones"].values():
        for span in tone["evidence"]:
            assert text[span["start"] : span["end"]] == span["text"]


def test_a_byte_order_mark_is_no_part_of_the_first_row(invoke, lines):
    done = invoke("score", input=b'\xef\xbb\xbf{"text": "hello there"}')
    assert done.exit_code == 0
    assert "tones" in lines(done.stdout)[0]


def test_utf16_is_named_as_such(invoke):
    done = invoke("score", input='{"text": "hello"}'.encode("utf-16"))
    assert done.exit_code == 2
    assert done.stderr == "error: the input is in UTF-16. Save it as UTF-8.\n"


@pytest.mark.parametrize(
    ("gates", "texts", "code"),
    [
        (["hostility"], [KIND, RUDE], 1),
        (["hostility"], [KIND], 0),
        (["hostility", "hustling"], [KIND, RUDE], 1),
        (["dismissiveness:unsure"], [KIND], 1),
        (["dismissiveness"], [KIND], 0),
        ([], [RUDE], 0),
    ],
)
def test_a_gate_ends_with_1_when_it_is_hit(invoke, tmp_path, gates, texts, code):
    band = "[policy.dismissiveness]\nunsure_at = 0.0001\nyes_at = 0.9999\nclear_at = 0.9999\n"
    (tmp_path / "tonecheck.toml").write_text(band, encoding="utf-8")
    options = [f"--fail-on={gate}" for gate in gates]
    done = invoke("score", *options, input="\n".join(json.dumps({"text": t}) for t in texts))
    assert done.exit_code == code
    assert done.stdout.count("\n") == len(texts)


def test_bad_rows_weigh_more_than_a_gate(invoke):
    done = invoke("score", "--fail-on=hostility", input=json.dumps({"text": RUDE}) + "\nnope")
    assert done.exit_code == 2


@pytest.mark.parametrize("gate", ["rudeness", "hostility:mild", "hostility:", ""])
def test_an_unknown_gate_is_wrong_usage(invoke, gate):
    done = invoke("score", f"--fail-on={gate}", input="")
    assert done.exit_code == 2
    assert "--fail-on takes hostility, hustling, dismissiveness" in done.stderr
    assert repr(gate) in done.stderr


def test_other_names_for_the_fields_are_taken(invoke, lines, shipped):
    row = {"body": "You idiot. Why?", "key": "k", "answers": "You idiot.", "text": 3, "id": []}
    done = invoke(
        *("score", "--text-field=body", "--id-field=key", "--parent-field=answers"),
        input=json.dumps(row),
    )
    expected = shipped.check("You idiot. Why?", parent="You idiot.").to_dict()
    assert lines(done.stdout) == [{**expected, "id": "k"}]


CSV = 'id,text,parent,time\na,"You idiot,\nyou",,soon\n,Thanks,Why?,\nb,,,\nc,too,many,cells,here\n'


@pytest.mark.parametrize("source", ["file", "standard input"])
def test_a_table_is_read_by_its_columns(invoke, lines, tmp_path, source):
    (tmp_path / "posts.csv").write_text(CSV, encoding="utf-8", newline="")
    if source == "file":
        done = invoke("score", "posts.csv")
    else:
        done = invoke("score", "--format=csv", input=CSV)
    found = lines(done.stdout)
    assert [row["id"] for row in found] == ["a", "4", "b", "6"]
    assert found[0]["tones"]["hostility"]["decision"] == "yes"
    assert found[3]["error"]["line"] == 6
    assert done.exit_code == 2


def test_a_table_without_the_column_says_which_there_are(invoke, tmp_path):
    (tmp_path / "posts.csv").write_text("key,words\n1,hello\n", encoding="utf-8")
    done = invoke("score", "posts.csv")
    assert done.exit_code == 2
    assert "no column is known to hold the text. The columns are: key, words." in done.stderr
    assert invoke("score", "posts.csv", "--text-field=words").exit_code == 0


def test_plain_text_is_one_reply_a_line(invoke, lines, tmp_path):
    (tmp_path / "replies.txt").write_bytes(f"{KIND}\n\n{RUDE}\ncaf\xe9\n".encode("latin-1"))
    found = lines(invoke("score", "replies.txt").stdout)
    assert [row["id"] for row in found] == ["1", "3", "4"]
    assert found[1]["tones"]["hostility"]["decision"] == "yes"
    assert "not valid UTF-8" in found[2]["error"]["message"]


def test_out_takes_the_lines_and_replaces_the_file_only_when_done(invoke, lines, tmp_path):
    out = tmp_path / "verdicts.jsonl"
    assert invoke("score", "--out", out, input=json.dumps({"text": KIND})).stdout == ""
    before = out.read_text(encoding="utf-8")
    assert lines(before)[0]["id"] == "1"
    done = invoke("score", "--out", out, input='{"text": "hello"}'.encode("utf-16"))
    assert done.exit_code == 2
    assert out.read_text(encoding="utf-8") == before
    assert [path.name for path in tmp_path.iterdir()] == ["verdicts.jsonl"]


def test_out_may_be_the_input_itself(invoke, lines, write_lines):
    path = write_lines([{"id": "a", "text": KIND}])
    assert invoke("score", path, "--out", path).exit_code == 0
    assert lines(path.read_text(encoding="utf-8"))[0]["id"] == "a"


def test_out_never_replaces_what_is_no_file(invoke, tmp_path):
    done = invoke("score", "--out", tmp_path, input="")
    assert done.exit_code == 2
    assert f"{tmp_path} is not a file." in done.stderr


def test_summary_goes_to_stderr_unless_quiet(invoke):
    row = json.dumps({"text": RUDE})
    assert "1 scored in" in invoke("score", input=row).stderr
    assert "1 hostile, " in invoke("score", input=row).stderr
    assert invoke("score", "--quiet", input=row).stderr == ""


def test_order_and_company_of_a_reply_do_not_change_its_line(invoke, write_lines, community):
    def scored(rows, name):
        done = invoke("score", write_lines(rows, name), "--workers=1")
        assert done.exit_code == 0
        return done.stdout.splitlines()

    straight = scored(community, "straight.jsonl")
    assert len(straight) == len(community)
    order = list(range(len(community)))
    random.Random(7).shuffle(order)
    shuffled = scored([community[n] for n in order], "shuffled.jsonl")
    assert shuffled == [straight[n] for n in order]
    assert scored(community[100:103], "few.jsonl") == straight[100:103]


def test_workers_do_not_change_the_output(tonecheck_process, write_lines, community):
    rows = [{**row, "id": f"{row['id']}/{turn}"} for turn in (1, 2) for row in community]
    path = write_lines([*rows[:300], b"nope", *rows[300:]])
    alone = tonecheck_process("score", path, "--workers=1", "--skip-errors", "--quiet")
    together = tonecheck_process("score", path, "--workers=2", "--skip-errors", "--quiet")
    assert alone.returncode == together.returncode == 0
    assert alone.stdout.count(b"\n") == len(rows) + 1
    assert together.stdout == alone.stdout


def test_a_bad_row_of_a_json_list_is_named_by_its_number(invoke, lines, tmp_path):
    rows = [{"text": KIND}, {"text": 5}, {"text": KIND}]
    (tmp_path / "list.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    done = invoke("score", "list.json")
    found = lines(done.stdout)
    assert [row["id"] for row in found] == ["1", "2", "3"]
    assert found[1]["error"]["line"] is None
    assert "error: 1 of 3 rows could not be read; the first, row 2: " in done.stderr


def test_a_notice_that_costs_no_row_is_told_and_costs_no_exit_code(invoke, lines, tmp_path):
    (tmp_path / "latin.csv").write_bytes("text\ncaf\xe9 open\nfine\n".encode("latin-1"))
    done = invoke("score", "latin.csv")
    assert done.exit_code == 0
    assert len(lines(done.stdout)) == 2
    assert done.stderr.startswith("note: latin.csv: ")
