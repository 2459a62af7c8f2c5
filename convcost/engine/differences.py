"""The one list of places where TensorFlow multiplies something else than a layer or operation defines.

Our rules count the definition, so that the traced graph differs there, and only there: `convcost verify` says so and
goes on. Two more differences are settled where operations are counted (`convcost.engine.contractions`): dilated
convolutions on padded blocks, and depthwise convolutions with both strides and dilation.
"""

from __future__ import annotations

from collections.abc import Mapping

DIFFERENCES: Mapping[str, str] = {
    "ops.Average": "TensorFlow multiplies elementwise, and then sums",
    "ops.CholeskyInverse": "TensorFlow inverts the triangle and multiplies it with itself",
    "ops.Correlate": "TensorFlow computes the full correlation and cuts it",
    "ops.ElasticTransform": "TensorFlow makes the window anew in every call, by an outer product",
    "ops.ExtractPatches": "TensorFlow cuts patches by a convolution with an identity",
    "ops.GaussianBlur": "TensorFlow makes the window anew in every call, by an outer product",
    "ops.ScaleAndTranslate": "resampling has no MACs, whether or not TensorFlow writes it as matrix products",
    "ops.Tensordot": "TensorFlow runs an outer product as a matrix product over an axis of 1",
}
"""By the kind of a row, why the traced graph multiplies something else."""
