"""`convcost layers`: every kind that is counted, and how."""

from __future__ import annotations

from typing import Annotated

import typer


def layers(
    name: Annotated[str | None, typer.Argument(metavar="[KIND]", help="Show the settings of one kind.")] = None,
) -> None:
    """Every kind of layer that is counted, and how.

    \b
    convcost layers
    convcost layers Conv2D
    """
    import msgspec

    from convcost.cli.output import show
    from convcost.errors import ConvcostError
    from convcost.layers import every_kind
    from convcost.suggestions import did_you_mean

    kinds = every_kind()
    if name is None:
        width = max(map(len, kinds))
        show("".join(f"{kind:<{width}}  {record.formula}\n" for kind, record in kinds.items()))
        return
    if name not in kinds:
        raise ConvcostError(f"no rule for a layer kind {name!r}{did_you_mean(name, kinds)}; convcost layers lists all")
    record = kinds[name]
    lines = [f"{name}: MACs = {record.formula}"]
    if record.__doc__ and "Struct" not in record.__doc__:
        lines.append(record.__doc__.strip())
    lines += [
        f"  {field.name}" + ("" if field.required else f" = {field.default!r}")
        for field in msgspec.structs.fields(record)
    ]
    show("\n".join(lines) + "\n")
