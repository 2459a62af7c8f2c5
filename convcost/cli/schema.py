"""`convcost schema`: JSON Schemas for editors."""

from __future__ import annotations

from typing import Annotated

import typer


def schema(
    of: Annotated[str, typer.Argument(metavar="spec", help="Which file the schema describes.")],
) -> None:
    """A JSON Schema, for editors that complete and check a file.

    \b
    convcost schema spec > convcost-spec.schema.json
    """
    import json

    from convcost.cli.output import show
    from convcost.errors import ConvcostError

    if of != "spec":
        raise ConvcostError(f"no schema for {of!r}, allowed: spec")
    from convcost.spec_schema import spec_schema

    show(json.dumps(spec_schema(), indent=2) + "\n")
