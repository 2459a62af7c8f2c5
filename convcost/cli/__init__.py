"""The command line: options in, text and exit code out. Only here is anything printed.

A command is one module with one function; its body imports what it runs, so that `--help`, completion and the other
commands never wait for it. To add a command, write its module and name it in `_COMMANDS`.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from convcost._version import __version__
from convcost.cli.analyze import analyze
from convcost.cli.build import build
from convcost.cli.check import check
from convcost.cli.compare import compare
from convcost.cli.diff import diff
from convcost.cli.explain import explain
from convcost.cli.export import export
from convcost.cli.init import init
from convcost.cli.layers import layers
from convcost.cli.lock import lock
from convcost.cli.memory import memory
from convcost.cli.plan import plan
from convcost.cli.rewrite import rewrite
from convcost.cli.schema import schema
from convcost.cli.separability import separability
from convcost.cli.variants import variants
from convcost.cli.verify import verify
from convcost.cli.widen import widen

_COMMANDS = (
    analyze,
    compare,
    variants,
    separability,
    plan,
    rewrite,
    export,
    build,
    widen,
    memory,
    explain,
    verify,
    check,
    diff,
    init,
    lock,
    layers,
    schema,
)

app = typer.Typer(
    name="convcost",
    help="What every layer of a convolutional network costs, as it is and as a depthwise separable convolution.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: never cut off, the same everywhere, and quick
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in _COMMANDS:
    app.command()(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"convcost {__version__}")
        raise typer.Exit


@app.callback()
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

    try:
        app(prog_name="convcost")
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
