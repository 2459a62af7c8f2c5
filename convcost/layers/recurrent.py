"""Recurrent layers: a cell at every step of a sequence, in one direction or in both.

MACs of a step are those of its matrix products: the input's and the state's (LSTM: Hochreiter and Schmidhuber 1997;
GRU: arXiv 1406.1078). Masked steps count; `go_backwards`, `stateful` and `unroll` change nothing.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from convcost.cost import Cost, total
from convcost.errors import ShapeError
from convcost.layers.activations import Function, activation_cost
from convcost.layers.arithmetic import prod
from convcost.layers.base import Kind, Positive
from convcost.layers.dense import Dense
from convcost.layers.wrapping import each_step, outputs_of, rule_of, weights_of
from convcost.model import Layer, Rule, Shape, Weight


class BaseCell(Kind):
    """One step: the products of all gates with the input and with the state, and what the gates do with them."""

    gates: ClassVar[int]
    states: ClassVar[int] = 1

    units: Positive
    activation: Function = "tanh"
    use_bias: bool = True
    dropout: float = 0.0
    recurrent_dropout: float = 0.0

    @property
    def projection(self) -> Dense:
        """What the input is multiplied with, for all gates at once."""
        return Dense(units=self.gates * self.units, use_bias=self.use_bias)

    @property
    def recurrence(self) -> Dense:
        """What the state is multiplied with, for all gates at once."""
        return Dense(units=self.gates * self.units, use_bias=False)

    def state(self, *inputs: Shape) -> Shape:
        return (inputs[0][0], self.units)

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        return [self.state(*inputs)] * (1 + self.states)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel, *bias = self.projection.weights(inputs[0])
        recurrent, *_ = self.recurrence.weights(self.state(*inputs))
        return (kernel, Weight("recurrent_kernel", recurrent.shape), *bias)

    def cost(self, *inputs: Shape) -> Cost:
        state = self.state(*inputs)
        return self.projection.cost(inputs[0]) + self.recurrence.cost(state) + self.gate_cost(state)

    def gate_cost(self, state: Shape) -> Cost:
        """Activations, and elementwise sums and products, of a step."""
        raise NotImplementedError


class SimpleRNNCell(BaseCell):
    """activation(x·W + b + h·U)."""

    formula = "units · (in_features + units)"
    gates = 1

    def gate_cost(self, state: Shape) -> Cost:
        return activation_cost(self.activation, state) + elementwise(1, state)


class LSTMCell(BaseCell):
    """Gates i, f, o and candidate g; c = f∘c + i∘g; h = o∘activation(c)."""

    formula = "4·units · (in_features + units)"
    gates = 4
    states = 2

    recurrent_activation: Function = "sigmoid"
    unit_forget_bias: bool = True

    def gate_cost(self, state: Shape) -> Cost:
        return lstm_gate_cost(self.activation, self.recurrent_activation, state)


class GRUCell(BaseCell):
    """Gates z, r and candidate g; h = z∘h + (1 − z)∘g. With `reset_after` the state has a bias of its own."""

    formula = "3·units · (in_features + units)"
    gates = 3

    recurrent_activation: Function = "sigmoid"
    reset_after: bool = True

    @property
    def recurrence(self) -> Dense:
        return Dense(units=self.gates * self.units, use_bias=self.use_bias and self.reset_after)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        weights = super().weights(*inputs)
        if not (self.use_bias and self.reset_after):
            return weights
        *kernels, bias = weights
        return (*kernels, Weight("bias", (2, *bias.shape)))

    def gate_cost(self, state: Shape) -> Cost:
        gates = activation_cost(self.recurrent_activation, state) * 2 + activation_cost(self.activation, state)
        return gates + elementwise(3 + 1 + 4, state)  # the sums, the reset, the mix of old and new


def lstm_gate_cost(activation: Function, recurrent_activation: Function, state: Shape) -> Cost:
    """What an LSTM does between its products, for a state of this shape."""
    gates = activation_cost(recurrent_activation, state) * 3 + activation_cost(activation, state) * 2
    return gates + elementwise(4 + 3 + 1, state)  # the sums, the new carry, the output


def elementwise(flops: int, shape: Shape) -> Cost:
    return Cost(0, {"elementwise": flops * prod(shape)})


class StackedRNNCells(Kind):
    """Cells on top of each other, as one cell; it has the states of all."""

    formula = "the sum of its cells'"
    inner = ("cells",)

    cells: tuple[Layer, ...]

    def _steps(self, shape: Shape) -> list[tuple[Layer, Shape, list[Shape]]]:
        """Every cell with what goes in and what comes out, the output before the states."""
        if not self.cells:
            raise ShapeError("cells is empty, allowed: one cell or more")
        steps = []
        for cell in self.cells:
            put_out = outputs_of(rule_of(cell), shape)
            steps.append((cell, shape, put_out))
            shape = put_out[0]
        return steps

    def output_shape(self, *inputs: Shape) -> list[Shape]:
        steps = self._steps(inputs[0])
        return [steps[-1][2][0], *(state for _, _, put_out in steps for state in put_out[1:])]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return tuple(weight for cell, shape, _ in self._steps(inputs[0]) for weight in weights_of(cell, shape))

    def cost(self, *inputs: Shape) -> Cost:
        return total(rule_of(cell).cost(shape) for cell, shape, _ in self._steps(inputs[0]))


class BaseRecurrent(Kind):
    """A cell at every step; an initial state may follow the sequence among the inputs."""

    formula = "steps · those of a step"

    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False
    time_major: bool = False

    def __post_init__(self) -> None:
        if self.time_major:
            raise ShapeError("time_major is true, allowed: false (the batch comes first)")

    @property
    def step(self) -> Rule:
        """What happens at a step."""
        raise NotImplementedError

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        batch, steps, step = each_step(inputs[0])
        output, *states = outputs_of(self.step, step)
        if self.return_sequences:
            output = (batch, steps, *output[1:])
        return [output, *states] if self.return_state else output

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.step.weights(each_step(inputs[0])[2])

    def cost(self, *inputs: Shape) -> Cost:
        _, steps, step = each_step(inputs[0])
        return self.step.cost(step) * steps


class RNN(BaseRecurrent, kw_only=True):
    inner = ("cell",)

    cell: Layer

    @property
    def step(self) -> Rule:
        return rule_of(self.cell)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return weights_of(self.cell, each_step(inputs[0])[2])


class BaseWithCell(BaseRecurrent):
    """A recurrent layer that has its cell's settings among its own."""

    cell_kind: ClassVar[type[Kind]]

    @property
    def step(self) -> Rule:
        return self.cell_kind(**{name: getattr(self, name) for name in self.cell_kind.__struct_fields__})


class BaseOfUnits(BaseWithCell, kw_only=True):
    units: Positive
    activation: Function = "tanh"
    use_bias: bool = True
    dropout: float = 0.0
    recurrent_dropout: float = 0.0


class SimpleRNN(BaseOfUnits, kw_only=True):
    formula = "steps · units · (in_features + units)"
    cell_kind = SimpleRNNCell


class LSTM(BaseOfUnits, kw_only=True):
    formula = "steps · 4·units · (in_features + units)"
    cell_kind = LSTMCell

    recurrent_activation: Function = "sigmoid"
    unit_forget_bias: bool = True


class GRU(BaseOfUnits, kw_only=True):
    formula = "steps · 3·units · (in_features + units)"
    cell_kind = GRUCell

    recurrent_activation: Function = "sigmoid"
    reset_after: bool = True


class Bidirectional(Kind):
    """A recurrent layer on the sequence and another on its reverse, merged."""

    formula = "those of both layers"
    inner = ("layer", "backward_layer")

    layer: Layer
    backward_layer: Layer | None = None
    merge_mode: Literal["concat", "sum", "mul", "ave"] | None = "concat"

    def __post_init__(self) -> None:
        for held in (self.layer, self.backward):
            if not isinstance(held.rule, BaseRecurrent):
                raise ShapeError(f"it holds layer {held.name!r} ({held.kind}), allowed: a recurrent layer")

    @property
    def backward(self) -> Layer:
        """The layer on the reversed sequence: a copy of the other where none is given."""
        return self.backward_layer or self.layer

    def output_shape(self, *inputs: Shape) -> Shape | list[Shape]:
        output, *states = outputs_of(rule_of(self.layer), *inputs)
        _, *backward_states = outputs_of(rule_of(self.backward), *inputs)
        merged = [output, output] if self.merge_mode is None else [self.merged(output)]
        shapes = [*merged, *states, *backward_states]
        return shapes if len(shapes) > 1 else shapes[0]

    def merged(self, output: Shape) -> Shape:
        return (*output[:-1], 2 * output[-1]) if self.merge_mode == "concat" else output

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return weights_of(self.layer, *inputs) + weights_of(self.backward, *inputs)

    def cost(self, *inputs: Shape) -> Cost:
        both = rule_of(self.layer).cost(*inputs) + rule_of(self.backward).cost(*inputs)
        flops = MERGE_FLOPS.get(self.merge_mode, 0) * prod(outputs_of(rule_of(self.layer), *inputs)[0])
        return both + Cost(0, {"merge": flops} if flops else {})


MERGE_FLOPS: dict[Any, int] = {"sum": 1, "mul": 1, "ave": 2}
"""Per element that the merge of both directions puts out; joining them is none."""
