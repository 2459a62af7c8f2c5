"""The command line: options in, text and exit code out. Only here is anything printed.

A command is one module with one function of the same name; its body imports what it runs. A run loads the module of its
command alone, so that no command waits for another. To add a command, write its module and name it in `COMMANDS`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from typing import Annotated

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
    "explain",
    "verify",
    "check",
    "diff",
    "init",
    "lock",
    "layers",
    "schema",
)


def app(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """The program with these commands."""
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
        program.command(name)(getattr(importlib.import_module(f"{__name__}.{name}"), name))
    return program


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
    from convcost.errors import ConvcostError

    asked = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), None)
    try:
        app([asked] if asked in COMMANDS else COMMANDS)(prog_name="convcost")
    except ConvcostError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        if os.environ.get("CONVCOST_DEBUG"):
            raise_with_traceback()
        _fail(f"internal error: {type(error).__name__}: {error} (--debug shows where; please report it)", 3)


def raise_with_traceback() -> None:
    """Print the traceback that is being handled, and end with 3."""
    import traceback

    traceback.print_exc()
    sys.exit(3)


def _fail(message: str, code: int) -> None:
    from convcost.cli.output import complain

    complain(message)
    sys.exit(code)
