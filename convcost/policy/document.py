"""A policy file -> subjects: which models are checked, by which rules, each with its line."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.budget.rules import Allowed, Ceiling, Growth, Match, Place, Rule, Subject
from convcost.errors import ConvcostError
from convcost.paths import shown_path
from convcost.policy.records import Increase, ModelRecord, OfKind, Policy
from convcost.readers.located import located
from convcost.readers.yaml_lines import Entries, Items, Node, read_yaml
from convcost.suggestions import did_you_mean

GLOB_SIGNS = "*?["


class Document(msgspec.Struct, frozen=True):
    """A policy file that is valid: its models by name, and its values with their lines."""

    path: Path
    policy: Policy
    root: Node

    @property
    def folder(self) -> Path:
        return self.path.parent

    def subjects(self, wanted: Sequence[str] = ()) -> list[Subject]:
        """The models to check, all or those wanted: by name, or by the path of their file."""
        everything = [subject for name, record in self.policy.models.items() for subject in self._of(name, record)]
        if not wanted:
            return everything
        chosen = []
        for want in wanted:
            found = [one for one in everything if want in (one.name, one.name.partition(":")[0])]
            found = found or [one for one in everything if _same_file(want, one.source)]
            if not found:
                near = did_you_mean(want, [one.name for one in everything])
                names = ", ".join(self.policy.models)
                raise ConvcostError(f"{shown_path(self.path)}: no model is named {want!r}{near or f'; it has {names}'}")
            chosen += [one for one in found if one not in chosen]
        return chosen

    def _of(self, name: str, record: ModelRecord) -> Iterator[Subject]:
        """The subject of a model's entry, or one for each file that its glob matches."""
        place = self.place("models", name, "source")
        path = os.path.join(self.folder, record.source)
        if not any(sign in record.source for sign in GLOB_SIGNS) or os.path.exists(path):
            yield self._subject(name, path, record)
            return
        found = sorted(glob.glob(record.source, root_dir=self.folder, recursive=True))
        if not found:
            raise ConvcostError(f"{place}: models.{name}.source is {record.source!r}, which matches no file")
        for one in found:
            yield self._subject(f"{name}:{Path(one).as_posix()}", os.path.join(self.folder, one), record)

    def _subject(self, name: str, path: str, record: ModelRecord) -> Subject:
        entry = name.partition(":")[0] if name not in self.policy.models else name
        return Subject(
            name=name,
            source=shown_path(Path(path)),
            place=self.place("models", entry),
            rules=(*self._budget(entry, record), *self._layers(entry, record)),
            input_shape={} if record.input_shape is UNSET else record.input_shape.shapes,
            parameters={} if record.set is UNSET else record.set,
            batch=self.policy.defaults.batch if record.batch is UNSET else record.batch,
            message=record.message,
            allowed=tuple(
                Allowed(glob, self.place("models", entry, "allow_uncounted", number))
                for number, glob in enumerate(record.allow_uncounted)
            ),
        )

    def _budget(self, name: str, record: ModelRecord) -> Iterator[Rule]:
        for metric in OF_MODEL.values():
            limits: Any = getattr(record.budget, metric.name, UNSET)
            if limits is UNSET:
                continue
            where = ("models", name, "budget", metric.name)
            if limits.max is not UNSET or limits.warn is not UNSET:
                key = "max" if limits.max is not UNSET else "warn"
                yield Ceiling(metric, self.place(*where, key), _known(limits.max), _known(limits.warn))
            if isinstance(limits.max_increase, Increase):
                increase = limits.max_increase
                yield Growth(metric, self.place(*where, "max_increase"), increase.relative, increase.absolute)

    def _layers(self, name: str, record: ModelRecord) -> Iterator[Rule]:
        for number, rule in enumerate(record.layers):
            layer: Any = rule
            match = Match(layer.match.kind, "kind") if isinstance(layer.match, OfKind) else Match(layer.match)
            where = ("models", name, "layers", number)
            given = [metric for metric in OF_LAYER.values() if getattr(layer, metric.name) is not UNSET]
            if not given:
                metrics = ", ".join(OF_LAYER)
                raise ConvcostError(f"{self.place(*where)}: models.{name}.layers limits nothing, allowed: {metrics}")
            for metric in given:
                limits = getattr(layer, metric.name)
                if limits.max is not UNSET or limits.warn is not UNSET:
                    key = "max" if limits.max is not UNSET else "warn"
                    place = self.place(*where, metric.name, key)
                    yield Ceiling(metric, place, _known(limits.max), _known(limits.warn), match)
                if limits.max_sum is not UNSET:
                    place = self.place(*where, metric.name, "max_sum")
                    yield Ceiling(metric, place, limits.max_sum, match=match, together=True)

    def place(self, *keys: str | int) -> Place:
        """Where the file says what these keys lead to."""
        node = self.root
        for key in keys:
            if isinstance(node, Entries) and isinstance(key, str):
                node = node.entries[key]
            elif isinstance(node, Items) and isinstance(key, int):
                node = node.items[key]
        return Place(shown_path(self.path), node.line)


def read_policy(path: Path) -> Document:
    """The policy in a file. Raises ConvcostError with the line that is wrong."""
    if not path.is_file():
        raise ConvcostError(f"{path}: no such policy file")
    shown = shown_path(path)
    root = read_yaml(Path(shown))
    if not isinstance(root, Entries):
        raise ConvcostError(f"{shown}:{root.line}: no policy: it has no line `version: 1`")
    return Document(path, located(root, Policy, shown), root)


def _same_file(want: str, source: str) -> bool:
    return os.path.exists(want) and os.path.exists(source) and os.path.samefile(want, source)


def _known(limit: Any) -> int | None:
    return None if limit is UNSET else int(limit)
