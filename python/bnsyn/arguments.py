"""What calls are given: numbers, arrays, times, names and neurons, checked where they come in.

NumPy would round, cut or reinterpret many of these without a word (a mask as the numbers 0 and 1,
3.7 as 3, a masked array without its mask). Here they are errors that name the argument.
"""
from __future__ import annotations

import math
import re

import numpy as np

from .errors import InvalidError, InvalidType, OutOfRange
from .quantity import Quantity, describe, display_unit, show_number
from .units import ms

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def whole(value, what: str, least: int | None = None) -> int:
    """A whole number, of Python or NumPy; also 3.0, but neither 3.5 nor True."""
    number = value.item() if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0 \
        else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        kind = InvalidError if isinstance(number, float) else InvalidType
        raise kind(f"{what} is a whole number, not {_shown(value)}")
    if least is not None and number < least:
        raise InvalidError(f"{what} is at least {least}, not {number}")
    if number >= 2**63:
        raise InvalidError(f"{what} is less than 2**63, not {number}")
    return number


def milliseconds(value, what: str) -> float:
    """The time of a quantity, in ms."""
    if not isinstance(value, Quantity) or value.dimension != ms.dimension:
        found = describe(value.dimension) if isinstance(value, Quantity) else \
            "a number without unit" if isinstance(value, (int, float, np.number)) else _shown(value)
        raise InvalidError(f"{what} is a time, as in 0.5*ms, not {found}")
    if np.ndim(value.value):
        raise InvalidError(f"{what} is one time, not an array of {len(value)}")
    return float(value.value)


def unit_and_values(values, what: str):
    """An array or a number in the internal system, and the unit of that: "" for plain ones."""
    if isinstance(values, Quantity):
        return display_unit(values.dimension), values.value
    _refuse_masked(values, what)
    many = isinstance(values, (list, tuple)) or (
        isinstance(values, np.ndarray) and values.dtype == object and values.ndim
    )
    if many and any(isinstance(v, Quantity) for v in values):
        parts = [unit_and_values(v, what) for v in values]
        units = {unit or "1" for unit, _ in parts}
        if len(units) > 1:
            raise InvalidError(f"{what} has one unit, not {' and '.join(sorted(units))}")
        return parts[0][0], np.array([value for _, value in parts])
    return "", values


def _refuse_masked(values, what: str) -> None:
    if isinstance(values, np.ma.MaskedArray):
        raise InvalidType(
            f"{what} is a masked array, and a mask has no meaning here: give values.compressed() "
            "or values.filled(...)"
        )


def array(values, what: str) -> np.ndarray:
    """An array of one dimension of 64-bit floats."""
    _refuse_masked(values, what)
    try:
        given = np.atleast_1d(np.asarray(values))
        if given.dtype.kind not in "biufO":
            raise TypeError
        result = np.ascontiguousarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidType(
            f"{what} is a number or an array of numbers, not {_shown(values)}"
        ) from None
    if result.ndim != 1:
        raise InvalidError(
            f"{what} has one dimension, not the shape {given.shape}: give values.ravel(), if its "
            "order is meant"
        )
    return result


def times(values, what: str) -> np.ndarray:
    """An array of times in ms. 32-bit floats are taken as the decimal numbers that they print as:
    0.1 is then on a grid of 0.1 ms."""
    unit, numbers = unit_and_values(values, what)
    if unit != "ms":
        from . import _core

        dimension, _ = _core.parse_unit(unit or "1")
        raise InvalidError(
            f"{what} is a time (second), as in [0.5, 1]*ms, not {describe(dimension)}"
        )
    if isinstance(numbers, np.ndarray) and numbers.dtype in (np.float32, np.float16):
        numbers = numbers.astype(str).astype(np.float64)
    return array(numbers, what)


def indices(values, what: str, size: int | None, of: str) -> np.ndarray:
    """An array of whole numbers from 0 to size - 1."""
    if isinstance(values, Quantity):
        unit = display_unit(values.dimension)
        raise InvalidType(f"{what} has numbers of neurons, which have no unit such as {unit}")
    given = np.atleast_1d(np.asarray(values))
    if given.dtype.kind == "b":
        raise InvalidType(f"{what} has numbers of neurons, not a mask: give numpy.flatnonzero(...)")
    result = array(values, what)
    wrong = np.flatnonzero((result < 0) | (result != np.floor(result)) | ~np.isfinite(result)
                           | (result >= (2.0**32 if size is None else size)))
    if len(wrong):
        last = "" if size is None else f" and end with {size - 1}"
        raise OutOfRange(
            f"{what}[{wrong[0]}] is {show_number(result[wrong[0]])}, but the numbers of the "
            f"neurons of {of} begin with 0{last}"
        )
    return result


def name(text, of: str) -> str:
    """A name that the language can read."""
    if not isinstance(text, str):
        raise InvalidType(f"the name of a {of} is a string, not {_shown(text)}")
    if not _NAME.match(text):
        raise InvalidError(
            f"'{text}' cannot name a {of}: a name is letters from a to z, digits and '_', and does "
            "not begin with a digit"
        )
    return str(text)


def finite(value: float, what: str) -> None:
    if not math.isfinite(value):
        raise InvalidError(f"{what} is {show_number(value)}, but must be a finite number")


def _shown(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

