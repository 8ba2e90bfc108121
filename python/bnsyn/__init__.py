"""bnsyn: a just-in-time compiler for spiking neural networks.

    import bnsyn as bn
    from bnsyn.units import mV, ms

    net = bn.Network(dt=0.1*ms, seed=42)
    cells = net.population("cells", 100, "lif_exp", I_e="400 pA")
    sim = net.compile()
    sim.run(100*ms)
    t, i = sim.spikes(cells)

docs/python.md is the guide, and docs/networks.md describes models, equations and connections.
"""
from . import units
from .errors import Error, InvalidError, InvalidType, NotFound, OutOfMemory, OutOfRange, RunError
from .model import Model, Synapse
from .network import Network, load
from .sonata import read_sonata
from .neurons import Neurons, Population, Variable
from .quantity import Quantity, Unit
from .trace import Trace

__all__ = [
    "Checkpoint", "Error", "InvalidError", "InvalidType", "Model", "Network", "Neurons", "NotFound",
    "OutOfMemory", "OutOfRange", "Population", "Quantity", "RunError", "Synapse", "Trace", "Unit",
    "Variable", "analyse", "load", "models", "read_sonata", "stages", "units",
]


def __getattr__(name: str):
    # `analyse` needs the extension, which loads LLVM: it is imported when it is first used.
    if name == "analyse":
        import importlib

        return importlib.import_module(".analyse", __name__)
    if name == "Checkpoint":
        from ._core import Checkpoint

        return Checkpoint
    raise AttributeError(f"module 'bnsyn' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__


def stages() -> list[str]:
    """The stages between a network and machine code, for Network.dump."""
    from . import _core

    return _core.stages()


def models(name: str | None = None):
    """The names of the models of neurons and of synapses in the library, or the text of one."""
    from . import _core

    if name is not None:
        return _core.library_text(name)
    return _core.library_models() + _core.library_synapses()
