"""Arithmetic that a spec may hold where a number is wanted: `int(filters * alpha)`, `make_divisible(32 * alpha, 8)`.

An expression is a number, a parameter, `+ - * / // % **` and the functions below, evaluated by simpleeval, never by
`eval`. Its length and every value on the way are bounded, so that none takes time or memory to speak of.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import simpleeval

from convcost.errors import ConvcostError
from convcost.many import choose, is_number, largest, smallest
from convcost.suggestions import did_you_mean

LONGEST = 200
"""Characters of an expression."""
LARGEST = 10**18
"""Every value of an expression lies between -LARGEST and LARGEST."""

Number = int | float


def make_divisible(value: Number, divisor: int = 8) -> int:
    """`value` rounded to a multiple of `divisor`, at most a tenth below it: MobileNetV2's rule (arXiv 1801.04381)."""
    rounded: int = largest(divisor, math.trunc(value + divisor / 2) // divisor * divisor)
    return choose(rounded < 0.9 * value, rounded + divisor, rounded)  # type: ignore[no-any-return]


def power(base: Number, exponent: Number) -> Number:
    """`base ** exponent`, refused before it is computed where it would be beyond LARGEST."""
    if abs(base) > 1 and abs(exponent) * math.log2(abs(base)) > 64:
        raise OverflowError
    result: Number = base**exponent
    return result


def nearest(value: Number) -> int:
    """Python's `round` to an int."""
    return round(value)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "int": math.trunc,
    "round": nearest,
    "floor": math.floor,
    "ceil": math.ceil,
    "min": smallest,
    "max": largest,
    "make_divisible": make_divisible,
}
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: power,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
FUNCTIONS = frozenset(_FUNCTIONS)
ALLOWED = f"numbers, parameters, + - * / // % ** and {', '.join(_FUNCTIONS)}"


def evaluate(text: str, names: Mapping[str, Any]) -> Number:
    """The number that an expression stands for, its parameters taken from `names`.

    Raises ConvcostError where it is no expression, names what is not there, or leaves the bounds.
    """
    tree, used = _parsed(text)
    for name in used:
        if name not in names:
            raise ConvcostError(f"{text!r}: no parameter is named {name!r}{did_you_mean(name, names)}")
        if not is_number(names[name]):
            raise ConvcostError(f"{text!r}: parameter {name!r} is {names[name]!r}, allowed: a number")
    try:
        value: Number = _bounded(_evaluator({name: names[name] for name in used}).eval)(text, tree)
    except ZeroDivisionError:
        raise ConvcostError(f"{text!r}: a division by zero") from None
    except OverflowError:
        raise ConvcostError(f"{text!r}: no number within ±10^18") from None
    except (TypeError, ValueError, RecursionError):
        raise ConvcostError(f"{text!r}: cannot be computed; allowed: {ALLOWED}") from None
    return value


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which raises OverflowError where its result is beyond LARGEST or not a number."""

    def within(*arguments: Any) -> Any:
        result = function(*arguments)
        if not -LARGEST <= result <= LARGEST:
            raise OverflowError
        return result

    return within


_BOUNDED_OPERATORS = {node: _bounded(function) for node, function in _OPERATORS.items()}
_BOUNDED_FUNCTIONS = {name: _bounded(function) for name, function in _FUNCTIONS.items()}


def _evaluator(names: dict[str, Number]) -> simpleeval.SimpleEval:
    evaluator = simpleeval.SimpleEval(operators=_BOUNDED_OPERATORS, functions=_BOUNDED_FUNCTIONS, names=names)
    evaluator.nodes = {
        node: evaluator.nodes[node] for node in (ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant)
    }
    return evaluator


@lru_cache(maxsize=4096)
def _parsed(text: str) -> tuple[ast.expr, tuple[str, ...]]:
    """The tree of an expression, and the parameters that it uses."""
    if len(text) > LONGEST:
        raise ConvcostError(f"{text[:24]!r}…: an expression of {len(text):,} characters, allowed: {LONGEST}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ConvcostError(f"{text!r}: no expression; allowed: {ALLOWED}") from None
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    used = []
    for node in ast.walk(tree):
        if not _allowed(node):
            raise ConvcostError(f"{text!r}: no expression; allowed: {ALLOWED}")
        if isinstance(node, ast.Name) and id(node) not in called:
            used.append(node.id)
    return tree, tuple(used)


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    return isinstance(node, ast.BinOp | ast.UnaryOp | ast.Name | ast.Load) or type(node) in _OPERATORS
