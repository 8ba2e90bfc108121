"""Models of neurons and of synapses."""
from __future__ import annotations

from .text import dedent

# Keys whose values are code of several lines.
_CODE = ("equations", "update", "threshold", "reset", "on_pre", "on_post", "multiplicity")


class _Description:
    """The keys of a table of a network file, those without a value left out."""

    def __init__(self, name: str | None, keys: dict):
        self.name = name
        self.keys = {
            key: dedent(value) if key in _CODE and isinstance(value, str) else value
            for key, value in keys.items()
            if value is not None
        }

    def __repr__(self) -> str:
        title = type(self).__name__
        return "\n".join(
            [f"<{title} {self.name or 'without a name'}>"]
            + [f"  {key} = {value!r}" for key, value in self.keys.items() if key != "equations"]
            + ["  " + line for line in self.keys.get("equations", "").splitlines()]
        )


class Model(_Description):
    """A model of neurons: equations, and what happens when one spikes.

    The keys are those of [models.NAME] in a network file (docs/networks.md): update, parameters,
    initial, events, on_event, bounds, tunable, numbered, method, substeps, order, clocks, ....
    """

    def __init__(
        self,
        equations: str | None = None,
        *,
        threshold: str | None = None,
        reset: str | None = None,
        refractory=None,
        name: str | None = None,
        **keys,
    ):
        super().__init__(
            name,
            {
                "equations": equations,
                "threshold": threshold,
                "reset": reset,
                "refractory": refractory,
                **keys,
            },
        )

    def parameters(self) -> set[str]:
        """The names that a population gives as parameters, and not as initial values."""
        names = set(self.keys.get("parameters", {}))
        for parameters in self.keys.get("numbered", {}).values():
            names.update([parameters] if isinstance(parameters, str) else parameters)
        return names


class Synapse(_Description):
    """A model of synapses, for `net.connect(..., model=...)`.

    The keys are those of [synapses.NAME] in a network file: on_pre, on_post, parameters, require,
    tunable, initial, bounds, clocks, ....
    """

    def __init__(self, equations: str | None = None, *, name: str | None = None, **keys):
        super().__init__(name, {"equations": equations, **keys})
