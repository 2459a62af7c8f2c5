"""A weights file with layers replaced: groups are numbered anew, as Keras names them, and data is copied as it is.

Keras calls a layer's group by its snake-cased class and a counter in the order of the config, so that replacing a layer
renumbers others. The layer's own name is an attribute of its `vars`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convcost.layers import is_operation
from convcost.naming import snake_case
from convcost.writers.keras_config import name_of
from convcost.writers.keras_graph import Json
from convcost.writers.whole import UnwrittenError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.floating[Any]]

_UNWRITTEN = re.compile(r"file write failed.*error message = '([^']*)'", re.DOTALL)
LAYERS, VARS, OPTIMIZER = "layers", "vars", "optimizer"


@contextmanager
def created(path: Path) -> Iterator[Any]:
    """A new h5py.File. Raises UnwrittenError where the system takes no more of it, which h5py says in its own words."""
    import h5py

    try:
        with h5py.File(path, "w") as file:
            yield file
    except (OSError, RuntimeError) as error:
        if said := _UNWRITTEN.search(str(error)):
            raise UnwrittenError(said[1]) from None
        raise


def numbered(entries: list[Json]) -> Iterator[tuple[Json, str]]:
    """Every layer of a model, and the name of its group. Operations have none."""
    used: Counter[str] = Counter()
    for entry in entries:
        if not is_operation(entry.get("module")):
            kind = snake_case(entry["class_name"])
            yield entry, f"{kind}_{used[kind]}" if used[kind] else kind
            used[kind] += 1


class Copy:
    """The copy of a weights file, for a config in which the layers at the paths of `replaced` are new.

    `groups` is where the source has each layer. Afterwards `vars` holds the empty group of each new leaf layer, by
    path, and `moved` what was where (by the source's path) and is somewhere else now.
    """

    def __init__(self, source: Any, target: Any, groups: Mapping[str, str], replaced: Collection[str]) -> None:
        self.source = source
        self.target = target
        self.groups = groups
        self.replaced = replaced
        self.touched = {path[:end] for path in replaced for end, letter in enumerate(path) if letter == "/"}
        self.vars: dict[str, Any] = {}
        self.moved: dict[str, str] = {}

    def run(self, entry: Json) -> None:
        """Copy all but the state of an optimizer, which knows the variables by their number."""
        self.model(entry, self.source, self.target, "", leave=(LAYERS, OPTIMIZER))

    def model(self, entry: Json, source: Any, target: Any, prefix: str, leave: Container[str] = (LAYERS,)) -> None:
        for name in source:
            if name not in leave:
                source.copy(name, target)
        layers = target.create_group(LAYERS)
        for one, group in numbered(entry["config"]["layers"]):
            path = prefix + name_of(one)
            if path in self.replaced:
                self.fresh(one, layers.create_group(group), path)
            elif path in self.groups:
                self.kept(one, layers, group, path)

    def kept(self, entry: Json, layers: Any, group: str, path: str) -> None:
        """A layer as it is, or a model that has new layers in it."""
        source = self.source[self.groups[path]]
        if path in self.touched:
            self.model(entry, source, layers.create_group(group), f"{path}/")
        else:
            self.source.copy(source, layers, name=group)
        new = f"{layers.name}/{group}"
        if new != source.name:
            self.moved[source.name] = new

    def fresh(self, entry: Json, target: Any, path: str) -> None:
        """The groups of a new layer, or of a model of new layers; their values come later."""
        self.vars[path] = target.create_group(VARS)
        self.vars[path].attrs["name"] = name_of(entry)
        inner = entry["config"].get("layers")
        if inner is not None:
            layers = target.create_group(LAYERS)
            for one, group in numbered(inner):
                self.fresh(one, layers.create_group(group), f"{path}/{name_of(one)}")


def put(group: Any, values: Array, dtype: str) -> None:
    """Add a weight to a layer's `vars`, as the next one."""
    import numpy as np

    name = str(len(group))
    if dtype != "bfloat16":
        group[name] = values.astype(dtype)
        return
    # The upper half of a float32, rounded to even, in two opaque bytes: HDF5 has no bfloat16.
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    halves = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    group.create_dataset(name, data=halves.view("V2")).attrs["dtype"] = dtype
