"""Conductances by exponential Euler, one delay of 1.5 ms, refractory neurons that lose nothing of their conductances."""
from brian2 import *

cells = NeuronGroup(60, """
dv/dt = (10*nS*(-60*mV - v) + ge*(0*mV - v) + gi*(-80*mV - v) + drive)/(200*pF) : volt (unless refractory)
dge/dt = -ge/(5*ms) : siemens
dgi/dt = -gi/(10*ms) : siemens
drive : amp (constant)
""", threshold="v > -50*mV", reset="v = -60*mV", refractory=5*ms, method="exponential_euler")
cells.v = "-60*mV + 0.1*mV*i"
cells.drive = "90*pA + 2*pA*i"
excite = Synapses(cells, cells, on_pre="ge_post += 1*nS", delay=1.5*ms)
excite.connect(condition="i < 45 and (5*i + j) % 13 == 0")
inhibit = Synapses(cells, cells, on_pre="gi_post += 8*nS", delay=1.5*ms)
inhibit.connect(condition="i >= 45 and (5*i + j) % 6 == 0")
