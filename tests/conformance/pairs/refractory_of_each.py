"""A refractory time of its own for each neuron, which grows with every spike."""
from brian2 import *

cells = NeuronGroup(20, """dv/dt = (1.5 - v)/(10*ms) : 1 (unless refractory)
                           hold : second""",
                    threshold="v > 1", reset="v = 0; hold += 0.3*ms", refractory="hold", method="exact")
cells.hold = "0.5*ms + i*0.2*ms"
