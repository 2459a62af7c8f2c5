"""A YAML profile of a device -> Device. `configs/devices/` holds those that come with convcost.

docs/roofline.md describes the format.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from convcost.errors import ConvcostError
from convcost.paths import YAML

if TYPE_CHECKING:
    from convcost.device import Device
    from convcost.readers.yaml_lines import Entries

LARGEST_FILE = 10**6
"""Bytes of a profile."""


def device(name: str) -> Device:
    """The device of that name, or in that file. Raises ConvcostError where there is none, or the file is no profile."""
    if name.endswith(YAML):
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
    from convcost.device import VERSION, Device
    from convcost.readers.located import located
    from convcost.readers.spec.place import shown
    from convcost.readers.yaml_lines import Entries, plain, read_yaml

    root = read_yaml(path, LARGEST_FILE)
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
    """Raises ConvcostError where a dtype is none, or a rate is below 1: what the types of the records do not tell."""
    from convcost.device import LAW_KINDS
    from convcost.model import DTYPE_BITS
    from convcost.readers.spec.place import shown
    from convcost.readers.yaml_lines import Entries, Node
    from convcost.suggestions import did_you_mean

    def line_of(*keys: str) -> int:
        at: Node = root
        for key in keys:
            assert isinstance(at, Entries)
            at = at.entries[key]
        return at.line

    if not found.macs_per_second:
        raise ConvcostError(
            f"{path}:{line_of('macs_per_second')}: macs_per_second is empty, allowed: one dtype or more"
        )
    names: list[tuple[tuple[str, ...], Iterable[str]]] = []
    names += [(("macs_per_second", dtype), DTYPE_BITS) for dtype in found.macs_per_second]
    names += [(("laws", dtype), DTYPE_BITS) for dtype in found.laws]
    names += [(("laws", dtype, kind), LAW_KINDS) for dtype, laws in found.laws.items() for kind in laws]
    for keys, allowed in names:
        *around, name = keys
        if name not in allowed:
            near = did_you_mean(name, allowed)
            what = f"{'.'.join(around)} has no {shown(name)}{near}; allowed: {', '.join(allowed)}"
            raise ConvcostError(f"{path}:{line_of(*keys)}: {what}")
    for key, figure in found.figures.items():
        if figure.value < 1 and "_per_second" in key:
            line, written = line_of(*key.split("."), "value"), shown(figure.value)
            raise ConvcostError(f"{path}:{line}: {key}.value is {written}, allowed: 1 or more")
