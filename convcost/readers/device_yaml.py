"""A YAML profile of a device -> Device. `configs/devices/` holds those that come with convcost.

docs/roofline.md describes the format.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from convcost.errors import ConvcostError

if TYPE_CHECKING:
    from convcost.device import Device
    from convcost.readers.yaml_lines import Entries

VERSION = 1
SUFFIXES = (".yaml", ".yml")


def device(name: str) -> Device:
    """The device of that name, or in that file. Raises ConvcostError where there is none, or the file is no profile."""
    if name.endswith(SUFFIXES):
        return read_device(Path(name))
    profiles = known()
    if name not in profiles:
        from convcost.readers.spec.place import shown
        from convcost.suggestions import did_you_mean

        near = did_you_mean(name, profiles)
        raise ConvcostError(f"no device is named {shown(name)}{near}; allowed: {', '.join(profiles)}, or a .yaml file")
    return read_device(profiles[name])


def known() -> dict[str, Path]:
    """The profiles that come with convcost, by name."""
    from convcost.readers.shipped import shipped

    return shipped("devices")


def read_device(path: Path) -> Device:
    """The profile in a file. Raises ConvcostError naming the line, the key, what was got and what is allowed."""
    from convcost.device import Device
    from convcost.readers.located import located
    from convcost.readers.spec.place import shown
    from convcost.readers.yaml_lines import Entries, plain, read_yaml

    root = read_yaml(path)
    if not isinstance(root, Entries) or "convcost_device" not in root.entries:
        raise ConvcostError(f"{path}:{root.line}: no device profile: it has no line `convcost_device: {VERSION}`")
    version = root.entries["convcost_device"]
    if plain(version) != VERSION:
        raise ConvcostError(f"{path}:{version.line}: convcost_device is {shown(version)}, allowed: {VERSION}")
    rest = {key: node for key, node in root.entries.items() if key != "convcost_device"}
    found = located(Entries(root.line, rest), Device, str(path))
    _check(found, root, path)
    return found


def _check(found: Device, root: Entries, path: Path) -> None:
    """Raises ConvcostError where a dtype is none, or a rate is 0: what the types of the records do not tell."""
    from convcost.device import LAW_KINDS
    from convcost.model import DTYPE_BITS
    from convcost.readers.spec.place import shown
    from convcost.readers.yaml_lines import Entries, Node
    from convcost.suggestions import did_you_mean

    def node(key: str) -> Node:
        at: Node = root
        for part in key.split("."):
            assert isinstance(at, Entries)
            at = at.entries[part]
        return at

    if not found.macs_per_second:
        raise ConvcostError(
            f"{path}:{node('macs_per_second').line}: macs_per_second is empty, allowed: one dtype or more"
        )
    keys: list[tuple[str, Iterable[str]]] = [
        (f"macs_per_second.{dtype}", DTYPE_BITS) for dtype in found.macs_per_second
    ]
    keys += [(f"laws.{dtype}", DTYPE_BITS) for dtype in found.laws]
    keys += [(f"laws.{dtype}.{kind}", LAW_KINDS) for dtype, laws in found.laws.items() for kind in laws]
    for key, allowed in keys:
        around, _, name = key.rpartition(".")
        if name not in allowed:
            near = did_you_mean(name, allowed)
            raise ConvcostError(
                f"{path}:{node(key).line}: {around} has no {shown(name)}{near}; allowed: {', '.join(allowed)}"
            )
    for key, figure in found.figures.items():
        if not figure.value and "_per_second" in key:
            raise ConvcostError(f"{path}:{node(f'{key}.value').line}: {key}.value is 0, allowed: more than 0")
