"""Layers before and after: by name, then by position and kind; what grew most, and why."""

from __future__ import annotations

from collections.abc import Sequence

from convcost.budget.difference import difference, grew_most
from convcost.budget.figures import Figures, LayerFigures, figures_of
from convcost.budget.metrics import OF_LAYER, OF_MODEL
from convcost.layers.convolution import Conv2D
from convcost.layers.dense import Dense
from convcost.layers.reshaping import Flatten
from convcost.profile import profile
from tests.building import chain


def figures(*layers: tuple[str, str, int]) -> Figures:
    """Layers by path, kind and MACs."""
    made = [
        LayerFigures(path, kind, {name: (macs if name == "macs" else 0) for name in OF_LAYER})
        for path, kind, macs in layers
    ]
    return Figures(
        {name: (sum(macs for _, _, macs in layers) if name == "macs" else 0) for name in OF_MODEL}, tuple(made)
    )


def shown(old: Figures, new: Figures) -> Sequence[tuple[str, str, str, int | None]]:
    return [(one.sign, one.renamed_from, one.path, one.delta("macs")) for one in difference(old, new).changes]


def test_a_rename_is_no_growth() -> None:
    old = figures(("stem", "Conv2D", 100), ("a", "Conv2D", 50), ("head", "Dense", 10))
    new = figures(("stem", "Conv2D", 100), ("b", "Conv2D", 50), ("head", "Dense", 10))
    assert shown(old, new) == [("=", "", "stem", 0), ("~", "a", "b", 0), ("=", "", "head", 0)]
    assert not difference(old, new).differs
    assert grew_most(difference(old, new).changes, "macs") == ()


def test_a_renamed_block_is_matched_layer_by_layer() -> None:
    old = figures(("stem", "Conv2D", 1), ("b1/dw", "DW", 2), ("b1/pw", "Conv2D", 3), ("b2/pw", "Conv2D", 4))
    new = figures(("stem", "Conv2D", 1), ("c1/dw", "DW", 2), ("c1/pw", "Conv2D", 3), ("c2/pw", "Conv2D", 9))
    assert [(one[1], one[2], one[3]) for one in shown(old, new)[1:]] == [
        ("b1/dw", "c1/dw", 0), ("b1/pw", "c1/pw", 0), ("b2/pw", "c2/pw", 5),
    ]  # fmt: skip


def test_position_is_between_layers_that_kept_their_names() -> None:
    old = figures(("a", "Conv2D", 1), ("x", "Conv2D", 7), ("b", "Dense", 1))
    new = figures(("a", "Conv2D", 1), ("b", "Dense", 1), ("y", "Conv2D", 7))
    assert shown(old, new) == [("=", "", "a", 0), ("-", "", "x", -7), ("=", "", "b", 0), ("+", "", "y", 7)]


def test_another_kind_under_another_name_is_another_layer() -> None:
    old = figures(("a", "Conv2D", 5))
    new = figures(("b", "Dense", 5))
    assert shown(old, new) == [("-", "", "a", -5), ("+", "", "b", 5)]
    assert difference(old, new).differs


def test_an_unknown_count_has_no_delta() -> None:
    layer = LayerFigures("a", "Secret", dict.fromkeys(OF_LAYER))
    unknown = Figures(dict.fromkeys(OF_MODEL, 0), (layer,))
    assert shown(figures(("a", "Secret", 5)), unknown) == [("~", "", "a", None)]


def test_what_was_changed_comes_before_what_follows() -> None:
    """12 more filters cost 9·3·12·64 in the layer itself, and 9·12·64·64 in the one that reads it."""

    def model(filters: int) -> Figures:
        layers = (Conv2D(filters=filters, kernel_size=3, padding="same"),
                  Conv2D(filters=64, kernel_size=3, padding="same"), Flatten(), Dense(units=10))  # fmt: skip
        return figures_of(profile(chain(*layers)))

    changes = difference(model(4), model(16)).changes
    first, second = grew_most(changes, "macs")
    assert (first.path, first.delta, first.cause) == ("conv2d_1", 9 * 3 * 12 * 64, "changed")
    assert [(one.name, one.old, one.new) for one in first.settings] == [("filters", 4, 16)]
    assert (second.path, second.delta, second.cause) == ("conv2d_2", 9 * 12 * 64 * 64, "follows")


def test_without_settings_the_inputs_tell_what_follows() -> None:
    def layer(path: str, macs: int, channels: int) -> LayerFigures:
        return LayerFigures(path, "Conv2D", dict.fromkeys(OF_LAYER, macs), ((1, 8, 8, channels),))

    totals = dict.fromkeys(OF_MODEL, 0)
    old = Figures(totals, (layer("a", 10, 3), layer("b", 20, 4)))
    new = Figures(totals, (layer("a", 15, 3), layer("b", 90, 6)))
    assert [(one.path, one.cause) for one in grew_most(difference(old, new).changes, "macs")] == [
        ("a", "changed"), ("b", "follows"),
    ]  # fmt: skip
