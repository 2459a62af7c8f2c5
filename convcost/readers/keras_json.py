"""JSON as Keras writes it: Python's dialect, where a constant may be NaN or Infinity (a mask's -inf, for one)."""

from __future__ import annotations

from typing import Any

import msgspec


def decode(text: str | bytes) -> dict[str, Any]:
    """The object in `text`. Raises msgspec.DecodeError where it is none."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError as strict:
        import json

        try:
            return msgspec.convert(json.loads(text), dict[str, Any])
        except ValueError:
            raise strict from None
