"""YAML with lines: what scalars stand for, which line a value has, and what a hostile file meets."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from convcost.errors import ConvcostError
from convcost.readers import yaml_lines
from convcost.readers.yaml_lines import Entries, Items, Scalar, parse, plain, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0x1F", 31),
        ("0o17", 15),
        ("0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e9", 1e9),
        ("-1.5E-3", -0.0015),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2017-04-17", "2017-04-17"),
        ("'3'", "3"),
        ('"true"', "true"),
        (".inf", ".inf"),
        ("1_000", "1_000"),
        ("32 * alpha", "32 * alpha"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    read = plain(parse(f"key: {text}", "spec.yaml"))["key"]
    assert read == value
    assert type(read) is type(value)


def test_an_entry_has_the_line_of_its_key_and_an_item_its_own() -> None:
    root = parse("a:\n  b:\n    - 1\n    - c: 2\n      d:\n        3\n", "spec.yaml")
    assert isinstance(root, Entries)
    inner = root.entries["a"]
    assert isinstance(inner, Entries) and inner.line == 1
    items = inner.entries["b"]
    assert isinstance(items, Items) and items.line == 2
    assert [item.line for item in items.items] == [3, 4]
    last = items.items[1]
    assert isinstance(last, Entries)
    assert last.entries["c"] == Scalar(4, "2", 2)
    assert last.entries["d"] == Scalar(5, "3", 3)


def test_aliases_and_merge_keys_bring_in_what_they_name() -> None:
    text = "a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [*a, {z: 4}]}\n"
    assert plain(parse(text, "spec.yaml")) == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 2},
        "c": {"x": 1, "y": 3},
        "d": {"x": 1, "y": 2, "z": 4},
    }


TEXTS = st.text(alphabet="abno <&*!|>:#-'\"\n\té{}[],")
NUMBERS = st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    NUMBERS | st.booleans() | st.none() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    text = yaml.safe_dump({"value": value}, allow_unicode=True, sort_keys=False)
    assert repr(plain(parse(text, "x"))["value"]) == repr(value)


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", "spec.yaml:2: 'a' is given twice, first in line 1"),
        ("a: 1\n---\nb: 2\n", "spec.yaml:2: a second document starts here, allowed: one in a file"),
        ("? [a]\n: 1\n", "spec.yaml:1: a key is a list or a mapping, allowed: a name"),
        ("a: &a b\n*a : 1\n", "spec.yaml:2: a key is an alias, allowed: a name"),
        ("a: *b\n", "spec.yaml:1: alias *b has no anchor"),
        ("a: &a [*a]\n", "spec.yaml:1: alias *a stands inside itself"),
        ("a:\n  b: &b {<<: *b}\n", "spec.yaml:2: alias *b stands inside itself"),
        ("a: {<<: 3}\n", "spec.yaml:1: '<<' merges something else than mappings"),
        ("\n\na: 010\n", "spec.yaml:3: 010 is octal in YAML 1.1 and decimal in YAML 1.2: write it without the zero"),
        ("a: 1" + "0" * 5000, "spec.yaml:1: a number of 5,001 digits, allowed: 18"),
        ("a: 1e999\n", "spec.yaml:1: the number 1e999 is too large"),
        ("# nothing\n", "spec.yaml: the file is empty"),
        ("a: !!python/object/apply:os.system ['true']\n", "'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("a: !!python/name:os.system\n", "is not allowed: values are plain"),
        ("a: !custom 3\n", "spec.yaml:1: tag '!custom' is not allowed: values are plain"),
        ("!!set {a: 1}\n", "tag 'tag:yaml.org,2002:set' is not allowed"),
        ("- Add\n  from: a\n", "spec.yaml:2: no YAML: mapping values are not allowed"),
        ("a: \x07\n", "spec.yaml: no YAML: "),
        ("a: '\n", "no YAML: found unexpected end of stream"),
    ],
)
def test_refusals(text: str, message: str, pure: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if pure:
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    with pytest.raises(ConvcostError) as refusal:
        parse(text, "spec.yaml")
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def bomb(levels: int) -> str:
    """The billion laughs: each level ten aliases of the one before it."""
    lines = (f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels))
    return "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *lines])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000, "values are nested more than 64 deep, the most allowed"),
        ("{a: " * 200_000, "values are nested more than 64 deep, the most allowed"),
        ("\n".join(" " * level + "a:" for level in range(3000)), "values are nested more than 64 deep"),
        (bomb(12), "aliases stand for more than 100,000 values, the most allowed"),
        (bomb(12).replace("[*a4", "[{<<: [{b: 1}]}, *a4"), "aliases stand for more than 100,000 values"),
    ],
    ids=["lists", "mappings", "blocks", "laughs", "merged"],
)
def test_bombs_are_refused_at_once(text: str, message: str) -> None:
    start = time.process_time()
    with pytest.raises(ConvcostError, match=message):
        parse(text, "spec.yaml")
    assert time.process_time() - start < 1


def test_aliases_within_the_cap_are_read() -> None:
    assert isinstance(parse(bomb(4), "spec.yaml"), Entries)  # 10 · 10³ texts and the lists around them


def test_a_file_has_a_size_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_lines, "LARGEST_FILE", 1000)
    path = tmp_path / "spec.yaml"
    path.write_text("a: 1\n" + "#" * 995)
    assert plain(read_yaml(path)) == {"a": 1}
    path.write_text("a: 1\n" + "#" * 996)
    with pytest.raises(ConvcostError, match="the file has 1,001 bytes, allowed: 1,000"):
        read_yaml(path)


def test_a_file_is_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: \xce\xb1\n")
    assert plain(read_yaml(path)) == {"name": "α"}
    path.write_bytes(b"name: \xff\n")
    with pytest.raises(ConvcostError, match="no UTF-8 text: byte 6 is 0xff"):
        read_yaml(path)
