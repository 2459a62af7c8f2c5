"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(got: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'strides'?`, or nothing where no name comes near."""
    from difflib import get_close_matches

    names = list(allowed)
    folded = {name.lower(): name for name in names}
    near = [folded[got.lower()]] if got.lower() in folded else get_close_matches(got, names, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
