"""Model -> Model: what if this convolution were separable, … To add a variant, add a module here, named as the user
types it, with one `BaseVariant`: its parameters, and what stands in for a convolution.

A variant is written `NAME[(key=value,…)][:GLOB]`, as in `separable(m=2):block*/conv*`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from convcost.errors import ConvcostError
from convcost.globs import matches
from convcost.model import Model
from convcost.report import Report
from convcost.suggestions import did_you_mean
from convcost.variants.base import BaseVariant, Conversion

_WRITTEN = re.compile(r"(?P<name>\w+)(\((?P<settings>[^()]*)\))?(:(?P<glob>.+))?", re.DOTALL)
_NOT_VARIANTS = {"base", "replacing", "steps"}


class Choice(msgspec.Struct, frozen=True):
    """A variant, and the layers that it is for; without a glob, every layer that it makes cheaper."""

    variant: BaseVariant
    glob: str | None = None

    def __str__(self) -> str:
        return written(self.variant) + (f":{self.glob}" if self.glob else "")


def written(variant: BaseVariant) -> str:
    """`separable(m=2)`: a variant as it is typed, without settings that are the default."""
    given = [
        f"{name}={getattr(variant, name)}"
        for name, default in _defaults(type(variant))
        if getattr(variant, name) != default
    ]
    return variant.name + (f"({','.join(given)})" if given else "")


@cache
def _defaults(variant: type[BaseVariant]) -> tuple[tuple[str, object], ...]:
    """The settings of a variant, and what each is unless given. msgspec works them out anew at each question."""
    return tuple((field.name, field.default) for field in msgspec.structs.fields(variant))


@cache
def names() -> tuple[str, ...]:
    """The variants, by name."""
    return tuple(found.name for found in pkgutil.iter_modules(__path__) if found.name not in _NOT_VARIANTS)


def kind(name: str) -> type[BaseVariant]:
    """The variant of that name. Raises ConvcostError where there is none."""
    if name not in names():
        raise ConvcostError(f"no variant {name!r}{did_you_mean(name, names())}; allowed: {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    found: type[BaseVariant] = next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, BaseVariant) and value.__module__ == module.__name__
    )
    return found


def parse(text: str) -> Choice:
    """`separable(m=2):block*/conv*` -> Choice. Raises ConvcostError that says what is allowed."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ConvcostError(f"variant {text!r}: allowed: NAME[(key=value,…)][:GLOB], as in separable(m=2):block*/*")
    variant = kind(found["name"])
    settings = {}
    for one in filter(None, (part.strip() for part in (found["settings"] or "").split(","))):
        key, _, value = one.partition("=")
        settings[key.strip()] = value.strip()
    try:
        return Choice(msgspec.convert(settings, variant, strict=False), found["glob"])
    except msgspec.ValidationError as error:
        fields = ", ".join(field.name for field in msgspec.structs.fields(variant)) or "none"
        raise ConvcostError(f"variant {text!r}: {error}; its settings: {fields}") from None


def variant_of(text: str) -> BaseVariant:
    """`separable(m=2)` -> the variant. Raises ConvcostError, also where the text has a glob."""
    choice = parse(text)
    if choice.glob is not None:
        raise ConvcostError(f"variant {text!r}: allowed here: NAME[(key=value,…)], without a glob")
    return choice.variant


def assigned(model: Model, report: Report, by_path: Mapping[str, BaseVariant]) -> Conversion:
    """`model` with the layer at each path converted by the variant given for it, whatever it costs.

    `report` is the model's profile. Raises ConvcostError, naming a layer that is not there or cannot become that.
    """
    paths = {row.path for row in report.rows}
    paths_of: dict[BaseVariant, set[str]] = {}
    for path, variant in by_path.items():
        if path not in paths:
            raise ConvcostError(f"{report.name} has no layer {path!r}{did_you_mean(path, paths)}")
        paths_of.setdefault(variant, set()).add(path)
    refused: dict[str, str] = {}
    converted: set[str] = set()
    for variant, wanted in paths_of.items():
        done = variant.apply(model, report, wanted.__contains__, always=True)
        model = done.model
        refused |= done.refused
        converted.update(done.variants)
    for path, variant in by_path.items():
        if path not in converted:
            why = refused.get(path, "it is no ordinary convolution")
            raise ConvcostError(f"{report.name}: layer {path!r} cannot become {variant.name}: {why}")
    return Conversion(model, by_path)


def apply(model: Model, report: Report, choices: Sequence[Choice], keep: Sequence[str] = ()) -> Conversion:
    """`model` with every choice carried out; each layer goes to the last choice whose glob names it.

    `report` is the model's profile. Layers that `keep` names are left alone. Raises ConvcostError where a glob names no
    layer.
    """
    paths = [row.path for row in report.rows]
    for glob in (*(choice.glob for choice in choices if choice.glob), *keep):
        if not any(matches(glob, path) for path in paths):
            raise ConvcostError(f"{glob!r} names no layer of {report.name}")
    converted: dict[str, BaseVariant] = {}
    refused: dict[str, str] = {}
    for place, choice in enumerate(choices):
        later = choices[place + 1 :]

        def wanted(path: str, choice: Choice = choice, later: Sequence[Choice] = later) -> bool:
            return (
                (choice.glob is None or matches(choice.glob, path))
                and not any(matches(glob, path) for glob in keep)
                and not any(one.glob is None or matches(one.glob, path) for one in later)
            )

        done = choice.variant.apply(model, report, wanted, always=choice.glob is not None)
        model = done.model
        converted |= done.variants
        refused |= done.refused
    return Conversion(model, converted, refused)
