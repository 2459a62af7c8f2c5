"""Protocol buffers: fields changed, doubled and left out, at any depth, and the JSON in their texts."""

from __future__ import annotations

from random import Random

from convcost.readers.protobuf import LENGTH_DELIMITED, VARINT, fields
from tests.fuzz.texts import EDGES, mutated_bytes
from tests.fuzz.trees import mutated_json


def mutated_message(content: bytes, chance: Random) -> bytes:
    """A message with one of its fields, or one within, changed."""
    try:
        found = [
            (number, value if isinstance(value, int) else bytes(value)) for number, value in fields(memoryview(content))
        ]
    except ValueError:
        found = []
    if not found or chance.random() < 0.05:
        return mutated_bytes(content, chance)
    at = chance.randrange(len(found))
    number, value = found[at]
    match chance.randrange(10):
        case 0:
            del found[at]
        case 1:
            found.insert(at, found[at])
        case 2:
            found[at] = (chance.randrange(1, 12), value)
        case 3:
            found[at] = (number, chance.choice((*EDGES, b"", b"\xff")))
        case _ if isinstance(value, int):
            found[at] = (number, chance.choice(EDGES))
        case _:
            found[at] = (number, mutated_json(value, chance) or mutated_message(value, chance))
    return b"".join(field(number, value) for number, value in found)


def field(number: int, value: int | bytes) -> bytes:
    """A field as it lies in a message."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    return varint(number << 3 | LENGTH_DELIMITED) + varint(len(value)) + value


def varint(value: int) -> bytes:
    content = bytearray()
    while value > 0x7F:
        content.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*content, value])
