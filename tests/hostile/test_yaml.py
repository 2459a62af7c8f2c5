"""YAML: aliases that multiply, tags that build objects, keys that merge, and expressions that compute for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Result
from tests.hostile.conftest import Convcost

TOP = "convcost: 1\ninput: [8, 8, 3]\n"
LAYERS = "layers: [ReLU]\n"
SPEC = TOP + LAYERS
POLICY = "version: 1\nmodels: {net: {source: net.yaml, budget: {macs: {max: 1M}}}}\n"
PLAN = "convcost_plan: 1\nlayers: {re_lu: {variant: separable}}\n"

KINDS = {
    "spec": ("analyze {file}", SPEC),
    "policy": ("check --budget {file}", POLICY),
    "plan": ("rewrite net.yaml --plan {file} -o out.yaml", PLAN),
}
"""Files that are YAML: the command that reads one, and one that is fine."""


HEAVY = ("billion laughs", "lists 100,000 deep", "a key of 900,000 letters", "a list of 100,000", "an endless repeat")
"""What could take memory, and is run in a process of its own too."""


def laughs(levels: int) -> str:
    """Lists of ten aliases of lists of ten aliases…"""
    lines = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, levels)]
    return "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(lines)


TEXTS = {
    "billion laughs": laughs(9),
    "laughs among merge keys": laughs(4) + "b: &b {a: *a3}\nc: [" + "{<<: *b}, " * 100 + "]\n",
    "an alias within itself": "a: &a [*a]\n",
    "a merge key within itself": "a: &a {<<: *a}\n",
    "two merge keys in a loop": "a: &a {<<: *b}\nb: &b {<<: *a}\n",
    "a merge of a text": "a: {<<: text}\n",
    "an object": "a: !!python/object/apply:os.system [touch canary]\n",
    "a module": "a: !!python/module:os\n",
    "a name": "a: !!python/name:os.system\n",
    "a class": "a: !!python/object/new:subprocess.Popen [[touch, canary]]\n",
    "a tag of ours": "%TAG ! tag:yaml.org,2002:\n---\na: !python/object/apply:os.system [touch canary]\n",
    "a tag on a key": "!!python/name:os.system a: 1\n",
    "lists 100,000 deep": "a: " + "[" * 100_000,
    "mappings 100,000 deep": "a: " + "{a: " * 100_000,
    "blocks 100,000 deep": "".join(f"{' ' * depth}a:\n" for depth in range(1000)),
    "a list as a key": "? [a, b]\n: 1\n",
    "a key of 900,000 letters": "a" * 900_000 + ": 1\n",
    "a key given twice": "a: 1\na: 2\n",
    "a number of 10,000 digits": "a: " + "9" * 10_000 + "\n",
    "a number beyond floats": "a: 1e400\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "a list of 100,000": "a: [" + "1," * 100_000 + "1]\n",
    "an endless repeat": TOP + "layers:\n- repeat: 999999999999\n  layers: [ReLU]\n",
    "a repeat of repeats": TOP + "layers: [" + "{repeat: 9, layers: [" * 20 + "ReLU" + "]}" * 20 + "]\n",
    "a block in itself": TOP + "blocks: {a: {layers: [{block: a}]}}\nlayers: [{block: a}]\n",
    "a setting of 100,000 sizes": TOP + "layers:\n- Conv2D: {filters: 8, kernel_size: [" + "1," * 100_000 + "1]}\n",
    "nothing": "# nothing\n",
    "a text alone": "text\n",
    "a list alone": "- 1\n",
    "NUL": "a: \0\n",
    "half a surrogate pair": "a: \ud800\n",
    "UTF-16": "a: 1\n".encode("utf-16"),
    "bytes": b"\xff\xfe\xfd",
    "a tab": "a:\n\t- 1\n",
}


def written(folder: Path, kind: str, text: str | bytes) -> list[str]:
    """The command that reads the file."""
    (folder / "net.yaml").write_text(SPEC)
    path = folder / f"{kind}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return KINDS[kind][0].format(file=path.name).split()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_are_none_of_ours(
    tmp_path: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run(*written(tmp_path, kind, TEXTS[name]))
    refused(ended, f"{kind}.yaml")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", HEAVY)
def test_memory(tmp_path: Path, convcost: Convcost, name: str) -> None:
    convcost(*written(tmp_path, "spec", TEXTS[name])).refuses("spec.yaml", "")


@pytest.mark.parametrize("kind", KINDS)
def test_tags_below_what_is_fine(
    tmp_path: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The whole file is read before any of it is used."""
    monkeypatch.chdir(tmp_path)
    text = KINDS[kind][1] + "zzz: !!python/object/apply:os.system [touch canary]\n"
    refused(run(*written(tmp_path, kind, text)), "tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed")
    assert not (tmp_path / "canary").exists()


EXPRESSIONS = {
    "9**9**9": "no number within",
    "9**9**9**9": "no number within",
    "2 ** 10 ** 18": "no number within",
    "10 ** 18 * 10": "no number within",
    "0 ** -1": "a division by zero",
    "(-8) ** 0.5": "cannot be computed",
    "1 / 0": "a division by zero",
    "1 // 0.0": "a division by zero",
    "5 % 0": "a division by zero",
    "1e400": "no number within",
    "-" * 190 + "1": None,
    "-" * 250 + "1": "an expression of 251 characters, allowed: 200",
    "(" * 99 + "1" + ")" * 99: None,
    "((((" * 25 + "1": "no expression",
    "9" * 199: "no number within",
    "int(1e18) << 60": "no expression",
    "'a' * 10 ** 9": "no expression",
    "[1] * 10 ** 9": "no expression",
    "__import__('os').system('touch canary')": "no expression",
    "().__class__.__bases__[0].__subclasses__()": "no expression",
    "int.__class__": "no expression",
    "(lambda: 1)()": "no expression",
    "eval('1')": "no expression",
    "f'{alpha.__class__}'": "no expression",
    "[x for x in (1, 2)]": "no expression",
    "alpha if alpha else 1": "no expression",
    "alpha := 1": "no expression",
    "max(*alpha)": "no expression",
    "round(alpha, ndigits=1)": "no expression",
    "min()": "cannot be computed",
    "make_divisible(8, 0)": "a division by zero",
    "make_divisible(10 ** 18, 10 ** 18)": None,
    "round(1e18)": None,
    "alpha\0": "no expression",
    "𝒂lpha": None,
    "beta": "no parameter is named 'beta'",
    "10 if": "no expression",
}
"""And what is said of each; nothing where it is fine, or may be either."""


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions(tmp_path: Path, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    quoted = json.dumps(text)
    spec = f"convcost: 1\nparameters: {{alpha: 2}}\ninput: [8, 8, 3]\nlayers: [{{Dense: {{units: {quoted}}}}}]\n"
    ended = run(*written(tmp_path, "spec", spec))
    if EXPRESSIONS[text] is None:
        assert ended.code in (0, 2)
        assert "Traceback" not in ended.err + ended.out
        assert "internal error" not in ended.err
    else:
        refused(ended, EXPRESSIONS[text])
    assert not (tmp_path / "canary").exists()


def refused(ended: Result, reason: str) -> None:
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("error: ")
    assert reason in ended.err
