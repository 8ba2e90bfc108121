"""The exceptions of the package. Their text is that of the library, with the place and a caret:

    cells.equations:1:9: error: dv/dt has the dimension volt/second, but the right side is volt
"""


class Error(Exception):
    """An error of bnsyn. Each is also a ValueError, a RuntimeError or a MemoryError."""


class InvalidError(Error, ValueError):
    """A network, a name or a value that is wrong."""


class RunError(Error, RuntimeError):
    """What went wrong while a simulation ran, or cannot be done as it stands."""


class OutOfMemory(Error, MemoryError):
    """A simulation that does not fit into memory."""


_INVALID = ("INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE", "ALREADY_EXISTS")


def of_status(code: str, message: str) -> Error:
    """The exception for an error of the library."""
    if code in _INVALID:
        return InvalidError(message)
    if code == "RESOURCE_EXHAUSTED":
        return OutOfMemory(message)
    return RunError(message)
