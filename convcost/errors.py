"""What can go wrong, and the exit code that says so."""


class ConvcostError(Exception):
    """A message for the user; `exit_code` is what the command ends with.

    2: wrong usage or a bad file. The message names the file, the line, the layer, the setting,
    what was got and what is allowed, as far as each is known.
    """

    exit_code = 2


class ShapeError(ConvcostError):
    """A layer cannot take the shape it is given. Raised by a rule, located by `profile`."""


class UncountedError(ConvcostError):
    """Settings under which shape or arithmetic hang on the data. Raised by a record; the layer stays a loud unknown."""


class MeasureError(ConvcostError):
    """The answer could not be measured: an extra is missing, or a layer is not counted."""

    exit_code = 3
