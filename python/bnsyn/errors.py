"""The exceptions of the package. Their text is that of the library, with the place and a caret:

    cells.equations:1:9: error: dv/dt has the dimension volt/second, but the right side is volt
"""


class Error(Exception):
    """An error of bnsyn. Each is also one of Python's own, which its name in this module tells."""


class InvalidError(Error, ValueError):
    """A network, a name or a value that is wrong."""


class InvalidType(Error, TypeError):
    """An argument that is of the wrong kind, as a mask where numbers of neurons are needed."""


class NotFound(InvalidError, KeyError):
    """A name that nothing has."""

    __str__ = Exception.__str__  # KeyError would show the text in quotes, without its lines


class OutOfRange(InvalidError, IndexError):
    """The number of a neuron that there is not."""


class RunError(Error, RuntimeError):
    """What went wrong while a simulation ran, or cannot be done as it stands."""


class OutOfMemory(Error, MemoryError):
    """A simulation that does not fit into memory."""


_INVALID = ("INVALID_ARGUMENT", "OUT_OF_RANGE", "ALREADY_EXISTS")


def of_status(code: str, message: str) -> Error:
    """The exception for an error of the library."""
    if code in _INVALID:
        return InvalidError(message)
    if code == "NOT_FOUND":
        return NotFound(message)
    if code == "RESOURCE_EXHAUSTED":
        return OutOfMemory(message)
    return RunError(message)
