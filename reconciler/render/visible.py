"""What a reader could not see, made visible: the text shown is the text there is."""

from __future__ import annotations

import re

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for the tab and the line feed
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners and fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, directions
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"  # fillers, variation selectors 1 to 14, byte-order mark
    "\ud800-\udfff"  # halves of a character
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # tags, variation selectors 17+
    "]"
)


def visible(text: str) -> str:
    """The text with every control, direction and zero-width character as `<U+XXXX>`.

    Line feeds and tabs stay. Joiners within emoji are shown as well: they hide text elsewhere.
    """
    return _INVISIBLE.sub(lambda match: f"<U+{ord(match[0]):04X}>", text)
