"""Neurons that follow the slow variable of others: four neurons share one modulator."""
from brian2 import *

modulators = NeuronGroup(5, "dx/dt = (0.5*(1 + sin(2*pi*(10 + 3*i)*Hz*t)) - x)/(5*ms) : 1", method="euler")
cells = NeuronGroup(20, """dv/dt = (0.7 + 0.6*m + 0.02*i - v)/(10*ms) : 1
                           m : 1 (linked)""", threshold="v > 1", reset="v = 0", method="euler")
cells.m = linked_var(modulators, "x", index=arange(20)//4)
