"""Bytes and texts with parts changed; YAML line by line, and expressions by their grammar."""

from __future__ import annotations

import re
import struct
from random import Random

import yaml

from tests.fuzz.trees import mutated_tree

EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**64 - 1)
SIGNS = [
    *(
        "&a ",
        "*a",
        "<<: *a",
        "!!python/object/apply:os.system ",
        "!!binary ",
        "!!set ",
        "? ",
        "- ",
        ": ",
        "\t",
        "{",
        "}",
    ),
    *("[", "]", "|\n", ">\n", "---\n", "...\n", "%YAML 1.1\n", "\r", "\u2028", "\ufeff", "'", '"', "#", "~", ".inf"),
    *(".nan", "1e9", "0o17", "017", "12:30", "1_000", "null", "repeat: 3", "block: a", "from: x", "call: x", "name: x"),
]
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "<<", "@", "and", "if", "==", ",", ".")
FUNCTIONS = ("int", "round", "floor", "ceil", "min", "max", "make_divisible", "eval", "__import__", "abs", "alpha")
ATOMS = [
    *("0", "1", "2", "8", "0.5", "1e18", "1e400", "9" * 30, "alpha", "n", "word", "True", "None", "'a'", "...", "x.y"),
    *("[1]", "(1,)", "lambda: 1", "f'{n}'", "[i for i in n]", "0x10", "1j", "1_0", "-0.0", "__class__"),
]


def mutated_bytes(content: bytes, chance: Random) -> bytes:
    """`content` after one to six changes of a byte, a number or a stretch."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        _change(changed, chance)
    return bytes(changed)


def _change(content: bytearray, chance: Random) -> None:
    at = chance.randrange(len(content) + 1)
    stretch = slice(at, at + chance.choice((1, 2, 4, 8, 16, 64, 512)))
    match chance.randrange(8):
        case 0 if content:
            content[at % len(content)] ^= 1 << chance.randrange(8)
        case 1 if content:
            content[at % len(content)] = chance.randrange(256)
        case 2 | 3:  # a number of 1, 2, 4 or 8 bytes, where such numbers stand
            size, letter = chance.choice(((1, "B"), (2, "H"), (4, "I"), (8, "Q")))
            place = at // size * size
            value = chance.choice((*EDGES, at, len(content))) & (1 << 8 * size) - 1
            content[place : place + size] = struct.pack(f"<{letter}", value)
        case 4:
            del content[stretch]
        case 5:
            content[at:at] = content[stretch]
        case 6:
            source = chance.randrange(len(content) + 1)
            content[stretch] = content[source : source + (stretch.stop - stretch.start)]
        case _:
            if chance.random() < 0.1:
                del content[at:]


def mutated_yaml(content: bytes, chance: Random) -> bytes:
    """YAML with other values in it, or other lines."""
    text = content.decode("utf-8", "replace")
    if chance.random() < 0.6:
        try:
            root = yaml.safe_load(text)
            dumped: bytes = yaml.safe_dump(mutated_tree(root, chance), allow_unicode=True, encoding="utf-8")
        except (yaml.YAMLError, ValueError, RecursionError, TypeError):
            pass
        else:
            return dumped
    lines = text.splitlines(keepends=True) or [""]
    for _ in range(chance.randint(1, 4)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(7):
            case 0:
                lines[at], lines[other] = lines[other], lines[at]
            case 1:
                lines[at:at] = lines[other : other + chance.choice((1, 1, 5, 40))]
            case 2 if len(lines) > 1:
                del lines[at]
            case 3:
                lines[at] = " " * chance.randrange(6) + lines[at].lstrip()
            case 4:
                lines[at] = re.sub(r"\d+|\b[a-z]\w*", lambda _: expression(chance, 2), lines[at], count=1)
            case _:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chance.choice(SIGNS) + lines[at][place:]
    return "".join(lines).encode("utf-8", "surrogatepass")


def expression(chance: Random, depth: int) -> str:
    """Arithmetic as it may stand in a spec, and what comes near it."""
    if depth <= 0 or chance.random() < 0.2:
        return chance.choice(ATOMS)
    inner = (expression(chance, depth - 1) for _ in range(3))
    match chance.randrange(6):
        case 0 | 1 | 2:
            return f"{next(inner)} {chance.choice(OPERATORS)} {next(inner)}"
        case 3:
            return f"{chance.choice(FUNCTIONS)}({', '.join(list(inner)[: chance.randrange(4)])})"
        case 4:
            return f"({next(inner)})"
        case _:
            return chance.choice("-+~") * chance.choice((1, 1, 2, 50)) + next(inner)


def mutated_expression(content: bytes, chance: Random) -> bytes:
    """Another expression, or this one with a word exchanged."""
    words = re.findall(r"\w+|\S", content.decode("utf-8", "replace"))
    if not words or chance.random() < 0.5:
        return expression(chance, chance.randint(1, 5)).encode()
    words[chance.randrange(len(words))] = expression(chance, chance.randint(0, 2))
    return " ".join(words).encode()
