"""Texts in YAML files: read back as they are, and inert where the file is shown."""

from __future__ import annotations

import json

from convcost.errors import ConvcostError


def quoted(text: str) -> str:
    """A text in double quotes. What does not print is escaped, and `##`, which the logs of CI jobs may obey."""
    signs = json.dumps(sayable(text), ensure_ascii=False).replace("##", "#\\u0023")
    return signs if signs.isprintable() else "".join(sign if sign.isprintable() else _escape(sign) for sign in signs)


def sayable(text: str) -> str:
    """The text. Raises ConvcostError where it holds half a character, as names of files that are no UTF-8 do."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ConvcostError(f"{text!r} holds half a character, which YAML cannot say") from None
    return text


def _escape(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 2**16 else f"\\U{ord(sign):08x}"
