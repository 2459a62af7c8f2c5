"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[int, int, str], None]
"""Is told how many of how many steps are done, and which is next."""
