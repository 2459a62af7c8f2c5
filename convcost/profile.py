"""Model -> Report: follow the shapes from the inputs through the graph, and cost every layer.

Every leaf layer becomes a row. What no rule knows stays in the table with an unknown cost; it is never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from math import prod

import msgspec

from convcost.collecting import uncollected
from convcost.cost import NOTHING, Cost, total
from convcost.errors import ConvcostError, ShapeError, UncountedError
from convcost.layers.passing import InputLayer
from convcost.memory import live_set
from convcost.memory.fused import Fused
from convcost.memory.live_set import Tensor
from convcost.model import (
    MOST_LAYERS,
    Layer,
    Model,
    OpenShape,
    Recorded,
    Ref,
    Rule,
    Shape,
    Unknown,
    Weight,
)
from convcost.order import in_order
from convcost.report import CallShapes, Peak, Report, Row

NO_SHAPE = "the shape of its input is not known"

MOST_ELEMENTS = 10**18
"""Of one tensor: more is a mistake, or meant to make the numbers explode."""

MOST_CALLS = MOST_LAYERS
MOST_TENSORS = 4 * MOST_CALLS
"""Of one run. Nested models that call each other twice make many of few layers."""

ARITHMETIC_ERRORS = (IndexError, TypeError, ValueError, ZeroDivisionError, OverflowError)
"""What a rule's arithmetic raises on inputs that are too few, too many, or of another rank than the layer takes."""


_Laws = tuple[list[Shape], CallShapes, Cost, tuple[Weight, ...]]
"""What a rule's three laws say on one set of inputs: the shapes that it puts out, with those read, cost and weights."""


class _Leaf:
    """What a leaf layer has come to so far, call by call."""

    __slots__ = ("bytes", "calls", "costs", "layer", "reason", "weights")

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.calls: list[CallShapes] = []
        self.costs: list[Cost] = []
        self.weights: tuple[Weight, ...] = ()
        self.bytes = 0
        self.reason = ""

    def row(self, path: str) -> Row:
        cost = self.costs[0] if len(self.costs) == 1 else total(self.costs)
        calls = tuple(self.calls)
        return Row(path, self.layer, calls, None if self.reason else cost, self.weights, self.bytes, self.reason)


def profile(model: Model, input_shapes: Mapping[str, Shape] | None = None, batch: int = 1) -> Report:
    """What `model` costs for one sample, or a batch of them; see `followed`."""
    return followed(model, input_shapes, batch)[0]


def followed(model: Model, input_shapes: Mapping[str, Shape] | None = None, batch: int = 1) -> tuple[Report, Fused]:
    """What `model` costs for one sample, or a batch of them, and the fused steps of the memory walk.

    `input_shapes`: shapes per sample by input layer (or by "" for the only input), where the file leaves a dimension
    open or another resolution is asked for. Raises ConvcostError where a shape is missing or a layer cannot take it.
    """
    with uncollected():
        report, graph = without_peak(model, input_shapes, batch)
        return msgspec.structs.replace(report, peak=live_set.peak_of(graph)), graph


def without_peak(model: Model, input_shapes: Mapping[str, Shape] | None = None, batch: int = 1) -> tuple[Report, Fused]:
    """What `followed` gives, but for the peak, which is at one step here and at another there when sizes vary."""
    run = _Run(model, batch)
    declared = _declared(model)
    shapes = _input_shapes(model, declared, dict(input_shapes or {}))
    layers = {layer.name: layer for layer in model.layers}
    inputs = []
    for ref in model.inputs:
        told = declared[ref.layer]
        run.compare &= told is not None and agrees(shapes[ref.layer], told[1:])
        run.same_batch &= not told or told[0] in (None, batch)
        inputs.append(run.tensor((batch, *shapes[ref.layer]), layers[ref.layer].policy.compute))
    outputs = run.model(model, inputs, prefix="")
    graph = live_set.fused(run.steps, [tensor.number for tensor in outputs])
    report = Report(
        name=model.name,
        rows=tuple(leaf.row(path) for path, leaf in run.leaves.items()),
        peak=Peak(),
        input_shapes=shapes,
        batch=batch,
        source=model.source,
        format=model.format,
        warnings=(*model.notes, *run.warnings),
        run=graph,
    )
    return report, graph


class _Run:
    """One walk through a model, nested models inline; collects leaves, memory steps and warnings."""

    def __init__(self, model: Model, batch: int) -> None:
        self.source = model.source
        self.batch = batch
        self.most_calls = max(MOST_CALLS, len(model.layers))
        self.compare = True
        self.same_batch = True
        self.tensors = 0
        self.calls = 0
        self.leaves: dict[str, _Leaf] = {}
        self.steps: list[live_set.Step] = []
        self.warnings: list[str] = []
        self.seen: dict[tuple[Rule, tuple[Shape, ...]], _Laws] = {}

    def tensor(self, shape: Shape | None, dtype: str) -> Tensor:
        self.tensors += 1
        if self.tensors > MOST_TENSORS:
            raise _too_many_tensors(self.source)
        return live_set.tensor_of(self.tensors, shape, dtype)

    def model(self, model: Model, inputs: Sequence[Tensor], prefix: str) -> list[Tensor]:
        """Run every call of `model` on these inputs; returns the tensors that it puts out."""
        if len(inputs) != len(model.inputs):
            raise ConvcostError(
                f"{self.source}: model {prefix.rstrip('/') or model.name!r} is called with {len(inputs)} tensors,"
                f" it takes {len(model.inputs)}"
            )
        values = dict(zip(model.inputs, inputs, strict=True))
        told = _told(model)
        for layer, index, call in in_order(model):
            path = prefix + layer.name
            self.calls += 1
            if self.calls > self.most_calls:
                raise ConvcostError(
                    f"{self.source}: more than {self.most_calls:,} calls of layers, those in nested models included"
                )
            if call.rule is not None:
                layer = msgspec.structs.replace(layer, rule=call.rule)
            if isinstance(layer.rule, InputLayer):
                if not prefix:
                    entering = self.read(values, [Ref(layer.name, index)])
                    self.record(path, layer, (), entering, _shapes((), entering), NOTHING)
                continue
            reads = self.read(values, call.inputs)
            recorded = told.get((layer.name, index), (None,))
            if isinstance(layer.rule, Model):
                inner = self.model(layer.rule, reads, prefix=path + "/")
                outputs = [self.known(*one) for one in zip(inner, chain(recorded, repeat(None)), strict=False)]
            else:
                extras = self.read(values, call.extras)
                outputs = self.leaf(path, layer, reads, extras, recorded, map(model.recorded.get, call.inputs))
            for place, tensor in enumerate(outputs):
                values[Ref(layer.name, index, place)] = tensor
        return self.read(values, model.outputs)

    def known(self, tensor: Tensor, recorded: Recorded | None) -> Tensor:
        """What a nested model puts out; where its own layers do not tell the shape, the file may."""
        if tensor.shape is not None:
            return tensor
        return live_set.tensor_of(tensor.number, self.as_recorded(recorded), tensor.dtype)

    def read(self, values: Mapping[Ref, Tensor], refs: Sequence[Ref]) -> list[Tensor]:
        try:
            return [values[ref] for ref in refs]
        except KeyError:
            missing = next(ref for ref in refs if ref not in values)
            raise ConvcostError(
                f"{self.source}: output {missing.output} of layer {missing.layer!r} (call {missing.call}) is read,"
                " which is not there"
            ) from None

    def laws(self, rule: Rule, shapes: tuple[Shape, ...]) -> _Laws:
        """What the rule says on inputs of these shapes; worked out once for all layers that are alike in both."""
        key = (rule, shapes)
        try:
            found = self.seen.get(key)
        except TypeError:  # no key: an activation that is a record of its own, or sizes that stand for many
            return _laws(rule, shapes)
        if found is None:
            found = self.seen[key] = _laws(rule, shapes)
        return found

    def leaf(
        self,
        path: str,
        layer: Layer,
        reads: list[Tensor],
        extras: list[Tensor],
        recorded: Sequence[Recorded | None],
        told: Iterable[Recorded | None],
    ) -> list[Tensor]:
        """One call of a leaf layer: its shapes, cost and weights. The file tells what it puts out and reads."""
        rule = layer.rule
        assert not isinstance(rule, Model)
        shapes = [tensor.shape for tensor in reads if tensor.shape is not None]
        dtype = layer.policy.compute
        try:
            if isinstance(rule, Unknown) or len(shapes) < len(reads):
                raise UncountedError(rule.reason if isinstance(rule, Unknown) else NO_SHAPE)
            known, call, cost, weights = self.laws(rule, tuple(shapes))
        except UncountedError as unknown:
            outputs = [self.tensor(self.as_recorded(one), one.dtype if one else dtype) for one in recorded]
            weights_known = weights_of(layer, reads, told)
            if weights_known is None:
                layer = msgspec.structs.replace(layer, rule=Unknown(str(unknown), params_known=False))
            call = _shapes(reads, outputs)
            self.record(path, layer, (*reads, *extras), outputs, call, None, weights_known or (), str(unknown))
            return outputs
        except ShapeError as error:
            raise ConvcostError(f"{self.where(path, layer)}: {error}") from None
        except ARITHMETIC_ERRORS as error:
            told_of = ", ".join(str(one[1:]) for one in shapes) or "none"
            raise ConvcostError(f"{self.where(path, layer)}: it cannot take these inputs: {told_of}") from error
        weights = as_stored(weights, layer.stored)
        outputs = [
            self.tensor(shape, one.dtype if one else dtype)
            for shape, one in zip(known, chain(recorded, repeat(None)), strict=False)
        ]
        if self.compare and self.same_batch:
            self.check_recorded(path, layer, known, recorded)
        self.record(path, layer, (*reads, *extras), outputs, call, cost, weights)
        return outputs

    def record(
        self,
        path: str,
        layer: Layer,
        reads: tuple[Tensor, ...],
        outputs: Sequence[Tensor],
        shapes: CallShapes,
        cost: Cost | None,
        weights: tuple[Weight, ...] = (),
        reason: str = "",
    ) -> None:
        """Add one call to the leaf at `path` and one step to the memory walk."""
        leaf = self.leaves.get(path)
        if leaf is None:
            leaf = self.leaves[path] = _Leaf(layer)
        rule = layer.rule
        fusion, absorbs = (None, False) if isinstance(rule, (Model, Unknown)) else (rule.fusion, rule.absorbs_padding)
        step = live_set.Step(path, reads, tuple(outputs), fusion, absorbs, call=len(leaf.calls))
        self.steps.append(step)
        leaf.calls.append(shapes)
        leaf.weights = weights or leaf.weights
        leaf.bytes += sum([tensor.bytes for tensor in outputs])
        if cost is None:
            leaf.reason = reason
        else:
            leaf.costs.append(cost)

    def as_recorded(self, recorded: Recorded | None) -> Shape | None:
        """A shape that the file tells, for this batch; None where it does not tell, or not for this input."""
        if recorded is None or not self.compare or None in recorded.shape[1:]:
            return None
        return (self.batch, *recorded.shape[1:])  # type: ignore[arg-type]

    def check_recorded(
        self, path: str, layer: Layer, shapes: Sequence[Shape], recorded: Sequence[Recorded | None]
    ) -> None:
        for shape, told in zip(shapes, recorded, strict=False):
            if told is not None and not agrees(shape[1:], told.shape[1:]):
                self.warnings.append(
                    f"{self.where(path, layer)}: the file records an output of {told.shape[1:]},"
                    f" the rule gives {shape[1:]}"
                )

    def where(self, path: str, layer: Layer) -> str:
        line = f":{layer.line}" if layer.line else ""
        return f"{self.source}{line}: layer {path!r} ({layer.kind})"


def _laws(rule: Rule, shapes: tuple[Shape, ...]) -> _Laws:
    shape = rule.output_shape(*shapes)
    known = shape if isinstance(shape, list) else [shape]
    if any(prod(one) > MOST_ELEMENTS for one in known):
        raise ShapeError(f"it puts out a tensor of more than {MOST_ELEMENTS:.0e} elements")
    return known, CallShapes(shapes, tuple(known)), rule.cost(*shapes), rule.weights(*shapes)


def _shapes(reads: Sequence[Tensor], outputs: Sequence[Tensor]) -> CallShapes:
    return CallShapes(tuple([tensor.shape for tensor in reads]), tuple([tensor.shape for tensor in outputs]))


def as_stored(weights: tuple[Weight, ...], stored: tuple[Weight, ...] | None) -> tuple[Weight, ...]:
    """`weights` in the types in which the file holds them, where it tells."""
    if stored is None or len(stored) != len(weights):
        return weights
    return tuple(
        msgspec.structs.replace(weight, dtype=weight.dtype or told.dtype)
        for weight, told in zip(weights, stored, strict=True)
    )


def weights_of(layer: Layer, reads: Sequence[Tensor], told: Iterable[Recorded | None]) -> tuple[Weight, ...] | None:
    """The weights of a layer that is not costed: by its rule, or as the file holds them; None where neither tells.

    A layer's weights hang on sizes that Keras must have known when it made them, so that any open size may stand as 1.
    """
    rule = layer.rule
    assert not isinstance(rule, Model)
    if isinstance(rule, Unknown):
        return rule.weights
    shapes = [
        tensor.shape or (tuple(size or 1 for size in one.shape) if one is not None else None)
        for tensor, one in zip(reads, told, strict=True)
    ]
    try:
        return rule.weights(*(shape for shape in shapes if shape is not None)) if None not in shapes else layer.stored
    except (ShapeError, UncountedError):
        return layer.stored


def agrees(shape: Shape, told: OpenShape) -> bool:
    """Whether `shape` is one that the open shape `told` allows."""
    return len(shape) == len(told) and all(
        allowed is None or size == allowed for size, allowed in zip(shape, told, strict=True)
    )


def _told(model: Model) -> dict[tuple[str, int], list[Recorded | None]]:
    """What the file says of the outputs of a call: of as many as the graph speaks of, None where it does not say."""
    told: dict[tuple[str, int], list[Recorded | None]] = {}
    places = 0
    for ref in (*model.recorded, *model.outputs):
        outputs = told.setdefault((ref.layer, ref.call), [])
        missing = [None] * (ref.output + 1 - len(outputs))
        places += len(missing)
        if places > MOST_TENSORS:
            raise _too_many_tensors(model.source)
        outputs += missing
        outputs[ref.output] = model.recorded.get(ref)
    return told


def _too_many_tensors(source: str) -> ConvcostError:
    return ConvcostError(f"{source}: more than {MOST_TENSORS:,} tensors, the most allowed")


def _input_shapes(model: Model, declared: Mapping[str, OpenShape | None], given: dict[str, Shape]) -> dict[str, Shape]:
    """The shape of every input, without the batch dimension: as given, else as the file has it."""
    names = [ref.layer for ref in model.inputs]
    if "" in given:
        if len(names) != 1:
            raise ConvcostError(
                f"{model.source}: the model has {len(names)} inputs; give each its shape by name:"
                + "".join(f" --input-shape {name}=…" for name in names)
            )
        given[names[0]] = given.pop("")
    for name in given:
        if name not in names:
            raise ConvcostError(f"{model.source}: no input is named {name!r}; the inputs are {', '.join(names)}")
    shapes = {name: _input_shape(model, name, declared[name], given.get(name)) for name in names}
    for name, shape in shapes.items():
        if prod(shape) > MOST_ELEMENTS:
            raise ConvcostError(f"{model.source}: input {name!r} has more than {MOST_ELEMENTS:.0e} elements")
    return shapes


def _input_shape(model: Model, name: str, told: OpenShape | None, given: Shape | None) -> Shape:
    declared = told[1:] if told is not None else None
    if given is not None:
        if declared is not None and len(given) != len(declared):
            raise ConvcostError(
                f"{model.source}: input {name!r} has {len(declared)} dimensions {declared}, got {given}"
            )
        return given
    if declared is not None and None not in declared:
        return declared  # type: ignore[return-value]
    what = "no shape" if declared is None else f"the open shape {declared}"
    readers = (
        layer for layer in model.layers for call in layer.calls if any(read.layer == name for read in call.inputs)
    )
    needs = next((f", which layer {layer.name!r} ({layer.kind}) needs" for layer in readers), "")
    example = "x".join(str(size or 224) for size in declared) if declared else "224x224x3"
    option = f"{name}=" if len(model.inputs) > 1 else ""
    raise ConvcostError(
        f"{model.source}: input {name!r} has {what}{needs}: give it with --input-shape {option}{example}"
    )


def declared_shape(model: Model, ref: Ref) -> OpenShape | None:
    """What the file says of an input, without the batch dimension."""
    told = _declared(model)[ref.layer]
    return told[1:] if told is not None else None


def _declared(model: Model) -> dict[str, OpenShape | None]:
    """What the file says of all layers that are inputs, the batch dimension first."""
    rules = {layer.name: layer.rule for layer in model.layers}
    inputs = ((ref.layer, rules[ref.layer]) for ref in model.inputs)
    return {name: rule.batch_shape if isinstance(rule, InputLayer) else None for name, rule in inputs}
