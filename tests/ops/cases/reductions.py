"""Reductions, sorting, searching, running sums, and the losses that a graph may hold."""

import numpy as np
from keras import ops

from .case import Case, words

REDUCE = words(
    """all amax amin any count_nonzero logsumexp max mean median min nanmax nanmean nanmin nanprod nanstd nansum
nanvar prod ptp std sum var"""
)

CASES = [
    *(Case(lambda x, name=name: getattr(ops, name)(x), (4, 3)) for name in REDUCE),
    *(Case(lambda x, name=name: getattr(ops, name)(x, axis=1), (4, 3)) for name in REDUCE),
    *(
        Case(lambda x, name=name: getattr(ops, name)(x, axis=(-1, 1), keepdims=True), (4, 3, 2))
        for name in REDUCE
        if name != "count_nonzero"
    ),
    *(
        Case(lambda x, name=name: getattr(ops, name)(x, axis=-1, keepdims=True), (4, 3))
        for name in ("argmax", "argmin", "nanargmax", "nanargmin")
    ),
    Case(ops.argmax, (4, 3)),
    Case(ops.nanmedian, (4, 3)),
    Case(lambda x: ops.nanmedian(x, axis=(1, -1), keepdims=True), (4, 3), traces=False),
    Case(lambda x: ops.norm(x[0]), (4, 3)),
    Case(lambda x: ops.average(x, axis=1), (4, 3)),
    Case(ops.average, (4, 3)),
    Case(lambda x: ops.average(x, axis=1, weights=np.ones(4, "float32")), (4, 3), macs=4 * 3),
    Case(
        lambda x, w: ops.average(x, weights=w),
        (4, 3),
        (4, 3),
        macs=4 * 3,
        trace=0,
    ),
    Case(lambda x: ops.norm(x, ord=1, axis=-1), (4, 3)),
    Case(lambda x: ops.norm(x, ord="fro", axis=(1, 2)), (4, 3)),
    Case(lambda x: ops.norm(x, ord=2, axis=-1), (4, 3)),
    Case(lambda x: ops.quantile(x, 0.5), (4, 3)),
    Case(lambda x: ops.quantile(x, [0.1, 0.5], axis=1, keepdims=True), (4, 3)),
    Case(lambda x, q: ops.quantile(x, q[0], axis=1), (4, 3), (5,)),
    Case(lambda x: ops.nanquantile(x, [0.1, 0.5], axis=1), (4, 3), traces=False),
    Case(lambda x: ops.percentile(x, [10, 50, 90], axis=1), (4, 3)),
    Case(lambda x: ops.nanpercentile(x, 50, axis=-1), (4, 3), traces=False),
    Case(lambda x: ops.moments(x, axes=[1, 2]), (4, 3, 2)),
    Case(lambda x: ops.moments(x, axes=[1], keepdims=True), (4, 3)),
    Case(ops.trapezoid, (4, 3)),
    Case(lambda x: ops.trapezoid(x, axis=1), (4, 3)),
    Case(ops.cdist, (4, 3), (5, 3)),
    Case(lambda x: ops.cdist(x, np.ones((5, 3), "float32")), (4, 3)),
    *(
        Case(lambda x, i, name=name: getattr(ops, name)(x[0], i[0], num_segments=5), (4, 3), (4,), dtypes=dtypes)
        for name, dtypes in (
            ("segment_sum", ("float32", "int32")),
            ("segment_max", ("float32", "int32")),
            ("segment_min", ("float32", "int32")),
            ("segment_prod", ("float32", "int32")),
        )
    ),
    Case(ops.sort, (4, 3)),
    Case(lambda x: ops.sort(x, axis=1), (4, 3)),
    Case(lambda x: ops.sort(x, axis=None), (4, 3)),
    Case(lambda x: ops.argsort(x, axis=1), (4, 3)),
    Case(lambda x: ops.argpartition(x[0], kth=1), (4,)),
    *(
        Case(lambda x, name=name: getattr(ops, name)(x), (4, 3))
        for name in ("cumprod", "cumsum", "nancumprod", "nancumsum")
    ),
    Case(lambda x: ops.cumsum(x, axis=1), (4, 3)),
    Case(lambda x: ops.nancumsum(x, axis=-1), (4, 3)),
    Case(lambda x: ops.top_k(x, k=2), (4, 3)),
    Case(lambda t, p: ops.in_top_k(t[:, 0], p, k=2), (1,), (4,), dtypes=("int32", "float32")),
    Case(lambda x: ops.digitize(x, np.array([0.0, 0.5])), (4, 3)),
    Case(lambda x: ops.isin(x, np.array([0.0, 0.5])), (4, 3), traces=False),
    Case(lambda x: ops.searchsorted(np.array([0.0, 0.5, 1.0], "float32"), x), (4,)),
    Case(lambda x, y: ops.searchsorted(x[0], y), (5,), (4,)),
    Case(lambda x: ops.histogram(x[0], bins=4), (4,), traces=False),
    Case(ops.binary_crossentropy, (4, 3), (4, 3)),
    Case(ops.categorical_crossentropy, (4, 3), (4, 3)),
    Case(ops.sparse_categorical_crossentropy, (4,), (4, 3), dtypes=("int32", "float32")),
    Case(lambda x, y: ops.psnr(x, y, max_val=1.0), (4, 3), (4, 3)),
    Case(
        lambda t, p, n, m: ops.ctc_loss(t, p, n[:, 0], m[:, 0]),
        (2,),
        (5, 4),
        (1,),
        (1,),
        dtypes=("int32", "float32", "int32", "int32"),
        traces=False,
    ),
]
