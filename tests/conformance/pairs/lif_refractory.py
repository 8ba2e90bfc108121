"""Leaky integrate-and-fire neurons with a constant drive each, held by a refractory time."""
from brian2 import *

cells = NeuronGroup(50, """dv/dt = (drive - v)/(10*ms) : 1 (unless refractory)
                           drive : 1 (constant)""",
                    threshold="v > 1", reset="v = 0", refractory=5*ms, method="exact")
cells.drive = "1.01 + 0.02*i"
