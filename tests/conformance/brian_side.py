"""Runs one network in Brian2: brian_side.py NETWORK DIRECTORY SECONDS SEED.

Takes data.npz of the directory and leaves brian.npz there. A process of its own for each network, since Brian2 keeps
one device a process.

What drives the neurons in a window is code that reads it from a table: at the start of a step where the equations of
the step see it, and with the synapses where bnsyn brings it by events, as PoissonInput does.
"""

import pathlib
import sys

import brian2 as b2
import numpy as np
from brian2 import ms, mV, nS, pF, uS

from data import Data
from networks import NETWORKS, Network

COBA = """
dV/dt = (10*nS*(-60*mV - V) + g_ex*(0*mV - V) + g_in*(-80*mV - V))/(200*pF) : volt (unless refractory)
dg_ex/dt = -g_ex/(5*ms) : siemens
dg_in/dt = -g_in/(10*ms) : siemens
"""

CUBA = """
dV/dt = (g_ex + g_in - (V - (-49*mV)))/(20*ms) : volt (unless refractory)
dg_ex/dt = -g_ex/(5*ms) : volt
dg_in/dt = -g_in/(10*ms) : volt
"""

COBAHH = """
dV/dt = (10*nS*(-60*mV - V) + 20*uS*m**3*h*(50*mV - V) + 6*uS*n**4*(-90*mV - V)
         + g_ex*(0*mV - V) + g_in*(-80*mV - V))/(200*pF) : volt
dm/dt = 1.28/exprel((13 - u)/4)/ms*(1 - m) - 1.4/exprel((u - 40)/5)/ms*m : 1
dn/dt = 0.16/exprel((15 - u)/5)/ms*(1 - n) - 0.5*exp((10 - u)/40)/ms*n : 1
dh/dt = 0.128*exp((17 - u)/18)/ms*(1 - h) - 4/(1 + exp((40 - u)/5))/ms*h : 1
u = (V - (-63*mV))/mV : 1
dg_ex/dt = -g_ex/(5*ms) : siemens
dg_in/dt = -g_in/(10*ms) : siemens
"""

ADEX = """
dV/dt = (-10*nS*(V - (-70*mV)) + 10*nS*2*mV*exp(clip((V - (-55*mV))/(2*mV), -1e9, 20)) - w - I_syn)/(150*pF) : volt
dw/dt = (2*nS*(V - (-70*mV)) - w)/(200*ms) : amp
dg_ampa/dt = -g_ampa/(2.5*ms) : siemens
dg_nmda/dt = -g_nmda/(100*ms) : siemens
dg_gaba/dt = -g_gaba/(6*ms) : siemens
B = 1/(1 + 1/3.57*exp(-0.062*V/mV)) : 1
I_syn = g_ampa*(V - 0*mV) + g_nmda*B*(V - 0*mV) + g_gaba*(V - (-70*mV)) : amp
"""

IZHIKEVICH = """
v : 1
u : 1
r : 1 (constant)
a : 1 (constant)
b : 1 (constant)
c : 1 (constant)
d : 1 (constant)
thalamus : 1 (constant)
arrived : 1
"""

IZHIKEVICH_STEP = """
current = arrived + {drive}
v = v + 0.5*(0.04*v**2 + 5*v + 140 - u + current)
v = v + 0.5*(0.04*v**2 + 5*v + 140 - u + current)
u = u + a*(b*v - u)
arrived = 0
"""


class Side:
    """The parts that all networks in Brian2 have in common."""

    units = {"V": mV, "g_ex": nS, "g_in": nS}  # of initial values, where they have one

    def __init__(self, network: Network, data: Data):
        self.network, self.data = network, data
        b2.defaultclock.dt = network.dt_ms * ms
        self.parts = []
        self.drawn_input = self.own_input = None  # what drives the neurons in the window, and after it

    def neurons(self, equations, threshold, reset, refractory, method):
        self.group = b2.NeuronGroup(self.data.neurons, equations, threshold=threshold, reset=reset,
                                    refractory=refractory, method=method, name="neurons")  # fmt: skip
        for variable, values in self.data.initial.items():
            setattr(self.group, variable, values * self.units.get(variable, 1))

    def synapses(self, source, on_pre, delay):
        first, end = self.data.ranges()[source]
        pre, post = self.data.pairs[source]
        weighted = source in self.data.weights
        synapses = b2.Synapses(self.group[first:end], self.group, "weight : 1" if weighted else "", on_pre=on_pre,
                               delay=delay, name=f"synapses_{source}")  # fmt: skip
        synapses.connect(i=pre - first, j=post)
        if weighted:
            synapses.weight = self.data.weights[source]
        self.parts.append(synapses)

    def inputs(self, text, drawn, own, when="synapses"):
        """Code of the inputs: `drawn` stands for them in the window, `own` after it."""
        self.namespace = {"drawn": b2.TimedArray(self.data.drive.astype(float), dt=self.network.dt_ms * ms)}
        self.drawn_input = self.group.run_regularly(text.format(drive=drawn), when=when)
        self.own_input = self.group.run_regularly(text.format(drive=own), when=when)
        self.own_input.active = False

    def run(self, seconds):
        spikes = b2.SpikeMonitor(self.group)
        # Before code that runs at the start of a step, so that a row is what the step before left.
        trace = b2.StateMonitor(self.group, self.network.membrane, record=True, when="start", order=-1)
        net = b2.Network(self.group, spikes, trace, *self.parts)
        namespace = getattr(self, "namespace", {})
        done = self.network.trace_ms * ms
        net.run(done, namespace=namespace)
        trace.active = False
        if self.drawn_input is not None:
            net.run(self.network.window_ms * ms - done, namespace=namespace)
            done = self.network.window_ms * ms
            self.drawn_input.active, self.own_input.active = False, True
        if seconds * b2.second > done:
            net.run(seconds * b2.second - done, namespace=namespace)
        return spikes, trace


def coba(side):
    side.neurons(COBA, "V > -50*mV", "V = -60*mV", 5 * ms, "exponential_euler")
    side.synapses("exc", "g_ex_post += 6*nS", 0 * ms)
    side.synapses("inh", "g_in_post += 67*nS", 0 * ms)


def cuba(side):
    side.neurons(CUBA, "V > -50*mV", "V = -60*mV", 5 * ms, "exact")
    side.synapses("exc", "g_ex_post += 1.62*mV", 0 * ms)
    side.synapses("inh", "g_in_post += -9*mV", 0 * ms)


def cobahh(side):
    side.neurons(COBAHH, "V > -20*mV", "", 3 * ms, "exponential_euler")
    side.synapses("exc", "g_ex_post += 6*nS", 0 * ms)
    side.synapses("inh", "g_in_post += 67*nS", 0 * ms)


def adex10k(side):
    side.neurons(ADEX, "V >= 30*mV", "V = -58*mV\nw += 80*pA", False, "euler")
    side.inputs(
        "event = 0.8*nS*{drive}\ng_ampa += 0.7*event\ng_nmda += 0.3*event",
        drawn="drawn(t, i)",
        own="int(rand() < 1000*Hz*dt)",
    )
    side.synapses("exc", "g_ampa_post += 0.7*0.5*nS\ng_nmda_post += 0.3*0.5*nS", 0 * ms)
    side.synapses("inh", "g_gaba_post += 5*nS", 0 * ms)


def izhikevich(side):
    side.neurons(IZHIKEVICH, "v >= 30", "v = c\nu += d", False, None)
    side.group.thalamus = np.where(np.arange(side.data.neurons) < side.data.sizes["exc"], 5, 2)
    side.inputs(IZHIKEVICH_STEP, drawn="drawn(t, i)", own="thalamus*randn()", when="start")
    side.synapses("exc", "arrived_post += weight", 0 * ms)
    side.synapses("inh", "arrived_post += weight", 0 * ms)


def brunel(side):
    side.neurons("dV/dt = -V/(20*ms) : volt (unless refractory)", "V > 20*mV", "V = 0*mV", 2 * ms, "exact")
    side.inputs("V += 0.1*mV*{drive}", drawn="drawn(t, i)", own="poisson(2.0)")
    side.synapses("exc", "V_post += 0.1*mV", 1.5 * ms)
    side.synapses("inh", "V_post += -0.5*mV", 1.5 * ms)


def main():
    name, directory, seconds, seed = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-march=native", "-ffp-contract=off", "-std=c++11"]
    b2.set_device("cpp_standalone", directory=str(directory / "brian"), build_on_run=False)
    b2.seed(seed)
    side = Side(NETWORKS[name], Data.load(directory))
    globals()[name](side)
    spikes, trace = side.run(seconds)
    b2.device.build(directory=str(directory / "brian"), compile=True, run=True)
    steps = np.round(np.asarray(spikes.t / ms) / side.network.dt_ms).astype(np.int64)
    neurons = np.asarray(spikes.i).astype(np.int64)
    order = np.lexsort((neurons, steps))
    membrane = np.asarray(getattr(trace, side.network.membrane)).T[1:]  # without the initial values
    if side.network.membrane in side.units:
        membrane = membrane * 1000
    np.savez(directory / "brian.npz", steps=steps[order], neurons=neurons[order], trace=membrane)


if __name__ == "__main__":
    main()
