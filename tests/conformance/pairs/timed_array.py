"""Currents that tables give over time, one for all and one for each neuron."""
from brian2 import *

steps = TimedArray([0.9, 1.4, 1.1, 2.0, 0.5], dt=30*ms)
each = TimedArray([[0, 0.1, 0.2], [0.3, 0.2, 0.1]], dt=80*ms)
cells = NeuronGroup(12, "dv/dt = (steps(t) + each(t, i % 3) + 0.02*i - v)/(10*ms) : 1",
                    threshold="v > 1", reset="v = 0", method="euler")
