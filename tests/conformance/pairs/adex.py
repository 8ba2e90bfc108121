"""Adaptive exponential neurons by forward Euler."""
from brian2 import *

cells = NeuronGroup(20, """
dv/dt = (10*nS*(-70*mV - v) + 10*nS*2*mV*exp((v + 50*mV)/(2*mV)) + drive - w)/(200*pF) : volt
dw/dt = (2*nS*(v + 70*mV) - w)/(100*ms) : amp
drive : amp (constant)
""", threshold="v > -30*mV", reset="v = -58*mV; w += 20*pA", method="euler")
cells.v = -70*mV
cells.drive = "250*pA + 20*pA*i"
