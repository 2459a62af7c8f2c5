"""`convcost schema`: JSON Schemas for editors."""

from __future__ import annotations

from typing import Annotated

import typer

_SCHEMAS = {
    "spec": ("convcost.spec_schema", "spec_schema"),
    "budget": ("convcost.policy.records", "policy_schema"),
}
"""Which function writes the schema of a file; imported when it is asked for."""


def schema(
    of: Annotated[str, typer.Argument(metavar="spec|budget", help="Which file the schema describes.")],
) -> None:
    """A JSON Schema, for editors that complete and check a file.

    \b
    convcost schema spec > convcost-spec.schema.json
    convcost schema budget > convcost.schema.json
    """
    import importlib
    import json

    from convcost.cli.output import show
    from convcost.errors import ConvcostError

    if of not in _SCHEMAS:
        raise ConvcostError(f"no schema for {of!r}, allowed: {', '.join(_SCHEMAS)}")
    module, function = _SCHEMAS[of]
    show(json.dumps(getattr(importlib.import_module(module), function)(), indent=2) + "\n")
