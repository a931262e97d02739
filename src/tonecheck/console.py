"""Text that is safe to show: on a terminal, and as a line of JSON.

What people wrote may hold escape sequences that move the cursor, or controls that turn the
reading order around. They are shown, never obeyed.
"""

import json
from collections.abc import Mapping
from typing import Any

_UNSEEN = 0xFFFD
_SAFE = {
    # Half a surrogate pair cannot be encoded; U+2028 and U+2029 end lines for some terminals.
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0x2028, 0x2029], _UNSEEN),
    # Embeddings, overrides and isolates: https://trojansource.codes (CVE-2021-42574). The plain
    # marks U+200E and U+200F stay, for Hebrew and Arabic are written with them.
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], _UNSEEN),
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
}
_encode = json.JSONEncoder(ensure_ascii=False).encode


def printable(text: str) -> str:
    r"""Return a text of the same length in which a symbol stands for each unsafe character.

    Line breaks and tabs stay.

    Example:
        >>> printable("\x1b[31mred")
        '␛[31mred'
    """
    return text if text.isprintable() else text.translate(_SAFE)


def json_line(row: Mapping[str, Any]) -> str:
    r"""Return a row as one line of JSON, without its line break, that any reader takes.

    Example:
        >>> json_line({"text": "Käse", "cut": "\ud83d"})
        '{"text": "K\\u00e4se", "cut": "\\ud83d"}'
    """
    line = _encode(row)
    # Lone surrogates cannot be encoded, and some readers split lines at U+2028.
    return line if line.isprintable() else json.dumps(row)
