"""What the benchmark runs beside convcost: Keras with tf.profiler, and the tools for PyTorch."""

from __future__ import annotations

IMPORTS = "import typer, rich.console, rich.table"

SAVE = """
import sys, keras
for name, path in zip(sys.argv[1::2], sys.argv[2::2]):
    keras.applications.__dict__[name](weights=None).save(path)
"""

SAVE_CHAIN = """
import sys, keras
sys.setrecursionlimit(100_000)  # Keras walks along a model by recursion, and ends at some hundred layers
layers = [keras.Input((32, 32, 8))]
layers += [keras.layers.Conv2D(8 + number % 3, 3, padding="same") for number in range(int(sys.argv[1]))]
keras.Sequential(layers).save(sys.argv[2])
"""

KERAS = """
import sys
sys.setrecursionlimit(100_000)
import keras, tensorflow as tf
profiler = tf.compat.v1.profiler
for path in sys.argv[1:]:
    model = keras.models.load_model(path, compile=False)
    spec = tf.TensorSpec((1, *model.input_shape[1:]), "float32")
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec).graph
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    print(profiler.profile(graph, options=options).total_float_ops)
"""

TORCH = """
import sys, warnings
warnings.simplefilter("ignore")
import torch
from torch import nn

def unit(*layers, filters):
    return [*layers, nn.BatchNorm2d(filters), nn.ReLU6()]

def mobilenet():
    sizes = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    layers, before = unit(nn.Conv2d(3, 32, 3, 2, 1, bias=False), filters=32), 32
    for filters, stride in sizes:
        layers += unit(nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False), filters=before)
        layers += unit(nn.Conv2d(before, filters, 1, bias=False), filters=filters)
        before = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000))

model, image, tool = mobilenet().eval(), torch.zeros(1, 3, 224, 224), sys.argv[1]
if tool == "fvcore":
    from fvcore.nn import FlopCountAnalysis
    count = FlopCountAnalysis(model, image).total()
elif tool == "ptflops":
    from ptflops import get_model_complexity_info
    count = get_model_complexity_info(model, (3, 224, 224), as_strings=False, print_per_layer_stat=False)[0]
elif tool == "thop":
    from thop import profile
    count = profile(model, (image,), verbose=False)[0]
elif tool == "torchinfo":
    from torchinfo import summary
    count = summary(model, input_size=(1, 3, 224, 224), verbose=0).total_mult_adds
else:
    from torch.utils.flop_counter import FlopCounterMode
    with FlopCounterMode(display=False) as mode:
        model(image)
    count = mode.get_total_flops()
print(tool, count)
"""
TORCH_TOOLS = {"fvcore": "fvcore", "ptflops": "ptflops", "thop": "thop", "torchinfo": "torchinfo"}
TORCH_TOOLS["flop-counter"] = "torch.utils.flop_counter"

CONVCOST = "import sys; from convcost.cli import main; sys.argv[0] = 'convcost'; main()"

RATE = """
import sys, time
from convcost.api import load
from convcost.profile import profile
model = load(sys.argv[1])
times = []
for _ in range(5):
    start = time.perf_counter()
    profile(model).totals
    times.append(time.perf_counter() - start)
print(len(model.layers) / sorted(times)[2])
"""
