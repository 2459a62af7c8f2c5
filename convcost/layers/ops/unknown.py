"""Operations without a record: a graph that holds one says so by name, and its totals are lower bounds."""

_FUNCTION = "it runs a Python function that the file does not describe"
_DATA = "its output shape depends on the data"
_ITERATIVE = "its algorithm iterates until it converges: no fixed count of operations"

UNKNOWN = {
    "AssociativeScan": _FUNCTION,
    "Cond": _FUNCTION,
    "ForiLoop": _FUNCTION,
    "JVP": _FUNCTION,
    "Map": _FUNCTION,
    "Scan": _FUNCTION,
    "Switch": _FUNCTION,
    "VectorizedMap": _FUNCTION,
    "WhileLoop": _FUNCTION,
    "Arange": _DATA,
    "Bincount": _DATA,
    "Nonzero": _DATA,
    "Unique": _DATA,
    "View": "its output shape hangs on the dtype of its input",
    "Eig": _ITERATIVE,
    "Eigh": _ITERATIVE,
    "Lstsq": _ITERATIVE,
    "MatrixRank": _ITERATIVE,
    "Pinv": _ITERATIVE,
    "SVD": _ITERATIVE,
    "CTCDecode": "its search depends on the data",
}
"""Why, by class name. The tests hold this list and the records against every operation of Keras."""
