"""What this machine is, as far as measured times hang on it."""

from __future__ import annotations

import platform
import re
from pathlib import Path


def processor() -> str:
    """The processor as it calls itself, with the number of cores that there are for programs: `AMD EPYC, 2 cores`."""
    import os

    cores = os.cpu_count() or 1
    return f"{_name()}, {cores} core{'s' if cores > 1 else ''}"


def _name() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        told = ""
    for key in ("model name", "Hardware", "Model"):  # x86 has the first, some Arm boards one of the others
        if found := re.search(rf"^{key}\s*:\s*(.+)$", told, re.MULTILINE):
            return " ".join(found[1].split())
    return platform.processor() or platform.machine() or "unknown processor"
