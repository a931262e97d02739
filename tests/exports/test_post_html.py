import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonecheck.exports.html import MAX_HTML, html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain &amp; simple", "plain & simple"),
        ("<p>One <b>two</b>.</p><p>Three<br>four</p>", "One two.\n\nThree\nfour"),
        ("a<br><br>b", "a\n\nb"),
        ("  many \n\n  spaces&nbsp;here ", "many spaces\xa0here"),
        ("<ul><li>a</li><li>b</li></ul>c", "- a\n- b\n\nc"),
        ("<ol><li>a<li>b<ul><li>c</ul><li>d</ol>", "1. a\n2. b\n\n- c\n\n3. d"),
        ("<table><tr><th>x</th><td>y</td></tr><tr><td>z</table>", "x y\nz"),
        ("x < y and y > z", "x < y and y > z"),
        ("I <3 this", "I <3 this"),
    ],
)
def test_blocks_become_lines(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<blockquote>Why?</blockquote>No.", "> Why?\n\nNo."),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc"),
        ("<blockquote>a<blockquote>b</blockquote>c</blockquote>d", "> a\n>\n> > b\n>\n> c\n\nd"),
        ("<aside class='quote'><blockquote>a</blockquote></aside>b", "> a\n\nb"),
        ("<blockquote>a<p>b", "> a\n>\n> b"),
        ("a</blockquote>b", "a\n\nb"),
        ("<blockquote><pre>x\n y</pre></blockquote>z", "> ```\n> x\n>  y\n> ```\n\nz"),
    ],
)
def test_quotes_become_lines_that_start_with_a_sign(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("use <code>len(x)</code> here", "use `len(x)` here"),
        ("<pre><code>if a:\n    b &lt; c\n</code></pre>so", "```\nif a:\n    b < c\n```\n\nso"),
        ("<pre>\na\n\nb", "```\na\n\nb\n```"),
        ("<pre>a<br>b</pre>", "```\na\nb\n```"),
    ],
)
def test_code_is_fenced_and_keeps_its_spaces(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://e.org/a?b=1&amp;c">notes</a>', "notes (https://e.org/a?b=1&c)"),
        ('<a href="https://e.org/">https://e.org/</a>', "https://e.org/"),
        ('<a href="https://e.org/"></a>', "https://e.org/"),
        ('<a href="mailto:t@e.org">t@e.org</a>', "t@e.org"),
        ('<a href="/u/ken">@ken</a>', "@ken"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        (
            '<a href="https://e.org">one <a href="https://e.net">two',
            "one (https://e.org)two (https://e.net)",
        ),
        ('<img src="p.png" alt="my plot"> <img src="q.png">.', "[my plot] ."),
        ('<img class="emoji" alt=":smile:">', ":smile:"),
        ('<img src="data:image/png;base64,iVBORw0KGgo=" alt="plot">', "[plot]"),
    ],
)
def test_links_and_pictures_keep_what_a_reader_saw(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<script>if (b < c) d()</script>e", "ae"),
        ("a<style>p > b {}</style>e", "ae"),
        ("a<!-- b > c -->d", "ad"),
        ("a<!-- never closed", "a<!-- never closed"),
        ("<!DOCTYPE html><p>a", "a"),
        ("<![foo bar]>a", "a"),
        ("<?php echo ?>a", "a"),
        ("a <b", "a <b"),
        ("&#99999999999;x&#" + "9" * 5_000 + ";", "\ufffdx\ufffd"),
    ],
)
def test_what_nobody_sees_goes_and_broken_markup_stays(html, text):
    assert html_to_text(html) == text


def test_deep_nesting_costs_no_depth():
    text = html_to_text("<blockquote>" * 20_000 + "deep" + "</blockquote>" * 20_000 + "<p>out")
    assert text == "> > > > > deep\n\nout"


def test_only_the_beginning_of_a_huge_post_is_read():
    assert len(html_to_text("x" * (MAX_HTML + 10))) == MAX_HTML


_tags = st.sampled_from(
    [
        *("<p>", "</p>", "<blockquote>", "</blockquote>", "<aside>", "</aside>", "<pre>", "</pre>"),
        *(
            "<code>",
            "</code>",
            "<ul>",
            "</ul>",
            "<ol>",
            "<li>",
            "<td>",
            "<br>",
            "<script>",
            "</script>",
        ),
        *(
            "<a",
            "<a>",
            "</a>",
            "<img",
            "<!--",
            "-->",
            "<!",
            "<?",
            "?>",
            "<![CDATA[",
            "]]>",
            "&",
            "&#",
        ),
        *("<", ">", "href=", "alt=", "'", '"', "/", "\n", "\0", "\ud800"),
    ]
)


def test_a_line_of_control_characters_only_is_no_line():
    assert html_to_text("<li><p>\x1f") == "-"


@settings(deadline=None)
@given(st.lists(_tags | st.text(max_size=8), max_size=40).map("".join))
def test_any_text_is_read_in_proportion_to_its_length(html):
    text = html_to_text(html)
    # Each tag adds at most a few signs to each line: quote signs, fences, list numbers.
    assert len(text) <= 40 * (len(html) + 1)
    assert not text.startswith("\n")
    assert not text.endswith("\n")


@given(st.text(st.characters(exclude_characters="<&\0", exclude_categories=["Cc", "Z"])))
def test_text_without_markup_is_left_alone(text):
    assert html_to_text(text) == text
