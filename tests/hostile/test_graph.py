"""Graphs in JSON: depth, size, circles, doubling, numbers and names that no model has."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.conftest import Convcost, Ended
from tests.hostile.making import COUNTED, GOOD, Json, archive, functional, image, layer, sequential, tensor


def written(path: Path, graph: Json | str) -> Path:
    path.write_text(graph if isinstance(graph, str) else json.dumps(graph), "utf-8", "surrogatepass")
    return path


def analyzed(tmp_path: Path, convcost: Convcost, graph: Json | str, *options: str) -> tuple[Path, Ended]:
    path = written(tmp_path / "net.json", graph)
    return path, convcost("analyze", path, *options)


def test_depth_of_100_000(tmp_path: Path, convcost: Convcost) -> None:
    texts = [("[", "]"), ('{"config":', "}"), ('{"config":', ""), ("[", "")]
    depths = [start * 100_000 + "1" * bool(end) + end * 100_000 for start, end in texts]
    paths = [written(tmp_path / f"deep{number}.json", text) for number, text in enumerate(depths)]
    paths += [archive(tmp_path / f"deep{number}.keras", text) for number, text in enumerate(depths)]
    convcost("analyze", *paths).refuses_each(paths, "the model's JSON is")


def test_models_in_models(tmp_path: Path, convcost: Convcost) -> None:
    graph = functional(image(), layer("ReLU", "last", ["image"]))
    for depth in range(40):
        inner = {**graph, "name": f"net{depth}", "inbound_nodes": [{"args": [tensor("image")], "kwargs": {}}]}
        graph = functional(image(), inner, name=f"net{depth}")
    path, ended = analyzed(tmp_path, convcost, graph)
    ended.refuses(path, "models are nested more than 32 deep")


def test_layers_in_layers(tmp_path: Path, convcost: Convcost) -> None:
    inner = layer("Dense", "dense", units=3)
    for _ in range(40):
        inner = layer("TimeDistributed", "each", layer=inner)
    path, ended = analyzed(tmp_path, convcost, sequential(inner))
    ended.refuses(path, "layers are nested more than 32 deep")


@pytest.mark.parametrize("command", ["analyze", "memory", "explain", "check --max macs=1k", "export -o o.yaml"])
def test_as_many_layers_as_a_megabyte_holds(tmp_path: Path, convcost: Convcost, command: str) -> None:
    layers = ",".join(f'{{"class_name":"ReLU","config":{{"name":"{number}"}}}}' for number in range(21_000))
    first = '{"class_name":"InputLayer","config":{"batch_shape":[null,8,8,3]}}'
    path = written(tmp_path / "many.json", f'{{"class_name":"Sequential","config":{{"layers":[{first},{layers}]}}}}')
    assert path.stat().st_size < 10**6
    name, *options = command.split()
    assert convcost(name, path, *options).code in (0, 1)


def test_a_million_layers(tmp_path: Path, convcost: Convcost) -> None:
    """Packed into an archive of 100 kB."""
    text = '{"class_name":"Sequential","config":{"layers":[' + '{"class_name":"ReLU"},' * 10**6 + "{}]}}"
    path = archive(tmp_path / "many.keras", text, method=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    convcost("analyze", path).refuses(path, "config.json has 22,000,052 bytes, allowed: 8,000,000")


def test_more_layers_than_a_model_has(tmp_path: Path, convcost: Convcost) -> None:
    text = '{"class_name":"Sequential","config":{"layers":[' + '{"class_name":"ReLU"},' * 40_000 + "{}]}}"
    path = written(tmp_path / "many.json", text)
    convcost("analyze", path).refuses(path, "40,001 layers, allowed: 30,000")


def test_models_with_more_layers_together(tmp_path: Path, convcost: Convcost) -> None:
    """A hundred models of a thousand layers each, in an archive of 20 kB."""
    relus = ",".join(f'{{"class_name":"ReLU","config":{{"name":"{number}"}}}}' for number in range(1000))
    models = [
        f'{{"class_name":"Sequential","config":{{"name":"m{number}","layers":[{relus}]}}}}' for number in range(100)
    ]
    first = '{"class_name":"InputLayer","config":{"batch_shape":[null,4]}}'
    text = f'{{"class_name":"Sequential","config":{{"layers":[{first},{",".join(models)}]}}}}'
    path = archive(tmp_path / "many.keras", text, method=zipfile.ZIP_DEFLATED)
    convcost("analyze", path).refuses(path, "more than 30,000 calls of layers, those in nested models included")


def test_a_layer_with_a_million_inputs(tmp_path: Path, convcost: Convcost) -> None:
    one = '["image",0,0,{}],'
    path = tmp_path / "inputs.json"
    add = '{"class_name":"Add","name":"add","config":{},"inbound_nodes":[[' + one * 10**6 + '["image",0,0,{}]]]}'
    first = '{"class_name":"InputLayer","name":"image","config":{"batch_input_shape":[null,4]},"inbound_nodes":[]}'
    ends = '"input_layers":[["image",0,0]],"output_layers":[["add",0,0]]'
    written(path, f'{{"class_name":"Functional","config":{{"layers":[{first},{add}],{ends}}}}}')
    ended = convcost("analyze", path, most_bytes=600 * 10**6)  # of 17 MB of JSON
    ended.refuses(path, "a call of layer 'add' reads 1,000,001 tensors, allowed: 100,000")


def test_layers_with_as_many_outputs_as_there_can_be(tmp_path: Path, convcost: Convcost) -> None:
    """An output is recorded by its number: 9,999 stands for 10,000 tensors."""

    def own(number: int) -> Json:
        read = tensor(f"own{number - 1}" if number else "image")
        read["config"] |= {"keras_history": [f"own{number - 1}", 0, 9999], "shape": [None, 4]} if number else {}
        return layer("Own", f"own{number}", module="mine") | {"inbound_nodes": [{"args": [read], "kwargs": {}}]}

    path, ended = analyzed(tmp_path, convcost, functional(image(), *map(own, range(3000))))
    ended.refuses(path, "more than 120,000 tensors, the most allowed")


def test_as_many_inputs_as_a_megabyte_holds(tmp_path: Path, convcost: Convcost) -> None:
    nodes = [[["image", 0, 0, {}]] * 50_000]
    add = {"class_name": "Concatenate", "name": "joined", "config": {}, "inbound_nodes": nodes}
    _, ended = analyzed(tmp_path, convcost, functional(image(), add))
    ended.counts("joined")


def test_as_many_model_inputs_as_a_megabyte_holds(tmp_path: Path, convcost: Convcost) -> None:
    names = [f"i{number}" for number in range(7_000)]
    inputs = [{"class_name": "InputLayer", "name": name, "config": {"batch_shape": [None, 4]}} for name in names]
    nodes = [[[name, 0, 0, {}] for name in names]]
    graph = functional(*inputs, {"class_name": "Add", "name": "add", "config": {}, "inbound_nodes": nodes})
    graph["config"]["input_layers"] = [[name, 0, 0] for name in names]
    path, ended = analyzed(tmp_path, convcost, graph)
    assert path.stat().st_size < 10**6
    ended.counts("add")


def test_tensors_that_double_at_each_step(tmp_path: Path, convcost: Convcost) -> None:
    layers = [image()]
    for step in range(100):
        layers.append(layer("Concatenate", f"step{step}", [layers[-1]["name"]] * 2))
    path, ended = analyzed(tmp_path, convcost, functional(*layers))
    ended.refuses(path, "it puts out a tensor of more than 1e+18 elements")


def test_paths_that_double_at_each_step(tmp_path: Path, convcost: Convcost) -> None:
    """2^2000 paths lead from the input to the output, over 2,000 layers."""
    layers = [image()]
    for step in range(2000):
        layers.append(layer("Add", f"step{step}", [layers[-1]["name"]] * 2))
    _, ended = analyzed(tmp_path, convcost, functional(*layers))
    ended.counts("step1999")


def test_models_that_call_a_model_twice(tmp_path: Path, convcost: Convcost) -> None:
    """2^30 calls of one layer."""
    graph = functional(image(), layer("ReLU", "relu", ["image"]))
    for step in range(30):
        twice = [{"args": [tensor("image")], "kwargs": {}}, {"args": [tensor("inner")], "kwargs": {}}]
        graph = functional(image(), {**graph, "name": "inner", "inbound_nodes": twice}, name=f"net{step}")
        graph["config"]["output_layers"] = [["inner", 2, 0]]
    path, ended = analyzed(tmp_path, convcost, graph)
    ended.refuses(path, "more than 30,000 calls of layers, those in nested models included")


def test_models_that_call_an_empty_model_twice(tmp_path: Path, convcost: Convcost) -> None:
    """2^30 calls of models without a layer to count."""
    graph = functional(image())
    for step in range(30):
        twice = [{"args": [tensor("image")], "kwargs": {}}, {"args": [tensor("inner")], "kwargs": {}}]
        graph = functional(image(), {**graph, "name": "inner", "inbound_nodes": twice}, name=f"net{step}")
        graph["config"]["output_layers"] = [["inner", 2, 0]]
    path, ended = analyzed(tmp_path, convcost, graph)
    ended.refuses(path, "more than 30,000 calls of layers, those in nested models included")


def test_a_circle(tmp_path: Path, convcost: Convcost) -> None:
    graph = functional(image(), layer("Add", "one", ["image", "other"]), layer("Add", "other", ["image", "one"]))
    path, ended = analyzed(tmp_path, convcost, graph)
    ended.refuses(path, "reads its own output")


def test_a_circle_of_20_000_layers(tmp_path: Path, convcost: Convcost) -> None:
    def add(number: int) -> Json:
        node = [[[f"{(number + 1) % 12_000}", 0, 0, {}]]]
        return {"class_name": "ReLU", "name": f"{number}", "config": {}, "inbound_nodes": node}

    path, ended = analyzed(tmp_path, convcost, functional(image(), *map(add, range(12_000))))
    ended.refuses(path, "reads its own output")


def test_references_that_dangle(tmp_path: Path, convcost: Convcost) -> None:
    histories: list[Any] = [["gone", 0, 0], ["image", 7, 0], ["image", 0, 10**9], ["image", -1, 0], [[], {}, "x"], []]
    paths = []
    for number, history in enumerate(histories):
        graph = functional(image(), layer("ReLU", "relu", ["image"]))
        graph["config"]["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = history
        paths.append(written(tmp_path / f"net{number}.json", graph))
    convcost("analyze", *paths).refuses_each(paths)


SIZES = ["-1", "0", f"{10**30}", "9" * 10_000, "1.5", "NaN", "Infinity", "-Infinity", "1e400", '"8"', "true"]
"""As JSON has them, or Python's dialect of it."""


@pytest.mark.parametrize("setting", ["filters", "kernel_size", "strides"])
def test_sizes_that_no_layer_has(tmp_path: Path, convcost: Convcost, setting: str) -> None:
    text = json.dumps(sequential(layer("Conv2D", "conv", **{"filters": 4, "kernel_size": 3, setting: "SIZE"})))
    sizes = [size for size in SIZES if setting != "strides" or size != f"{10**30}"]  # which leaves one output
    paths = [written(tmp_path / f"{n}.json", text.replace('"SIZE"', size)) for n, size in enumerate(sizes)]
    convcost("analyze", *paths).refuses_each(paths)


def test_inputs_that_no_model_has(tmp_path: Path, convcost: Convcost) -> None:
    texts = [GOOD.replace("[null, 8, 8, 3]", f"[null, {size}, 8, 3]") for size in SIZES]
    paths = [written(tmp_path / f"{number}.json", text) for number, text in enumerate(texts)]
    convcost("analyze", *paths).refuses_each(paths)


def test_counts_of_more_digits_than_python_prints(tmp_path: Path, convcost: Convcost) -> None:
    """Python refuses to print integers of more than 4,300 digits."""
    layers = [layer("Conv2D", f"conv{n}", filters=10**15, kernel_size=[1, 1]) for n in range(400)]
    _, ended = analyzed(tmp_path, convcost, sequential(*layers), "--raw")
    assert ended.code in (0, 2)


@pytest.mark.parametrize("command", ["analyze", "memory", "explain", "analyze --format json", "analyze --format csv"])
def test_names_that_no_layer_has(tmp_path: Path, convcost: Convcost, command: str) -> None:
    names = ["\ud800", "a\0b", "a\nb", "\x1b[31m", "\u202e", "../../etc/passwd", "", "a" * 100_000]
    convs = [layer("Conv2D", name, filters=4, kernel_size=1) for name in names]
    path = written(tmp_path / "net.json", sequential(*convs))
    what, *options = command.split()
    ended = convcost(what, path, *options)
    assert ended.code == 0
    assert not {"\0", "\x1b", "\u202e"} & set(ended.out + ended.err)


def test_text_that_is_no_utf_8(tmp_path: Path, convcost: Convcost) -> None:
    (path := tmp_path / "net.json").write_bytes(GOOD.encode().replace(b'"conv"', b'"\xff\xfe\xed\xa0\x80"'))
    convcost("analyze", path).refuses(path, "")


def test_a_shape_of_a_thousand_dimensions(tmp_path: Path, convcost: Convcost) -> None:
    path, ended = analyzed(tmp_path, convcost, functional(image(*[2] * 1000), layer("ReLU", "relu", ["image"])))
    ended.refuses(path, "")


def test_keys_given_twice(tmp_path: Path, convcost: Convcost) -> None:
    """The last counts, as in Keras."""
    _, ended = analyzed(tmp_path, convcost, GOOD.replace('"filters": 4', '"filters": 9999, "filters": 4'))
    ended.counts(COUNTED)


def test_what_is_no_file(tmp_path: Path, convcost: Convcost) -> None:
    """A pipe without a writer, a device without an end, a folder, and these inside of a folder."""
    paths = [
        tmp_path / name
        for name in ("pipe.keras", "device.json", "device.h5", "device.tflite", "device.yaml", "folder.keras")
    ]
    inside = [tmp_path / name for name in ("pipe", "device", "saved_model")]
    os.mkfifo(paths[0])
    for path in paths[1:5]:
        path.symlink_to("/dev/zero")
    for folder in (paths[5], *inside):
        folder.mkdir()
    os.mkfifo(inside[0] / "config.json")
    (inside[1] / "config.json").symlink_to("/dev/zero")
    (inside[2] / "saved_model.pb").symlink_to("/dev/zero")
    convcost("analyze", *paths, *inside).refuses_each([*paths, *inside])
