"""Tensor operations, apart from layers since their class names collide (Add, Softmax, Reshape).

Loaded when a graph has one. To add an operation, write its record into a family's file here.
"""

import importlib
import pkgutil

for _family in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_family.name}")
