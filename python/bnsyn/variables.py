"""The variables that equations declare, for completion in a shell."""
from __future__ import annotations

import re

_DECLARATION = re.compile(r"^\s*(?:d(\w+)/dt\b|(\w+))\s*(?:=|:)", re.MULTILINE)


def variables_of(model: str | None) -> list[str]:
    """The names that equations declare, or those of the model of the library that has the name."""
    if model is None:
        return []
    if ":" in model:
        return [a or b for a, b in _DECLARATION.findall(model)]
    import tomllib

    from . import _core

    if model not in _core.library_models():
        return []
    keys = tomllib.loads(_core.library_text(model))["models"][model]
    return variables_of(keys.get("equations"))
