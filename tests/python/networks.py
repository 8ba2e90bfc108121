"""Networks that several tests of the package use."""
import bnsyn as bn
from bnsyn.units import ms, nS, pA

EQUATIONS = """
    dv/dt = (10*nS*(-60*mV - v) + drive + I)/(200*pF) : volt (unless refractory)
    drive = ge*(0*mV - v) + gi*(-80*mV - v) : amp
    dge/dt = -ge/(5*ms) : siemens
    dgi/dt = -gi/(10*ms) : siemens
    I : amp
"""


def cell(**keys):
    """The model of the twenty lines."""
    return bn.Model(
        EQUATIONS, threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, **keys
    )


def balanced(size=400, seed=42):
    """The network of the twenty lines, with fewer neurons; each spikes some 10 times a second."""
    net = bn.Network(dt=0.1 * ms, seed=seed)
    cells = net.population("cells", size, cell(), v="normal(-65*mV, 5*mV)", I=200 * pA)
    exc, inh = cells[: size * 4 // 5], cells[size * 4 // 5 :]
    net.connect(exc, cells, on_pre="ge += w", p=0.02, w=6 * nS, delay="uniform(0.5*ms, 3*ms)")
    net.connect(inh, cells, on_pre="gi += w", p=0.02, w=67 * nS, delay=0.8 * ms)
    return net, cells
