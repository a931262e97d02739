import base64
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import READERS, mbox, read_export, reader_named, sniff
from tonecheck.exports.mailtext import unflowed
from tonecheck.exports.mailvoice import own_words
from tonecheck.messages import BadRow, Message

FIXTURE = Path(__file__).parent / "fixtures" / "learning-list.mbox"
ENVELOPE = "From mara@example.org Tue Sep  8 10:30:00 2026\n"


def mail(text="Hi.\n", *, envelope=ENVELOPE, key="1@example.org", **more):
    headers = {
        "From": "Mara Hall <mara@example.org>",
        "Date": "Tue, 8 Sep 2026 10:30:00 +0000",
        "Subject": "Loops",
        "Message-ID": key and f"<{key}>",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    lines = (f"{name}: {value}\n" for name, value in headers.items() if value is not None)
    return f"{envelope}{''.join(lines)}\n{text}\n"


def parts(*bodies, kind="mixed"):
    """Returns the type and the text of a mail in parts, each with its headers."""
    text = "".join(f"--=b=\n{body}\n" for body in bodies) + "--=b=--\n"
    return {"text": text, "Content_Type": f'multipart/{kind}; boundary="=b="'}


@pytest.fixture
def talk(read, write):
    def talk(*mails, name="list.mbox"):
        content = b"".join(m.encode() if isinstance(m, str) else m for m in mails)
        return read(write(name, content), format="mbox")

    return talk


@pytest.fixture
def one(talk):
    def one(*args, **more):
        (message,), bad = talk(mail(*args, **more))
        assert not bad
        return message

    return one


def test_a_list_is_read_whole(read):
    assert sniff(FIXTURE).name == "mbox"
    messages, bad = read(FIXTURE)
    assert not bad
    assert [m.text for m in messages] == [
        "Hello all,\n\nFrom what I see it stops after five steps.\n"
        "The book says on page 12:\n\n    while n > 5",
        "Did you read page 13?\n\nIt says more than that. Reading on would have helped.",
        "No need to be “helpful” in that way, Kén. It counts down, so turn the sign around.",
        "Same here, thanks.",
    ]
    assert [m.author for m in messages] == ["Mara Hall", "Kén Ito", "Ito, Ken", "Lea Sand"]
    assert [m.id for m in messages] == [
        *("loop-1@example.org", "loop-2@example.net", "loop-3@example.com", "loop-4@example.org")
    ]
    assert [m.reply_to for m in messages] == ["", "loop-1@example.org", "loop-2@example.net", ""]
    assert {m.thread for m in messages} == {"loop-1@example.org"}
    assert {m.title for m in messages} == {"Why does my loop stop?"}
    assert messages[0].time == datetime(2026, 9, 8, 9, 30, tzinfo=UTC)
    assert [m.place for m in messages] == [f"learning-list.mbox:{n}" for n in (1, 18, 40, 92)]
    lines = FIXTURE.read_text().splitlines()
    assert all(lines[int(m.place.rpartition(":")[2]) - 1].startswith("From ") for m in messages)


def test_nobody_else_takes_the_fixture():
    assert [reader.name for reader in READERS if reader.sniff(FIXTURE)] == ["mbox"]


def test_it_takes_no_other_export(samples):
    reader = reader_named("mbox")
    others = [path for path in samples.iterdir() if path.is_file()]
    others += [p for p in FIXTURE.parent.rglob("*") if p.is_file() and p != FIXTURE]
    assert not [path.name for path in others if reader.sniff(path)]


@pytest.mark.parametrize(
    "line",
    [
        "From mara at example.org  Tue Sep  8 10:30:00 2026",
        "From mara@example.org Tue Sep 08 10:30:00 +0000 2026",
        "From 1234567890@xxx Tue Sep 08 10:30:00 +0000 2026",
        "From - Tue Sep 08 10:30:00 2026",
        "From mara@example.org Tue Sep  8 10:30:00 EDT 2026",
        "From mara@example.org Tue Sep  8 10:30 2026",
        "From mara@example.org Tue Sep  8 10:30:00 2026 -0400",
        'From "mara hall"@example.org  Tue Sep  8 10:30:00 2026 remote from host',
    ],
)
def test_what_programs_write_before_a_mail_is_known(talk, write, line):
    first, second = (mail(envelope=line + "\n", key=key, Date=None) for key in "ab")
    assert reader_named("mbox").sniff(write("x.txt", first))
    messages, bad = talk(first, second)
    assert [m.id for m in messages] == ["a", "b"]
    assert {m.time.date().isoformat() for m in messages} == {"2026-09-08"}
    assert not bad


@pytest.mark.parametrize(
    "text",
    [
        "I heard:\n\nFrom Monday on, no more lessons.\n",
        "From Tue Sep  8 10:30:00 2026 on it is closed\nand that is all.\n",
        "From 8d6b0f0a8d6b0f0a8d6b0f0a8d6b0f0a8d6b0f0a Mon Sep 17 00:00:00 2001\nFrom: Ken\n",
    ],
)
def test_a_sentence_that_begins_with_from_opens_no_mail(one, text):
    assert one(text).text == text.strip()


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_either_line_ending_is_read(talk, ending):
    whole = (mail("One.\n\nTwo.\n") + mail("Three.", key="2")).replace("\n", ending)
    messages, bad = talk(whole)
    assert [m.text for m in messages] == ["One.\n\nTwo.", "Three."]
    assert not bad


# --- who, when, what about, in answer to what


@pytest.mark.parametrize(
    ("sender", "author"),
    [
        ("Mara Hall <mara@example.org>", "Mara Hall"),
        ('"Hall, Mara" <mara@example.org>', "Hall, Mara"),
        ("mara at example.org (Mara Hall)", "Mara Hall"),
        ("mara at example.org", "mara@example.org"),
        ("mara(a)example(dot)org", "mara@example.org"),
        ("mara [at] example [dot] org (Mara (Hall))", "Mara (Hall)"),
        ("mara at example.org (mara at example.org)", "mara@example.org"),
        ("Mara at Home <mara@example.org>", "Mara at Home"),
        ("=?utf-8?b?TcOhcmE=?= =?iso-8859-1?q?_H=E1ll?= <mara@example.org>", "Mára Háll"),
        ("=?utf-8?b?broken <mara@example.org>", "=?utf-8?b?broken"),
        ("=?nonsense?q?Mara?= <mara@example.org>", "Mara"),
        ("Mára Hall <mara@example.org>", "Mára Hall"),
        ("'Mara Hall' via Learning <learning@example.org>", "Mara Hall"),
        ("mara@...", "mara@..."),
        ("", ""),
        (None, ""),
    ],
)
def test_a_sender_is_known_however_the_header_is_written(one, sender, author):
    assert one(From=sender).author == author


def test_a_header_that_is_not_utf_8_is_read(talk):
    (message,), _ = talk(mail(From="Mára <mara@example.org>").encode("latin-1"))
    assert message.author == "Mára"


def test_people_who_share_a_name_are_told_apart_by_their_addresses(talk):
    senders = [
        *("Ken <ken@example.org>", "ken.ito at example.net (Ken)", "Ken <KEN@example.org>"),
        *("Lea <lea@example.org>", "Ken via Learning <list@example.org>"),
    ]
    more = [{}, {}, {}, {}, {"Reply_To": "Ken <ken@example.org>"}]
    messages, _ = talk(
        *(mail(str(n), key=str(n), From=s, **more[n]) for n, s in enumerate(senders))
    )
    assert [m.author for m in messages] == [
        *("Ken (ken)", "Ken (ken.ito)", "Ken (ken)", "Lea", "Ken (ken)")
    ]


def test_half_an_address_tells_nobody_apart(talk):
    messages, _ = talk(
        *(mail(n, key=n, From=f"Ken <{n}...@gmail.com>") for n in ("ke", "ki")),
        mail("x", key="x", From="Ken <xxx@xxxxxxxx>"),
    )
    assert {m.author for m in messages} == {"Ken"}


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Tue, 8 Sep 2026 10:30:00 +0200 (CEST)", datetime(2026, 9, 8, 8, 30, tzinfo=UTC)),
        ("8 Sep 2026 10:30:00 -0000", datetime(2026, 9, 8, 10, 30, tzinfo=UTC)),
        ("Tue, 08 Sep 98 10:30 EST", datetime(1998, 9, 8, 15, 30, tzinfo=UTC)),
        ("2026-09-08T10:30:00Z", datetime(2026, 9, 8, 10, 30, tzinfo=UTC)),
        ("yesterday", datetime(2026, 9, 8, 10, 30, tzinfo=UTC)),  # of the envelope
        (None, datetime(2026, 9, 8, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_from_its_header_or_else_from_the_line_before(one, date, moment):
    assert one(Date=date).time == moment


def test_a_date_that_cannot_be_read_costs_the_date_and_not_the_mail(talk):
    envelope = ENVELOPE.replace(" 8 ", "99 ")
    messages, bad = talk(mail(envelope=envelope, Date="some day"))
    assert [m.time for m in messages] == [None]
    assert bad == [
        (
            "list.mbox",
            "1 time could not be read, 'some day', so that message is undated. "
            "Look at their Date headers.",
        )
    ]


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Re: [R] Re: Loops", "Loops"),
        ("[Learning] AW: Re[2]: Loops", "Loops"),
        ("Fwd: Loops", "Loops"),
        ("=?utf-8?q?Re=3A_L=C3=B6ops?=", "Löops"),
        ("Regarding loops: why?", "Regarding loops: why?"),
        ("[ANN]", "[ANN]"),
        ("A subject that is\n folded", "A subject that is folded"),
        (None, ""),
    ],
)
def test_a_title_is_the_subject_without_what_answers_and_lists_put_before_it(one, subject, title):
    assert one(Subject=subject).title == title


def test_answers_make_a_thread_in_whatever_order_they_stand(talk):
    chain = [
        mail("a", key="a"),
        mail("b", key="b", In_Reply_To="<a>"),
        mail("c", key="c", References="<a> <b>"),
        mail("d", key="d", In_Reply_To='"Your mail of Monday" <c>', Subject="Other"),
        mail("e", key="e", Subject="Other matter"),
    ]
    for mails in (chain, chain[::-1]):
        messages, bad = talk(*mails)
        assert not bad
        found = {m.id: (m.thread, m.reply_to) for m in messages}
        assert found == {
            "a": ("a", ""),
            "b": ("a", "a"),
            "c": ("a", "b"),
            "d": ("a", "c"),
            "e": ("e", ""),
        }


def test_a_mail_that_is_missing_still_joins_its_answers(talk):
    messages, _ = talk(
        mail("c", key="c", References="<a>\n <b>"), mail("d", key="d", References="<a> <x>")
    )
    assert [(m.thread, m.reply_to) for m in messages] == [("a", "b"), ("a", "x")]


def test_mails_that_answer_each_other_or_themselves_end_somewhere(talk):
    messages, _ = talk(
        mail("a", key="a", In_Reply_To="<b>"),
        mail("b", key="b", In_Reply_To="<a>"),
        mail("c", key="c", In_Reply_To="<c>", References="<c> <c>"),
    )
    assert len({m.thread for m in messages[:2]}) == 1
    assert (messages[2].thread, messages[2].reply_to) == ("c", "")


def test_without_links_an_answer_joins_the_latest_of_its_subject_and_replies_to_nobody(talk):
    messages, _ = talk(
        mail("a", key="a", Subject="Question"),
        mail("b", key="b", Subject="RE: [L] question"),
        mail("c", key="c", Subject="Question"),
        mail("d", key="d", Subject="[L] Re: Question"),
        mail("e", key="e", Subject="Re: Another"),
        mail("f", key="f", Subject=None),
        mail("g", key="g", Subject="Re:"),
    )
    assert [m.thread for m in messages] == ["a", "a", "c", "c", "e", "f", "g"]
    assert {m.reply_to for m in messages} == {""}


def test_ids_are_unique_and_copies_count_once(talk):
    messages, bad = talk(
        mail("One.", key="a"),
        mail("One.", key="a", Received="by another host"),
        mail("Two.", key="a"),
        mail("Two.", key="a"),
        mail("Three.", key=None),
        mail("Four.", key=None),
        mail("Three.", key=None),
    )
    assert not bad
    assert [m.text for m in messages] == ["One.", "Two.", "Three.", "Four."]
    assert messages[0].id == "a"
    assert messages[1].id.startswith("a-")
    assert messages[2].id.startswith("no-id-")
    assert len({m.id for m in messages}) == 4


@pytest.mark.parametrize(
    "more",
    [
        {"From": "MAILER-DAEMON@host (Mail System)"},
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Precedence": "auto_reply"},
        {"Content_Type": 'multipart/report; boundary="x"'},
        {"X_Mozilla_Status": "0009"},
        {"Subject": "Learning Digest, Vol 12, Issue 3"},
        {"Subject": "Digest for learning@example.org - 3 updates in 2 topics"},
    ],
    ids=str,
)
def test_mails_of_software_and_deleted_ones_are_left_out(talk, more):
    assert talk(mail(**more)) == ([], [])


@pytest.mark.parametrize(
    "more",
    [
        *({"Auto_Submitted": "no"}, {"Precedence": "list"}, {"X_Mozilla_Status": "0001"}),
        {"Subject": "Re: Learning Digest, Vol 12, Issue 3"},
    ],
    ids=str,
)
def test_what_people_send_through_a_list_is_kept(one, more):
    assert one(**more).text == "Hi."


# --- parts and encodings


def test_the_plain_version_is_preferred_to_html_wherever_it_stands(one):
    plain, html = (
        "Content-Type: text/plain\n\nPlain.\n",
        "Content-Type: text/html\n\n<p>Rich.</p>\n",
    )
    assert one(**parts(html, plain, kind="alternative")).text == "Plain."
    assert one(**parts("Content-Type: text/plain\n\n \n", html, kind="alternative")).text == "Rich."
    assert one(**parts(html, kind="related")).text == "Rich."
    assert one(**parts(kind="alternative")).text == ""


def test_attachments_and_mails_inside_a_mail_are_not_what_the_author_wrote(one):
    message = one(
        **parts(
            "\nMine.\n",
            "Content-Type: text/plain; name=log.txt\n\nYou fool.\n",
            "Content-Type: text/plain\nContent-Disposition: attachment\n\nYou fool.\n",
            "Content-Type: text/calendar\n\nYou fool.\n",
            "Content-Type: message/rfc822\n\nFrom: ken@example.org\n\nYou fool.\n",
            "Content-Type: application/pgp-signature\n\nx\n",
            "Content-Type: text/plain\n\nAlso mine.\n",
        )
    )
    assert message.text == "Mine.\n\nAlso mine."


@pytest.mark.parametrize(
    ("charset", "sent"),
    [
        ("utf-8", "naïve “ok”".encode()),
        ("iso-8859-1", "naïve “ok”".encode("cp1252")),
        ("windows-1252", "naïve “ok”".encode("cp1252")),
        ("us-ascii", "naïve “ok”".encode()),
        ("us-ascii", "naïve “ok”".encode("cp1252")),
        ("x-unknown", "naïve “ok”".encode()),
        ("utf-8", "naïve “ok”".encode("cp1252")),
        ("punycode", "naïve “ok”".encode()),
        ("zlib", "naïve “ok”".encode()),
    ],
)
@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_a_text_is_decoded_as_it_says_or_as_it_must_have_been_meant(talk, charset, sent, encoding):
    if encoding == "base64":
        sent = base64.b64encode(sent)
    elif encoding == "quoted-printable":
        sent = b"".join(b"=%02X" % byte for byte in sent)
    head = mail(
        "",
        Content_Type=f'text/plain; charset="{charset}"',
        Content_Transfer_Encoding=encoding,
    )
    (message,), bad = talk(head.encode() + sent + b"\n")
    assert message.text == "naïve “ok”"
    assert not bad


def test_a_charset_that_only_base64_can_carry_is_read(one):
    sent = base64.b64encode("naïve ☺".encode("utf-16")).decode()
    message = one(
        sent, Content_Type="text/plain; charset=utf-16", Content_Transfer_Encoding="base64"
    )
    assert message.text == "naïve ☺"


def test_base64_that_breaks_off_yields_what_there_is(one):
    sent = base64.b64encode(b"A text that breaks off here, or nearly here.").decode()[:-7]
    text = one(sent, Content_Transfer_Encoding="base64").text
    assert text.startswith("A text that breaks off here")


@pytest.mark.parametrize(
    ("sent", "delsp", "text"),
    [
        ("One \ntwo.\nThree.", False, "One two.\nThree."),
        ("One \ntwo.", True, "Onetwo."),
        ("> See \n> there. \nMine.", False, "> See there. \nMine."),
        ("> See \n>> deeper.", False, "> See \n>> deeper."),
        (" From here\n >not quoted", False, "From here\n>not quoted"),
        ("Mine. \n-- \nMara", False, "Mine. \n-- \nMara"),
        ("Mine.\r\n", False, "Mine.\n"),
    ],
)
def test_flowed_lines_are_joined(sent, delsp, text):
    assert unflowed(sent, delsp=delsp) == text


def test_a_flowed_mail_is_joined_and_its_quotations_go(one):
    message = one(
        "You are \nright.\n\n> No \n> you.\n-- \nMara\n",
        Content_Type="text/plain; charset=utf-8; format=flowed; delsp=no",
    )
    assert message.text == "You are right."


# --- the author's own words

SAID = "On Tue, Sep 8, 2026 at 10:30 AM, Ken Ito <ken at example.org> wrote:"
FOREIGN = "You are an idiot."


@pytest.mark.parametrize(
    "text",
    [
        f"Mine.\n\n{SAID}\n> {FOREIGN}\n",
        f"{SAID}\n> {FOREIGN}\n\nMine.\n",
        f"{SAID}\n\n> {FOREIGN}\n>\n> {FOREIGN}\nMine.\n",
        f"On Tue, Sep 8, 2026, Ken Ito\n<ken@example.org> wrote:\n\n>{FOREIGN}\n\nMine.\n",
        f"Am 08.09.2026 um 10:30 schrieb Ken Ito:\n> {FOREIGN}\nMine.\n",
        f"Le mar. 8 sept. 2026 à 10:30, Ken Ito <k@e.org> a écrit :\n\n> {FOREIGN}\n\nMine.",
        f"Ken Ito wrote:\n> {FOREIGN}\nMine.\n",
        f"Ken Ito <ken@example.org> writes:\n\n>> {FOREIGN}\n\nMine.",
        f"2026-09-08 10:30 GMT+02:00 Ken Ito <ken@example.org>:\n> {FOREIGN}\n\nMine.",
        f"KI> {FOREIGN}\nKI> {FOREIGN}\n\nMine.",
        f"  > {FOREIGN}\nMine.",
        f"> {FOREIGN}\n>From Ken, too: {FOREIGN}\n\nMine.",
        f"Ken said:\n>From what I see: {FOREIGN}\n\nMine.",
        f"> {FOREIGN}\n>:( {FOREIGN}\nMine.",
        # Answered above, and nothing marked below.
        f"Mine.\n\n{SAID}\n\n{FOREIGN}\nKen\n",
        f"Mine.\n\nOn 8 Sep 2026, at 10:30,\nKen Ito <k@e.org>\nwrote:\n\n{FOREIGN}\n",
        f"Mine.\n\n{SAID}\n",
        f"Mine.\n\n-----Original Message-----\nFrom: Ken Ito\nSent: Monday\n\n{FOREIGN}\n",
        f"Mine.\n\n----- Original Message ----- \n\n{FOREIGN}\n",
        f"Mine.\n\n---------- Forwarded message ---------\nFrom: Ken\n\n{FOREIGN}\n",
        f"Mine.\n\nBegin forwarded message:\n\nFrom: Ken\n\n{FOREIGN}\n",
        "Mine.\n\n________________________________\nFrom: Ken Ito <k@e.org>\n"
        f"Sent: Tuesday\nTo: Mara\nSubject: Loops\n\n{FOREIGN}\n",
        f"Mine.\n\nFrom: Ken Ito\nDate: Tuesday\nTo: Mara\nSubject: Loops\n\n{FOREIGN}\n",
        f"Mine.\n\n*From:* Ken\n*Sent:* Tuesday\n*To:* Mara\n\n{FOREIGN}\n",
        f"Mine.\n\nVon: Ken\nGesendet: Dienstag\nAn: Mara\nBetreff: Los\n\n{FOREIGN}\n",
        # Answered below, as some do in Outlook.
        f"-----Original Message-----\nFrom: Ken\nSent: Monday\n\n> {FOREIGN}\n\nMine.",
        # Signatures, lists, archives.
        f"Mine.\n-- \nMara\n{FOREIGN}\n",
        f"Mine.\n--\nMara\n{FOREIGN}\n",
        f"Mine.\n-- \nMara\n\n{SAID}\n> {FOREIGN}\n",
        f"Mine.\n\n-- \nMara\n-- \n{FOREIGN}",
        f"Mine.\n_______________________________________________\nL mailing list\n{FOREIGN}",
        f"Mine.\n{'_' * 47}\nTutor maillist  -  Tutor at python.org\n{FOREIGN}",
        "Mine.\n\n--~--~---------~--~----~------------~-------~--~----~\n"
        'You received this message because you are subscribed to the Google Groups "L" group.\n',
        f"Mine.\n-------------- next part --------------\n{FOREIGN}\n",
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nMine.\n"
        "-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n",
        f"Mine.\r\n\r\n{SAID}\r\n> {FOREIGN}\r\n",
    ],
)
def test_the_words_of_others_and_of_software_are_not_the_authors(text):
    assert own_words(text) == "Mine."


@pytest.mark.parametrize(
    "text",
    [
        "From: the start\nTo: the end\nit is long.",
        "On balance, looking at what you wrote:\n\nI like it.",
        "On page 12 the author wrote:\n\nIt stops.",
        "Here it is:\n\n--------\nTitle\n--------\n\nText.",
        "--\nText below a line.",
        "I said: no.\nHe said: yes.",
        "a > b, and\n>:( is a face\nas well.",
        ">_<",
        "  Indented,\n\n\n\nand far apart.  ",
        "-- \n" + "\n".join(f"Line {n}." for n in range(20)),
        "====\nNot a list.\n====",
        "You wrote it\nyourself.",
    ],
)
def test_the_authors_own_words_stay_as_they_are(text):
    assert own_words(text) == text


def test_a_sentence_that_the_archive_escaped_is_put_right():
    assert own_words("So:\n\n>From here on\nit works.") == "So:\n\nFrom here on\nit works."
    assert own_words("So:\n>>From here on\nit works.") == "So:\nit works."


def test_what_stands_between_quotations_is_kept_with_one_line_between():
    text = f"Hi.\n\n{SAID}\n> a\n> b\n\nOne.\n\n\n> c\n\nTwo.\nStill two.\n> d\nThree.\n> e\n"
    assert own_words(text) == "Hi.\n\nOne.\n\n\nTwo.\nStill two.\nThree."


def test_a_mail_that_only_quotes_is_empty_and_not_lost(one):
    assert one(f"{SAID}\n> {FOREIGN}\n").text == ""


def test_quotations_in_html_go_like_those_in_plain_text(one):
    html = (
        f"<p>Mine.</p><hr><p><b>From:</b> Ken<br><b>Sent:</b> Monday<br><b>To:</b> Mara<br>"
        f"<b>Subject:</b> Loops</p><p>{FOREIGN}</p>"
    )
    assert one(html, Content_Type="text/html").text == "Mine."
    html = f"<p>Mine.</p><div>Ken wrote:<br><blockquote>{FOREIGN}</blockquote></div>"
    assert one(html, Content_Type="text/html").text == "Mine."
    html = "<p>Mine.</p><div>-- <br><div>Mara</div></div>"
    assert one(html, Content_Type="text/html").text == "Mine."


# --- what is broken, huge or made to do harm


def test_what_stands_before_the_first_mail_is_reported(talk):
    messages, bad = talk("Dear all,\n\n", mail())
    assert [m.place for m in messages] == ["list.mbox:3"]
    assert bad == [
        (
            "list.mbox:1",
            "this stands before the first mail, so nobody is known to have written it. "
            "Give the archive as it was downloaded.",
        )
    ]


@pytest.mark.parametrize("cut", ["Subject:", "Message-ID: <2"])
def test_a_file_that_breaks_off_in_headers_is_reported(talk, cut):
    second = mail("Two.", key="2")
    messages, bad = talk(mail("One."), second[: second.index(cut)])
    assert [m.text for m in messages] == ["One."]
    assert bad == [
        (
            "list.mbox:8",
            "no empty line ends the headers of this mail, so it has no text. "
            "If it is the last one, the file breaks off here: download it again.",
        )
    ]
    assert talk(mail("One."), ENVELOPE)[1][0][0] == "list.mbox:8"


def test_a_file_that_breaks_off_in_a_text_yields_what_there_is(talk):
    whole = mail(**parts("\nOne.\n", "Content-Type: text/html\n\n<p>Two.</p>\n"))
    messages, bad = talk(whole[: whole.index("Two") + 2])
    assert [m.text for m in messages] == ["One.\n\nTw"]
    assert not bad


@pytest.mark.parametrize(
    "content",
    ["Dear all,\n", "From: mara@example.org\n\nHi.\n", mail().encode("utf-16"), b"\0\xff" * 99],
    ids=["text", "one mail", "utf-16", "bytes"],
)
def test_a_file_without_a_mail_is_refused(read, write, content):
    path = write("list.mbox", content)
    assert not reader_named("mbox").sniff(path)
    with pytest.raises(InputError, match="holds no line such as"):
        read(path, format="mbox")


def test_an_empty_file_and_a_directory_are_refused(read, write, tmp_path):
    for path, problem in ((write("list.mbox", ""), "is empty"), (tmp_path, "is a directory")):
        with pytest.raises(InputError, match=problem):
            read(path, format="mbox")


def test_a_mark_before_the_first_line_is_passed_over(talk):
    messages, bad = talk(b"\xef\xbb\xbf" + mail().encode())
    assert [m.text for m in messages] == ["Hi."]
    assert not bad


def test_what_is_attached_to_a_mail_may_be_huge(talk, monkeypatch):
    monkeypatch.setattr(mbox, "_KEPT", 20_000)
    picture = "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" + "iVBO\n" * 9_000
    messages, bad = talk(
        mail(**parts("\nMine.\n", picture)),
        mail(key="2", **parts(picture, "\nMine.\n")),
        mail("Three.", key="3"),
    )
    assert [m.text for m in messages] == ["Mine.", "Three."]
    assert [m.place for m in messages][1] != bad[0][0]
    assert "begins behind its first 20,000 bytes" in bad[0][1]


def test_a_line_without_an_end_does_not_fill_the_memory(talk):
    long = "x" * 5_000_000 + "From mara@example.org Tue Sep  8 10:30:00 2026"
    tracemalloc.start()
    messages, _ = talk(mail(long), mail("Two.", key="2"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [m.id for m in messages] == ["1@example.org", "2"]
    assert peak < 60_000_000


def test_memory_grows_with_ids_and_not_with_texts(write):
    mails = (mail("word " * 400, key=str(n), In_Reply_To="<0>") for n in range(3_000))
    path = write("list.mbox", "".join(mails))
    tracemalloc.start()
    count = sum(1 for _ in read_export(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 3_000
    assert peak < 3_000_000 < path.stat().st_size / 2


def _nested(count):
    return "".join(
        f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(count)
    )


@pytest.mark.parametrize(
    "text",
    [
        _nested(3_000),
        "Content-Type: message/rfc822\n\n" * 5_000,
        "--=b=\n" * 100_000,
        "> a\n\n" * 200_000,
        "-- \n" * 300_000,
        ">From a\nb\n" * 100_000,
        "On Monday 10:30\n" * 60_000,
        "_____\n\n" * 100_000,
        "From: a\nTo: b\n\n" * 80_000,
        "a wrote:\n\n" * 90_000,
        "On 10:30 " + "x" * 900_000 + " wrote:\n",
        "<" * 500_000,
    ],
    ids=lambda text: repr(text[:20]),
)
@pytest.mark.parametrize("kind", ["text/plain; format=flowed", 'multipart/mixed; boundary="=b="'])
def test_no_mail_is_slow_or_stops_the_reading(talk, text, kind):
    start = time.process_time()
    messages, bad = talk(
        mail(f"--=b=\n{text}", Content_Type=kind), mail("fine", key="2", Content_Type="text/plain")
    )
    assert time.process_time() - start < 20
    assert messages[-1].text == "fine"
    assert len(messages) + len(bad) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"Content_Type": "text/plain; charset*=x'y"},
        {"Content_Type": "text/plain; name*0*=x; name*1*=y; name*bad*=z"},
        {"Content_Type": 'multipart/mixed; boundary=""'},
        {"Content_Type": "multipart/mixed"},
        {"Content_Type": "multipart/alternative"},
        {"Content_Type": "message/rfc822"},
        {"Content_Type": "text/plain; charset=\0"},
        {"Content_Type": ";;;==;"},
        {"Content_Transfer_Encoding": "x-uuencode"},
        {"Content_Transfer_Encoding": "nonsense"},
        {"Content_Disposition": "inline; filename*=utf-8'x"},
        {"Date": "Tue, 99 Sep 99999999999999999999 10:30:00 +999999999999"},
        {"Message_ID": "<<>>"},
        {"References": "<" * 20_000},
        {"Subject": "=?utf-8?b?" + "!" * 20_000 + "?="},
        {"Subject": "Re: " * 20_000},
        {"From": "=?utf-8?q?<mara@example.org>?="},
    ],
    ids=lambda more: str(more)[:60],
)
def test_a_malformed_header_yields_a_message_or_a_bad_row(talk, more):
    messages, bad = talk(mail(**more), mail("fine", key="2"))
    assert messages[-1].text == "fine"
    assert len(messages) + len([row for row in bad if "time" not in row[1]]) == 2


_LINES = FIXTURE.read_bytes().splitlines(keepends=True)


@given(
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=6),
    lines=st.lists(st.integers(0, len(_LINES) - 1), max_size=4),
    cut=st.integers(0, 10_000),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_or_lines_changed_give_messages_or_bad_rows(tmp_path, changes, lines, cut):
    mixed = list(_LINES)
    for at, line in enumerate(lines):
        mixed[line], mixed[-at] = mixed[-at], mixed[line]
    content = bytearray(b"".join(mixed))
    for at, byte in changes:
        content[at % len(content)] = byte
    path = tmp_path / "list.mbox"
    path.write_bytes(content[: cut or None] or b" ")
    reader_named("mbox").sniff(path)
    try:
        found = list(read_export(path, format="mbox"))
    except InputError:
        return
    assert all(isinstance(row, Message | BadRow) for row in found)
    ids = [row.id for row in found if isinstance(row, Message)]
    assert len(set(ids)) == len(ids)


@given(st.text(alphabet="> \n-_:OnFroma wt@<1:2", max_size=200) | st.text(max_size=200))
@settings(deadline=None)
def test_own_words_are_words_of_the_text(text):
    words = own_words(text)
    assert set(words.split("\n")) <= {
        line.removeprefix(">") if line.startswith(">From ") else line
        for line in ["", *text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    }
