"""A model rewritten: variants in the place of convolutions, and weights fitted from the trained kernels."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from convcost.errors import ConvcostError
from convcost.kernels.fitting import fitted, initialised, steps_of
from convcost.model import Model, Unknown
from convcost.paths import YAML
from convcost.planning import plan_file
from convcost.profile import agrees, declared_shape, profile
from convcost.readers import keras_archive as reader
from convcost.readers import read
from convcost.readers.keras_hdf5 import Stored
from convcost.readers.keras_kernels import kernels, opened_weights
from convcost.readers.keras_text import MALFORMED
from convcost.readers.keras_weights import GroupedWeights
from convcost.report import Report, Row
from convcost.variants import apply, assigned, parse, written
from convcost.variants.base import Conversion
from convcost.variants.steps import Conv
from convcost.writers import keras_archive as writer
from convcost.writers.keras_archive import Member
from convcost.writers.keras_config import Edit
from convcost.writers.keras_graph import Json
from convcost.writers.keras_weights import Copy, created, put
from convcost.writers.spec_yaml import text_of
from convcost.writers.whole import replacing

ONE_INPUT_IN_A_LIST = ("3.0.", "3.1.", "3.2.", "3.3.")
"""Versions of Keras that write, and read, one input of a model as a list of one."""
MOST_NAMED = 5
"""Layers that a note lists by name."""
KEPT = 0.99
"""Of a kernel's energy. Below that, outputs change more than rounding would change them."""


class Rewritten(msgspec.Struct, frozen=True):
    """A layer that was replaced: by which variant, and the share of its kernel's energy that the fit keeps.

    `energy` None: the weights are initialised anew.
    """

    path: str
    variant: str
    energy: float | None = None


class Rewriting(msgspec.Struct, frozen=True):
    """What a model cost, what it costs now, its new layers, and what has to be known of them.

    `weights` False: it is a spec, which has none.
    """

    before: Report
    after: Report
    layers: tuple[Rewritten, ...]
    notes: tuple[str, ...] = ()
    weights: bool = True


def converted(
    model: Model, report: Report, variants: Sequence[str], keep: Sequence[str], plan: Path | None
) -> Conversion:
    """`model`, whose profile is `report`, under the variants or the plan.

    Raises ConvcostError where nothing changes.
    """
    if (plan is None) == (not variants):
        raise ConvcostError("a plan or variants tell what takes the place of layers: give one of the two")
    if plan is not None:
        if keep:
            raise ConvcostError("a plan names the layers itself: layers are kept beside variants alone")
        done = assigned(model, report, plan_file.read(plan))
    else:
        done = apply(model, report, [parse(text) for text in variants], keep)
    if not done.variants:
        why = "".join(f"; layer {path!r}: {reason}" for path, reason in done.refused.items())
        raise ConvcostError(f"{report.source}: nothing to rewrite: no layer is converted{why}")
    return done


def rewritten(path: Path, target: Path, model: Model, report: Report, done: Conversion) -> Rewriting:
    """Write `model`, which `path` holds and whose profile is `report`, as the archive or the spec `target`.

    Raises ConvcostError, with the layer's name, where a layer cannot be rewritten; then nothing is written.
    """
    if target.suffix in YAML:
        return _as_spec(path, target, report, done)
    if target.suffix != ".keras":
        raise ConvcostError(f"{target}: allowed: a name that ends in .keras, or in .yaml for a spec")
    if model.format != "keras":
        raise ConvcostError(
            f"{path}: a {model.format} file cannot become an archive, allowed: .keras; -o OUT.yaml writes a spec"
        )
    for ref in model.inputs:
        told, given = declared_shape(model, ref), report.input_shapes[ref.layer]
        if told is not None and not agrees(given, told):
            raise ConvcostError(f"{path}: input {ref.layer!r} is {given}, which the archive fixes at {told}")
    after = profile(done.model, report.input_shapes, report.batch)
    with replacing(target, [path]) as temporary:
        rewriting = _Rewriting(path, model, report, after, done).write(temporary)
        again = profile(read(temporary, {}), report.input_shapes, report.batch)
        predicted, found = ((one.cost, one.params, one.weight_bytes) for one in (after.totals, again.totals))
        if found != predicted:
            raise RuntimeError(f"the rewritten model costs {found}, predicted: {predicted}")
    # Where layers went, Keras may run those that are left in another order, which has another peak.
    return msgspec.structs.replace(rewriting, after=msgspec.structs.replace(again, source=str(target)))


def _as_spec(path: Path, target: Path, report: Report, done: Conversion) -> Rewriting:
    text = text_of(msgspec.structs.replace(done.model, source=str(path)))
    with replacing(target, [path]) as temporary:
        temporary.write_text(text, encoding="utf-8")
    after = profile(done.model, report.input_shapes, report.batch)
    layers = tuple(Rewritten(row.path, written(done.variants[row.path])) for row in _replaced(report, done))
    return Rewriting(report, after, layers, _left(done), weights=False)


def _replaced(report: Report, done: Conversion) -> list[Row]:
    """The layers that are replaced, in the order of the model."""
    return [row for row in report.rows if row.path in done.variants]


def _left(done: Conversion) -> tuple[str, ...]:
    """What was meant to be converted and is not."""
    return tuple(f"layer {path!r} is left as it is: {why}" for path, why in done.refused.items())


class _Rewriting:
    """One archive while it is rewritten."""

    def __init__(self, path: Path, model: Model, before: Report, after: Report, done: Conversion) -> None:
        self.path = path
        self.model = model
        self.before, self.after = before, after
        self.done = done
        self.old = {row.path: row for row in before.rows}
        self.new = {
            path: [row for row in after.rows if f"{row.path}/".startswith(f"{path}/")] for path in done.variants
        }
        self.notes: list[str] = []

    def write(self, target: Path) -> Rewriting:
        config = self.config()
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".h5") as weights:
            layers, moved = self.weights(Path(weights.name), config)
            edited: list[Member] = [(reader.CONFIG, json.dumps(config).encode()), (reader.WEIGHTS, weights)]
            kept: Iterator[Member] = ((_moved(name, moved), content) for name, content in reader.others(self.path))
            writer.write(target, chain(edited, kept))
        return Rewriting(self.before, self.after, layers, (*_left(self.done), *self.notes, *_to_train(layers)))

    def config(self) -> Json:
        """config.json with the new layers, and without the optimizer."""
        try:
            return self.edited()
        except MALFORMED as error:
            told = f"{type(error).__name__}: {error}"
            raise ConvcostError(f"{self.path}: the archive is not one that Keras 3 writes ({told})") from None

    def edited(self) -> Json:
        version = str(json.loads(reader.text_in(self.path, reader.METADATA)).get("keras_version"))
        if not version.startswith("3."):
            raise ConvcostError(f"{self.path}: Keras {version} wrote it, allowed: archives of Keras 3")
        rows = {row.path: row for row in self.after.rows}
        edit = Edit(self.done.variants, rows, listed=version.startswith(ONE_INPUT_IN_A_LIST))
        config = edit.model(json.loads(reader.text_in(self.path, reader.CONFIG)), self.model, self.done.model)
        self.notes += edit.notes
        compiled = dict(config.get("compile_config") or {})
        if compiled.pop("optimizer", None) is not None:
            self.notes.append(
                "the optimizer is dropped, with its state: Keras takes rmsprop unless the model is compiled"
            )
            config["compile_config"] = compiled
        return config

    def weights(self, target: Path, config: Json) -> tuple[tuple[Rewritten, ...], Mapping[str, str]]:
        """Write the weights file; the new layers, and what was where and is elsewhere."""
        with opened_weights(self.path, self.model) as (source, weights), created(target) as file:
            assert isinstance(weights, GroupedWeights)
            stored = weights.by_layer(self.model)
            self.check(stored)
            copy = Copy(source, file, weights.groups(self.model), self.done.variants)
            copy.run(config)
            layers = {one.path: one for one in self.filled(copy.vars, source, stored)}
        return tuple(layers[row.path] for row in _replaced(self.before, self.done)), copy.moved

    def check(self, stored: Mapping[str, Sequence[Stored]]) -> None:
        """Raises ConvcostError, with the layer's name, where the weights file does not fit the model."""
        for path, row in self.old.items():
            if row.weights and not isinstance(row.layer.rule, Unknown) and not stored.get(path):
                raise ConvcostError(f"{self.path}: layer {path!r}: the weights file has no weights of it")
        for path in self.done.variants:
            told, allowed = [one.shape for one in stored[path]], [weight.shape for weight in self.old[path].weights]
            if told != allowed:
                where = f"{self.path}: layer {path!r}"
                raise ConvcostError(f"{where}: the weights do not fit the model: they are {told}, allowed: {allowed}")

    def filled(
        self, groups: Mapping[str, Any], source: Any, stored: Mapping[str, Sequence[Stored]]
    ) -> Iterator[Rewritten]:
        """Give the new layers their weights, one kernel in memory at a time."""
        for path, variant in self.done.variants.items():
            if variant.fit is None:
                for one in initialised(self.new[path]):
                    assert one.values is not None
                    put(groups[one.path], one.values, one.weight.dtype or stored[path][0].dtype)
                yield Rewritten(path, written(variant))
        wanted = {path: self.old[path].weights[0].shape for path, one in self.done.variants.items() if one.fit}
        for path, kernel in kernels(self.path, self.model, wanted):
            if not kernel.any():
                self.notes.append(f"layer {path!r}: its kernel is zero, and so is what takes its place")
            variant, row = self.done.variants[path], self.old[path]
            rule, shape = row.layer.rule, row.calls[0].inputs[0]
            assert variant.fit is not None and isinstance(rule, Conv) and shape is not None
            steps = steps_of(variant.fit, variant.rank(rule, shape), kernel)
            for one in fitted(self.new[path], steps):
                if one.values is None:
                    (bias,) = stored[path][1:]
                    source.copy(bias.path, groups[one.path], name=str(len(groups[one.path])))
                else:
                    put(groups[one.path], one.values, stored[path][0].dtype)
            yield Rewritten(path, written(variant), steps.energy)


def _to_train(layers: Sequence[Rewritten]) -> Iterator[str]:
    """What has to be trained before it is used."""
    anew: dict[str, list[str]] = {}
    for one in layers:
        if one.energy is None:
            anew.setdefault(one.variant, []).append(one.path)
    for variant, paths in anew.items():
        named = ", ".join(map(repr, paths[:MOST_NAMED])) + (
            f" and {len(paths) - MOST_NAMED} more" * (len(paths) > MOST_NAMED)
        )
        yield f"the weights of {named} ({variant}) are initialised anew: to be trained"
    fitted = [(one.energy, one.path) for one in layers if one.energy is not None]
    energy, path = min(fitted, default=(1.0, ""))
    if energy < KEPT:
        yield (
            f"the fit of {path!r} keeps {energy:.1%} of its kernel's energy: this is a new architecture, to be trained,"
            " rather than the same network in another form"
        )


def _moved(name: str, moved: Mapping[str, str]) -> str:
    """Where a member of the archive goes: the assets of a layer lie under the name of its group."""
    assets, _, inside = name.partition("/")
    if assets != "assets":
        return name
    place = f"/{inside}"
    for old in sorted(moved, key=len, reverse=True):
        if place.startswith(f"{old}/"):
            return f"{assets}{moved[old]}{place.removeprefix(old)}"
    return name
