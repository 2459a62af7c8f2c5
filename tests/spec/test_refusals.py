"""What a spec may not say: the message names line, layer and setting, what was got and what is allowed."""

from __future__ import annotations

import time
from typing import Any

import pytest

from convcost.errors import ConvcostError
from convcost.profile import profile
from tests.spec.conftest import Spec

TOP = "convcost: 1\ninput: [8, 8, 3]\n"


def refusal(spec: Spec, text: str, **parameters: Any) -> str:
    """The message, without the directory; it comes on one line and at once."""
    start = time.process_time()
    with pytest.raises(ConvcostError) as caught:
        profile(spec(text, **parameters))
    assert time.process_time() - start < 2
    assert caught.value.exit_code == 2
    message = str(caught.value)
    assert "\n" not in message
    return message[message.index("spec.yaml") :]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("- Conv2D: {filters: 4, kernel_size: 3, stride: 2}", "(Conv2D): no setting 'stride'; did you mean 'strides'?"),
        (
            "- Flatten: {wide: 2}",
            "spec.yaml:4: layer 'flatten' (Flatten): no setting 'wide'; its settings are data_format",
        ),
        ("- Conv2d: {filters: 4}", "spec.yaml:4: no kind of layer is named 'Conv2d'; did you mean 'Conv2D'?"),
        ("- relu", "spec.yaml:4: no kind of layer is named 'relu'; did you mean 'ReLU'?"),
        ("- {repaet: 3, layers: [ReLU]}", "spec.yaml:4: no kind of layer is named 'repaet'; did you mean 'repeat'?"),
        ("- InputLayer", "spec.yaml:4: InputLayer is no item of a spec: write `input` or `inputs` at the top"),
        ("- Conv2D: {filters: 4}\n    ReLU:", "spec.yaml:4: an item has 2 kinds, Conv2D and ReLU; allowed: one"),
        (
            "- Conv2D:\n    filters: 4",
            "spec.yaml:5: 'filters' stands beside Conv2D; settings of Conv2D stand under it, indented",
        ),
        (
            "- {name: a}",
            "spec.yaml:4: an item has only name, allowed: one kind of layer, `block`, `repeat` or `call` with it",
        ),
        ("- {}", "spec.yaml:4: an item is {}, allowed: a kind of layer, or a mapping with one"),
        ("- [ReLU]", "spec.yaml:4: an item is ['ReLU'], allowed: a kind of layer"),
        ("- null", "spec.yaml:4: an item is null, allowed: a name"),
        ("- {ReLU: , with: {a: 3}}", "spec.yaml:4: an item with ReLU has no 'with'; allowed: name, from"),
        ("- {ReLU: , form: input}", "spec.yaml:4: 'form' stands beside ReLU"),
        ("- Conv2D: 3", "spec.yaml:4: the settings of Conv2D is 3, allowed: a mapping"),
        (
            "- Conv2D: {filters: 4}",
            "spec.yaml:4: layer 'conv2d' (Conv2D): kernel_size is missing, allowed: an int of 1 or more or a list",
        ),
        (
            "- Conv2D:\n      kernel_size: 3\n      filters: 4 * n",
            "spec.yaml:6: layer 'conv2d' (Conv2D): filters is 0 ('4 * n'), allowed: an int of 1 or more",
        ),
        (
            "- {Conv2D: {filters: 4, kernel_size: 3, padding: smae}, name: a}",
            "spec.yaml:4: layer 'a' (Conv2D): padding is 'smae', allowed: 'causal' or 'same' or 'valid'",
        ),
        (
            "- Conv2D: {filters: 4, kernel_size: 3, use_bias: no}",
            "layer 'conv2d' (Conv2D): use_bias is 'no', allowed: true or false",
        ),
        ("- Dense: {units: true}", "(Dense): units is true, allowed: an int of 1 or more"),
        ("- Dense: {units: null}", "(Dense): units is null, allowed: an int of 1 or more"),
        ("- Dense: {units: [3]}", "(Dense): units is [3], allowed: an int of 1 or more"),
        ("- Dense: {units: {a: 1}}", "(Dense): units is {'a': 1}, allowed: an int of 1 or more"),
        ("- Dense: {units: 12:30}", "(Dense): units is '12:30': no expression; allowed: numbers, parameters"),
        ("- Dense: {units: m}", "(Dense): units is 'm': no parameter is named 'm'"),
        ("- Dense: {units: 9**9**9}", "(Dense): units is '9**9**9': no number within ±10^18"),
        ("- Dense: {units: __import__('os')}", "no expression"),
        (
            "- Dense: {units: 2, activation: rleu}",
            "activation is 'rleu', allowed: an activation of Keras; did you mean 'relu'?",
        ),
        ("- ReLU: {max_value: six}", "(ReLU): max_value is 'six': no parameter is named 'six'"),
        ("- Conv2D: {filters: 4, groups: 3, kernel_size: 3}", "groups is 3, which does not divide filters (4)"),
        ("- Conv2D: {filters: 4, kernel_size: [3, 3, 3]}", "kernel_size has 3 entries"),
        ("- Conv2D: {filters: 4, kernel_size: 9}", "spec.yaml:4: layer 'conv2d' (Conv2D): a window of 9"),
        ("- {ReLU: , name: a/b}", "spec.yaml:4: the name 'a/b' holds a slash"),
        ("- {ReLU: , name: null}", "spec.yaml:4: name is null, allowed: a name"),
        ("- {ReLU: {name: a}, name: b}", "spec.yaml:4: name stands beside ReLU and among its settings"),
        ("- {ReLU: , dtype: flaot16}", "(ReLU): dtype is 'flaot16', allowed: a dtype such as float16"),
        ("- {ReLU: , trainable: maybe}", "(ReLU): trainable is 'maybe', allowed: true or false"),
        ("- TimeDistributed: {layer: {Dense: {units: 0}}}", "(TimeDistributed), its Dense: units is 0, allowed"),
        ("- TimeDistributed: {layer: {Dense: {units: 1}, from: input}}", "is one kind or block, without `from`"),
        ("- TimeDistributed: {layer: {repeat: 3, layers: [ReLU]}}", "is one kind or block, without `from`"),
        ("- TimeDistributed: {layer: {call: a}}", "is one kind or block, without `from`"),
        (
            "- ReLU\n  - call: relu",
            "spec.yaml:5: layer 'relu' (relu): call: no layer is named 'relu' above it; did you",
        ),
        ("- {call: input, name: a}", "layer 'a' (input): call: no layer is named 'input' above it"),
        ("- {call: later, name: a}\n  - {ReLU: , name: later}", "call: no layer is named 'later' above it"),
        ("- {ReLU: , name: a}\n  - {call: a, name: a}", "the name 'a' is taken, by line 4"),
        ("- {ReLU: , name: a}\n  - {call: a}\n  - {ReLU: , from: a}", "'a' (ReLU): nothing reads its output"),
        ("- {ReLU: , name: a}\n  - {call: a, trainable: false}", "an item with call has no 'trainable'"),
        ("- ReLU\n  - {ReLU: , from: 're_lu:1'}", "output 1 of layer 're_lu' (call 0) is read, which is not there"),
        ("- ReLU\n  - {ReLU: , from: 're_lu:9999999'}", "from: no layer is named 're_lu:9999999' here"),
        ("- ops.Meen", "no operation is named 'ops.Meen'; did you mean 'ops.Mean'?"),
        ("- ops.Mean: {axes: 1}", "layer 'mean' (ops.Mean): no setting 'axes'; did you mean 'axis'?"),
        ("- TimeDistributed", "(TimeDistributed): layer is missing, allowed: a layer"),
        ("- TimeDistributed: {layer: 3}", "(TimeDistributed): no kind of layer is named '3'"),
    ],
)
def test_items(spec: Spec, items: str, message: str) -> None:
    assert message in refusal(spec, f"{TOP}layers:\n  {items}\nparameters: {{n: 0.1}}\n")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            "- {ReLU: , name: a}\n  - {Flatten: , name: a}",
            "spec.yaml:5: layer 'a' (Flatten): the name 'a' is taken, by line 4",
        ),
        ("- {ReLU: , name: input}", "spec.yaml:4: layer 'input' (ReLU): the name 'input' is taken, by line 2"),
        (
            "- {ReLU: , name: abc}\n  - ReLU:\n    from: abd",
            "spec.yaml:6: layer 're_lu' (ReLU): from: no layer is named 'abd' here; did you mean 'abc'?",
        ),
        ("- {ReLU: , name: a, from: a}", "spec.yaml:4: layer 'a' (ReLU): from: it reads its own output, 'a'"),
        (
            "- {ReLU: , name: a, from: b}\n  - {ReLU: , name: b, from: a}",
            "spec.yaml:4: layer 'a' (ReLU): from: 'b' comes after it, in line 5; a layer reads what stands above it,"
            " so that no circle arises",
        ),
        ("- {ReLU: , from: []}", "spec.yaml:4: from is an empty list, allowed: one item or more"),
        ("- {ReLU: , from: null}", "spec.yaml:4: from is null, allowed: a name"),
        ("- {ReLU: , from: {a: 1}}", "spec.yaml:4: from is {'a': 1}, allowed: a name"),
        (
            "- {ReLU: , name: a}\n  - {ReLU: , from: input}",
            "spec.yaml:4: layer 'a' (ReLU): nothing reads its output, and it is no output of the model",
        ),
        ("- {repeat: 2, layers: []}", "spec.yaml:4: layers is an empty list, allowed: one item or more"),
        ("- repeat: 2", "spec.yaml:4: `layers` is missing, allowed: a list of layers"),
        (
            "- {repeat: -1, layers: [ReLU]}",
            "spec.yaml:4: repeat: its number of rounds is -1, allowed: an int of 0 or more",
        ),
        (
            "- {repeat: true, layers: [ReLU]}",
            "spec.yaml:4: repeat: its number of rounds is true, allowed: an int of 0 or more",
        ),
        ("- {repeat: n, layers: [ReLU]}", "'n': no parameter is named 'n'"),
        ("- {repeat: 0, layers: [ReLU]}", "spec.yaml:3: no layer is left: every repeat is 0"),
        (
            "- {repeat: 2, layers: [{ReLU: , name: a}]}",
            "spec.yaml:4: 'a' would be used in every round: give the repeat a name",
        ),
        (
            "- {ReLU: , name: r2}\n  - {repeat: 2, layers: [ReLU], name: r}",
            "spec.yaml:5: repeat 'r': the name 'r2' is taken, by line 4",
        ),
        (
            "- {ReLU: , name: a}\n  - {repeat: 2, layers: [ReLU], from: [a, input]}",
            "spec.yaml:5: repeat: from: it reads several layers, allowed: one",
        ),
        (
            "- {repeat: 2, layers: [ReLU], dtype: int8}",
            "an item with repeat has no 'dtype'; allowed: name, from, layers",
        ),
        ("- {block: separable}", "spec.yaml:4: layer 'separable' (separable): no block is named 'separable'"),
        ("- {block: [a]}", "spec.yaml:4: block is ['a'], allowed: a name"),
    ],
)
def test_names_and_reads(spec: Spec, items: str, message: str) -> None:
    assert message in refusal(spec, f"{TOP}layers:\n  {items}\n")


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            "a: {layers: [{block: b}]}\n  b: {layers: [ReLU, {block: a}]}",
            "spec.yaml:5: layer 'a/b/a' (a): recursive block a -> b -> a",
        ),
        ("a: {layers: [{block: a}]}", "spec.yaml:4: layer 'a/a' (a): recursive block a -> a"),
        ("a: {layers: [{TimeDistributed: {layer: {block: a}}}]}", "recursive block a -> a"),
        (
            "a: {parameters: {filters: null}, layers: [ReLU]}",
            "spec.yaml:5: layer 'a' (a): parameter 'filters' must be given: with: {filters: …}",
        ),
        ("a: {layers: []}", "spec.yaml:4: block 'a': layers is an empty list, allowed: one item or more"),
        ("a: {parameters: {n: 3}}", "spec.yaml:4: block 'a': `layers` is missing, allowed: a list of layers"),
        ("a: [ReLU]", "spec.yaml:4: block 'a': it is ['ReLU'], allowed: a mapping with `layers`"),
        ("a: {layer: [ReLU]}", "spec.yaml:4: block 'a': a block has no 'layer'; did you mean 'layers'?"),
        ("a/b: {layers: [ReLU]}", "the name 'a/b' holds a slash"),
        (
            "a: {inputs: [x, x], layers: [{Add: , from: [x, x]}]}",
            "spec.yaml:4: block 'a': two inputs have the same name",
        ),
        ("a: {inputs: [x, y], layers: [ReLU]}", "layer 'a/re_lu' (ReLU): the first layer must say what it reads"),
        ("a: {inputs: [x, y], layers: [{ReLU: , from: x}]}", "layer 'a/y' (InputLayer): nothing reads its output"),
        ("a: {inputs: [x, y], layers: [{Add: , from: [x, y]}]}", "model 'a' is called with 1 tensors, it takes 2"),
        (
            "a: {layers: [{ReLU: , from: b}]}\n  b: {layers: [ReLU]}",
            "layer 'a/re_lu' (ReLU): from: no layer is named 'b'",
        ),
        ("a: {layers: [{Conv2D: {filters: 3, kernel_size: 9}}]}", "spec.yaml:4: layer 'a/conv2d' (Conv2D): a window"),
        ("a: {parameters: {if: 3}, layers: [ReLU]}", "a parameter is named 'if', allowed: letters, digits and _"),
        ("a: {parameters: {min: 3}, layers: [ReLU]}", "a parameter is named 'min', allowed: letters, digits and _"),
        (
            "a: {parameters: {x: {y: 3}}, layers: [ReLU]}",
            "a parameter is {'y': 3}, allowed: a number, a word or a list",
        ),
        ("a: {parameters: {x: 1 / 0}, layers: [ReLU]}", "'1 / 0': a division by zero"),
    ],
)
def test_blocks(spec: Spec, blocks: str, message: str) -> None:
    assert message in refusal(spec, f"{TOP}blocks:\n  {blocks}\nlayers: [{{block: a}}]\n")


def test_a_parameter_that_a_block_does_not_have(spec: Spec) -> None:
    text = f"{TOP}blocks: {{a: {{parameters: {{filters: null}}, layers: [ReLU]}}}}\n"
    text += "layers: [{block: a, with: {%s: 3}}]"
    assert "layer 'a' (a): no parameter is named 'filter'; did you mean 'filters'?" in refusal(spec, text % "filter")
    assert "layer 'a' (a): no parameter is named 'x'; its parameters are filters" in refusal(spec, text % "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layers: [ReLU]", "spec.yaml: no spec: it has no line `convcost: 1`"),
        ("- a", "spec.yaml: no spec: it has no line `convcost: 1`"),
        ("convcost: 2", "spec.yaml:1: convcost is 2, allowed: 1, the format's version"),
        ("convcost: true", "spec.yaml:1: convcost is true, allowed: 1"),
        ("convcost: 1\nlayer: [ReLU]", "spec.yaml:2: a spec has no 'layer'; did you mean 'layers'?"),
        ("convcost: 1\nname: [a]", "spec.yaml:2: name is ['a'], allowed: a name"),
        ("convcost: 1\ninput: [3]", "spec.yaml: `layers` is missing, allowed: a list of layers"),
        ("convcost: 1\ninput: [3]\nlayers: []", "spec.yaml:3: layers is an empty list, allowed: one item or more"),
        ("convcost: 1\ninput: [3]\nlayers: ReLU", "spec.yaml:3: layers is 'ReLU', allowed: a list"),
        ("convcost: 1\nlayers: [ReLU]", "spec.yaml: a spec has one of `input: [height, width, channels]` and `inputs:"),
        ("convcost: 1\ninput: [3]\ninputs: {a: [3]}\nlayers: [ReLU]", "spec.yaml: a spec has one of"),
        ("convcost: 1\ninputs: {}\nlayers: [ReLU]", "spec.yaml:2: inputs is empty, allowed: one input or more"),
        (
            "convcost: 1\ninput: 8x8x3\nlayers: [ReLU]",
            "spec.yaml:2: input 'input': its shape is '8x8x3', allowed: a list",
        ),
        ("convcost: 1\ninput: [8, 0]\nlayers: [ReLU]", "spec.yaml:2: input 'input': a size is 0, allowed: an int of 1"),
        (
            "convcost: 1\ninput: [8, -1]\nlayers: [ReLU]",
            "spec.yaml:2: input 'input': a size is -1, allowed: an int of 1",
        ),
        ("convcost: 1\ninput: [8, [1]]\nlayers: [ReLU]", "a size is [1], allowed: an int of 1 or more"),
        ("convcost: 1\ninput: [8, true]\nlayers: [ReLU]", "a size is true, allowed: an int of 1 or more"),
        ("convcost: 1\ninput: [8, n]\nlayers: [ReLU]", "'n': no parameter is named 'n'"),
        ("convcost: 1\ninput: {dtype: int8}\nlayers: [ReLU]", "input 'input': its shape is missing"),
        ("convcost: 1\ninput: {shape: [3], dtype: x}\nlayers: [ReLU]", "input 'input': dtype is 'x', allowed: a dtype"),
        ("convcost: 1\ninputs: {a/b: [3]}\nlayers: [ReLU]", "the name 'a/b' holds a slash"),
        ("convcost: 1\ninputs: {a: [3], b: [3]}\nlayers: [ReLU]", "must say what it reads: from one of a, b"),
        (
            "convcost: 1\ninputs: {a: [3], b: [3]}\nlayers: [{ReLU: , from: a}]",
            "spec.yaml:2: layer 'b' (InputLayer): nothing reads its output",
        ),
        (
            "convcost: 1\ninput: [3]\nlayers: [{ReLU: , name: abc}]\noutputs: [abd]",
            "no layer is named 'abd'; did you mean 'abc'?",
        ),
        ("convcost: 1\ninput: [3]\nlayers: [ReLU]\noutputs: []", "spec.yaml:4: outputs is an empty list"),
        (
            "convcost: 1\ndtype: float33\ninput: [3]\nlayers: [ReLU]",
            "spec.yaml:2: dtype is 'float33', allowed: a dtype",
        ),
        (
            "convcost: 1\ndefaults: {Relu: {}}\ninput: [3]\nlayers: [ReLU]",
            "spec.yaml:2: defaults of 'Relu': no kind of layer",
        ),
        (
            "convcost: 1\ndefaults: {ReLU: 3}\ninput: [3]\nlayers: [ReLU]",
            "defaults of 'ReLU': it is 3, allowed: a mapping",
        ),
        (
            "convcost: 1\ndefaults: {Conv2D: {use_bais: false}}\ninput: [3]\nlayers: [ReLU]",
            "spec.yaml:2: defaults of 'Conv2D': no setting 'use_bais'; did you mean 'use_bias'?",
        ),
        ("convcost: 1\ndefaults: {ReLU: {name: a}}\ninput: [3]\nlayers: [ReLU]", "name is no default"),
        (
            "convcost: 1\ndefaults: {TimeDistributed: {layer: ReLU}}\ninput: [3]\nlayers: [ReLU]",
            "defaults of 'TimeDistributed': a layer is no default",
        ),
        (
            "convcost: 1\nparameters: {m: null}\ninput: [m]\nlayers: [ReLU]",
            "spec.yaml: parameter 'm' must be given: --set m=…",
        ),
        ("convcost: 1\nparameters: {x y: 3}\ninput: [3]\nlayers: [ReLU]", "spec.yaml:2: a parameter is named 'x y'"),
        (
            "convcost: 1\nlayers: !!python/object:os.path {}",
            "tag 'tag:yaml.org,2002:python/object:os.path' is not allowed",
        ),
    ],
)
def test_the_top_level(spec: Spec, text: str, message: str) -> None:
    assert message in refusal(spec, text)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"alhpa": 1}, "spec.yaml: no parameter is named 'alhpa'; did you mean 'alpha'?"),
        ({"x": 1}, "spec.yaml: no parameter is named 'x'; its parameters are alpha"),
        ({"alpha": float("nan")}, "spec.yaml: --set alpha: its value is out of bounds, allowed: within ±10^18"),
        ({"alpha": 10**5000}, "spec.yaml: --set alpha: its value is out of bounds, allowed: within ±10^18"),
        (
            {"alpha": None},
            "spec.yaml: --set alpha: got null, allowed: a number, a word, true, false, or a list of them",
        ),
        ({"alpha": ""}, "spec.yaml: --set alpha: got '', allowed: a number"),
        ({"alpha": "9**9**9"}, "spec.yaml: --set alpha: '9**9**9': no number within ±10^18"),
        ({"alpha": "{a: 1}"}, "--set alpha: a parameter is {'a': 1}, allowed: a number, a word or a list of them"),
        ({"alpha": "!!python/name:os.system"}, "is not allowed: values are plain"),
        ({"alpha": "relu"}, "'alpha * 4': parameter 'alpha' is 'relu', allowed: a number"),
        ({"alpha": 0}, "(Dense): units is 0 ('alpha * 4'), allowed: an int of 1 or more"),
    ],
)
def test_parameters_from_outside(spec: Spec, parameters: dict[str, Any], message: str) -> None:
    text = "convcost: 1\nparameters: {alpha: 1}\ninput: [3]\nlayers: [{Dense: {units: alpha * 4}}]\n"
    assert message in refusal(spec, text, **parameters)


def doubling(levels: int) -> str:
    """Blocks that use the next one twice: 2**levels layers in a few lines."""
    blocks = [f"  b{level}: {{layers: [{{block: b{level + 1}}}, {{block: b{level + 1}}}]}}" for level in range(levels)]
    return f"{TOP}blocks:\n" + "\n".join(blocks) + f"\n  b{levels}: {{layers: [ReLU]}}\nlayers: [{{block: b0}}]\n"


def deep(levels: int) -> str:
    """Blocks that use the next one."""
    blocks = [f"  b{level}: {{layers: [{{block: b{level + 1}}}]}}" for level in range(levels)]
    return f"{TOP}blocks:\n" + "\n".join(blocks) + f"\n  b{levels}: {{layers: [ReLU]}}\nlayers: [{{block: b0}}]\n"


def repeats(times: int, depth: int, name: str = "") -> str:
    """Repeats in repeats."""
    return f"{{repeat: {times}{name}, layers: [" * depth + "ReLU" + "]}" * depth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{TOP}layers: [{repeats(10**9, 1)}]", "with it the model has 1,000,000,001 layers, allowed: 30,000"),
        (
            f"{TOP}layers: [{repeats(10**9, 1, ', name: r')}]",
            "with it the model has 1,000,000,001 layers, allowed: 30,000",
        ),
        (f"{TOP}layers: [{repeats(1000, 6)}]", "layers, allowed: 30,000"),
        (f"{TOP}layers: [{repeats(10**9, 1).replace('ReLU', repeats(0, 1))}]", "layers, allowed: 30,000"),
        (f"{TOP}layers: [{repeats(1, 28)}, {repeats(2, 28)}]", "layers, allowed: 30,000"),
        (doubling(31), "layers, allowed: 30,000"),
        (deep(5000), "models are nested more than 32 deep"),
        (f"{TOP}layers: {'[' * 10**5}", "values are nested more than 64 deep"),
    ],
    ids=["repeat", "named", "nested", "empty", "twofold", "doubling", "deep", "lists"],
)
def test_what_would_grow_without_bounds_is_refused_at_once(spec: Spec, text: str, message: str) -> None:
    assert message in refusal(spec, text)


def test_blocks_full_of_repeats_are_refused_before_the_stack_ends(spec: Spec) -> None:
    """32 blocks, each use inside of 28 repeats: deeper than Python's own limit."""
    use = repeats(1, 28).replace("ReLU", "{block: b%d}")
    blocks = [f"  b{level}: {{layers: [{use % (level + 1)}]}}" for level in range(31)]
    text = f"{TOP}blocks:\n" + "\n".join(blocks) + "\n  b31: {layers: [ReLU]}\nlayers: [{block: b0}]\n"
    assert "its blocks and repeats are nested too deep" in refusal(spec, text)


def test_a_doubling_below_the_cap_is_read(spec: Spec) -> None:
    assert len(profile(spec(doubling(10))).rows) == 1 + 2**10


@pytest.mark.parametrize(
    ("layers", "allowed"),
    [("ReLU, ReLU, ReLU, ReLU, ReLU", None), ("{repeat: 4, layers: [ReLU]}", 3), (", ".join(["ReLU"] * 6), 5)],
)
def test_a_file_that_writes_its_layers_out_may_have_more(
    layers: str, allowed: int | None, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is what a file asks for beside what it says: two lines can repeat a layer a million times."""
    monkeypatch.setattr("convcost.readers.spec.graph.MOST_LAYERS", 3)
    monkeypatch.setattr("convcost.readers.spec.graph.MOST_WRITTEN", 5)
    monkeypatch.setattr("convcost.profile.MOST_CALLS", 3)
    text = f"{TOP}layers: [{layers}]"
    if allowed is None:
        assert len(profile(spec(text)).rows) == 6
    else:
        assert refusal(spec, text).endswith(f"allowed: {allowed}")
