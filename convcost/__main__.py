"""The program: `convcost`, and `python -m convcost`."""

from __future__ import annotations

import os
import signal
import sys

ENDS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Run the command line. Ctrl-C and a polite kill end it in silence, wherever it is, and what it began is undone."""
    for number in ENDS:
        signal.signal(number, _end)
    try:
        _open_standard_streams()
        from convcost.cli import main as run

        run()
    finally:
        _end_at_once()


def _end(number: int, _frame: object) -> None:
    _end_at_once()
    sys.exit(128 + number)


def _end_at_once() -> None:
    """From here on a signal ends the program as it ends any other: there is nothing left to undo, or no time."""
    for number in ENDS:
        signal.signal(number, signal.SIG_DFL)


def _open_standard_streams() -> None:
    """Where one is closed (`>&-`), no file that is opened later may get its number, and with it what is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


if __name__ == "__main__":
    main()
