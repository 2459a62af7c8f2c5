"""The command line: options in, text and exit code out. Only here is anything printed.

A command is one module with one function of the same name; its body imports what it runs. A run loads the module of its
command alone, so that no command waits for another. To add a command, write its module and name it in `COMMANDS`.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from convcost._version import __version__

COMMANDS = (
    "analyze",
    "compare",
    "variants",
    "separability",
    "plan",
    "rewrite",
    "export",
    "build",
    "widen",
    "memory",
    "devices",
    "sweep",
    "explain",
    "verify",
    "bench",
    "calibrate",
    "check",
    "diff",
    "init",
    "lock",
    "layers",
    "schema",
)


def app(commands: Iterable[str] = COMMANDS, listed: bool = False) -> typer.Typer:
    """The program with these commands. `listed`: to be named and described alone, for which no signature is read."""
    program = typer.Typer(
        name="convcost",
        help="What every layer of a convolutional network costs, as it is and as a depthwise separable convolution.",
        no_args_is_help=True,
        rich_markup_mode=None,  # plain help: never cut off, the same everywhere, and quick
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_options)
    for name in commands:
        command = getattr(importlib.import_module(f"{__name__}.{name}"), name)
        program.command(name)(_described(command) if listed else command)
    return program


def _described(command: Callable[..., None]) -> Callable[[], None]:
    def only() -> None: ...

    only.__doc__ = command.__doc__
    return only


def _asked() -> str | None:
    """The command of this run, or the one whose options a shell wants to complete."""
    completing = "_CONVCOST_COMPLETE" in os.environ
    typed = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    words = typed.split()[1:] if completing else sys.argv[1:]
    first = next((word for word in words if not word.startswith("-")), None)
    return first if first in COMMANDS else None


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"convcost {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[  # noqa: ARG001 (its callback acts on it)
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="CONVCOST_DEBUG", help="Show a traceback where convcost itself fails.")
    ] = False,
) -> None:
    if debug:
        os.environ["CONVCOST_DEBUG"] = "1"


def main() -> None:
    """Run the command line. An unexpected exception ends with 3: Python's own 1 means that the answer is no."""
    from convcost.cli.output import error, settle
    from convcost.errors import ConvcostError

    asked = _asked()
    program = app([asked]) if asked else app(listed=True)
    try:
        code = program(prog_name="convcost", standalone_mode=False)
    except ConvcostError as refusal:
        error(str(refusal))
        code = refusal.exit_code
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as failure:
        code = _misused(failure) if hasattr(failure, "format_message") else _failed(failure)
    settle()
    sys.exit(code)


def _misused(usage: Any) -> int:
    """Say what Typer says of wrong arguments, which may be the names of files (`convcost export *`)."""
    from convcost.units import printable

    told = io.StringIO()
    usage.show(told)
    sys.stderr.write("".join(f"{printable(line)}\n" for line in told.getvalue().split("\n")[:-1]))
    return int(usage.exit_code)


def _failed(failure: BaseException) -> int:
    """Say what went wrong in convcost itself."""
    from convcost.cli.output import error

    if os.environ.get("CONVCOST_DEBUG"):
        traceback.print_exception(failure)
    else:
        error(f"internal error: {type(failure).__name__}: {failure} (--debug shows where; please report it)")
    return 3
