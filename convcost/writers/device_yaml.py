"""A device as the YAML profile that `convcost.readers.device_yaml` reads."""

from __future__ import annotations

from typing import Any

import msgspec

from convcost.device import VERSION, Device, Figure


def text_of(device: Device) -> str:
    """The profile of a device; what it does not tell is left out."""
    import yaml

    data = {"convcost_device": VERSION, **_plain(device)}
    text: str = yaml.safe_dump(data, sort_keys=False, default_flow_style=None, allow_unicode=True, width=1000)
    return text


def _plain(value: Any) -> Any:
    """Records and dictionaries as dictionaries, without what is empty."""
    if isinstance(value, Figure):
        return msgspec.structs.asdict(value)
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if one not in (None, {}, "")}
    return value
