"""Products that sum over an axis of both operands, and those that do not."""

import numpy as np
from keras import ops

from .case import Case


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, "float32")


def einsum(subscripts: str, *shapes: tuple[int, ...], **settings: object) -> Case:
    return Case(lambda *tensors: ops.einsum(subscripts, *tensors), *shapes, **settings)


CASES = [
    Case(ops.matmul, (4, 3), (3, 5), macs=4 * 3 * 5),
    Case(lambda x, y: x @ y, (2, 4, 3), (2, 3, 5), macs=2 * 4 * 3 * 5),
    Case(ops.matmul, (1, 4, 3), (2, 3, 5), macs=2 * 4 * 3 * 5),
    Case(lambda x: ops.matmul(x, ones(3, 5)), (4, 3), macs=4 * 3 * 5),
    Case(lambda x: ops.matmul(ones(6, 4), x), (4, 3), macs=6 * 4 * 3),
    Case(lambda x: ops.matmul(ones(7, 1, 6, 4), x), (2, 4, 3), macs=7 * 2 * 6 * 4 * 3),
    Case(lambda x: ops.matmul(x, ones(3)), (4, 3), macs=4 * 3),
    Case(lambda x: ops.matmul(ones(4), x), (4, 3), macs=4 * 3),
    Case(lambda x: ops.matmul(x[0], ones(4)), (4,), macs=4),
    Case(ops.dot, (4, 3), (3, 5), macs=4 * 3 * 5),
    Case(lambda x: ops.dot(x, ones(3, 5)), (4, 3), macs=4 * 3 * 5),
    Case(lambda x: ops.dot(x, ones(3)), (4, 3), macs=4 * 3),
    Case(lambda x: ops.dot(x[0], ones(2, 4, 3)), (4,), macs=2 * 4 * 3),
    Case(lambda x: ops.dot(x, 2.0), (4, 3)),
    Case(lambda x, y: ops.dot(x[0], y[0]), (4,), (4,), macs=4),
    Case(lambda x, y: ops.tensordot(x, y, axes=[[1, 2], [1, 2]]), (4, 3), (4, 3), macs=4 * 3),
    Case(lambda x, y: ops.tensordot(x, y, axes=[[-1], [1]]), (4, 3), (3, 5), macs=4 * 3 * 5),
    Case(lambda x: ops.tensordot(x, ones(4, 3, 5), axes=2), (2, 4, 3), macs=2 * 4 * 3 * 5),
    Case(lambda x: ops.tensordot(x, ones(3, 5), axes=1), (4, 3), macs=4 * 3 * 5),
    Case(lambda x: ops.tensordot(x, ones(5), axes=0), (4, 3), trace=4 * 3 * 5),
    Case(lambda x, y: ops.inner(x[0], y[0]), (4, 3), (5, 3), macs=4 * 5 * 3, traces=False),
    Case(lambda x: ops.inner(x, ones(3)), (4, 3), macs=4 * 3),
    Case(ops.vdot, (4, 3), (4, 3), macs=4 * 3),
    Case(ops.outer, (4, 3), (5,)),
    Case(lambda x: ops.outer(ones(2, 2), x), (4, 3)),
    Case(lambda x, y: ops.kron(x[0], y[0]), (4, 3), (2, 5), traces=False),
    Case(ops.cross, (4, 3), (4, 3)),
    Case(lambda x, y: ops.cross(x, y, axisa=1, axisb=-1, axisc=1), (3, 4), (4, 3)),
    Case(ops.cross, (4, 2), (4, 2)),
    Case(lambda x, y: ops.correlate(x[0], y[0]), (7,), (3,), macs=5 * 3),
    Case(lambda x: ops.correlate(x[0], ones(3), mode="full"), (7,), macs=9 * 3),
    Case(
        lambda x: ops.correlate(x[0], ones(3), mode="same"),
        (7,),
        macs=7 * 3,
        trace=9 * 3,
    ),
    Case(lambda x: ops.corrcoef(x[0]), (4, 4), macs=4 * 4 * 4, traces=False),
    Case(lambda x: ops.corrcoef(x[0]), (4, 9), macs=4 * 4 * 9, traces=False, recorded=False),
    einsum("bij,bjk->bik", (4, 3), (3, 5), macs=4 * 3 * 5),
    einsum("bij,bkj->bik", (4, 3), (5, 3), macs=4 * 3 * 5),
    einsum("bhid,bhjd->bhij", (2, 4, 3), (2, 5, 3), macs=2 * 4 * 3 * 5),
    einsum("...ij,...jk->...ik", (2, 4, 3), (2, 3, 5), macs=2 * 4 * 3 * 5),
    einsum("...ij,...jk", (2, 4, 3), (1, 3, 5), macs=2 * 4 * 3 * 5, runs=False, traces=False),
    einsum("bij,bij->bij", (4, 3), (4, 3)),
    einsum("bij,bij->b", (4, 3), (4, 3), macs=4 * 3),
    einsum("bi,bj->bij", (4,), (5,)),
    einsum("bijl,bjk->bik", (4, 3, 6), (3, 5), macs=4 * 3 * 5),  # l is summed beforehand
    einsum("bij,bk->bik", (4, 3), (5,)),
    einsum("bij->bji", (4, 3)),
    einsum("bij->b", (4, 3)),
    einsum("bii->bi", (4, 4)),
    einsum("bij,bjk", (4, 3), (3, 5), macs=4 * 3 * 5),
    Case(lambda x: ops.einsum("ij,bjk->bik", ones(6, 4), x), (4, 3), macs=6 * 4 * 3),
    Case(lambda x: ops.einsum("bij,jhd->bihd", x, ones(3, 2, 5)), (4, 3), macs=4 * 3 * 2 * 5),
    # The pair that shrinks most comes first: (4×3 · 3×5) · 5×2 takes 60 + 40, the other way 30 + 24.
    einsum("bij,bjk,bkl->bil", (4, 3), (3, 5), (5, 2), macs=3 * 5 * 2 + 4 * 3 * 2),
    einsum("bij,bjk,bkl->bil", (2, 5), (5, 3), (3, 4), macs=2 * 5 * 3 + 2 * 3 * 4),
    einsum("bij,bij,bij->b", (4, 3), (4, 3), (4, 3), macs=4 * 3),
    Case(
        ops.dot_product_attention,
        (5, 2, 4),
        (6, 2, 4),
        (6, 2, 4),
        macs=2 * 5 * 6 * (4 + 4),
    ),
    Case(
        lambda q, k, v, m: ops.dot_product_attention(q, k, v, mask=m, scale=0.5),
        (5, 2, 4),
        (6, 2, 4),
        (6, 2, 4),
        (2, 5, 6),
        dtypes=("float32", "float32", "float32", "bool"),
        macs=2 * 5 * 6 * (4 + 4),
    ),
    Case(  # four heads of queries share two heads of keys and values
        lambda q, k, v: ops.dot_product_attention(q, k, v, bias=ones(1, 4, 5, 6)),
        (5, 4, 3),
        (6, 2, 3),
        (6, 2, 3),
        macs=4 * 5 * 6 * (3 + 3),
    ),
]
