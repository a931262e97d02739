import re

import pytest

from tonecheck.audit.grouping import read_groups
from tonecheck.errors import InputError


@pytest.fixture
def groups(tmp_path):
    def read(content, encoding="utf-8"):
        path = tmp_path / "groups.csv"
        path.write_text(content, encoding=encoding)
        return read_groups(path)

    return read


def test_authors_and_groups_are_read_whatever_else_there_is(groups):
    content = 'group,author,note\nday, Ana ,x\nnight,"Bó, Jr.",\nday,Ana,again\n'
    assert groups(content, "utf-8-sig") == {"Ana": "day", "Bó, Jr.": "night"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no columns author and group. Give a CSV file in UTF-8"),
        ("name,group\nAna,day\n", "has no columns author and group."),
        ("author,group\nAna\n", "groups.csv:2: a row needs an author and a group."),
        ("author,group\nAna,day\nAna,night\n", "groups.csv:3: this author is in another group"),
        (f"author,group\nAna,{'x' * 61}\n", "has more than 60 characters. Shorten it."),
        (f"author,group\n{'x' * 200_000},day\n", "the groups cannot be read: field larger"),
    ],
)
def test_a_broken_file_is_refused_with_the_place_and_without_names(groups, content, message):
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        groups(content)
    assert "Ana" not in str(refused.value)


def test_a_file_in_another_encoding_is_refused(groups):
    with pytest.raises(InputError, match=r"groups\.csv: the groups cannot be read: .*in UTF-8"):
        groups("author,group\nJosé,day\n", "latin-1")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: the groups cannot be read: .*No such file"):
        read_groups(tmp_path / "none.csv")
