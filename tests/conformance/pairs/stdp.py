"""Pair-based spike-timing-dependent plasticity with many coincidences; delays of the presynaptic pathway alone."""
from brian2 import *

sources = NeuronGroup(30, "dv/dt = (1.3 + 0.02*i - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(10, """dv/dt = (ge + 1.1 + 0.03*i - v)/(10*ms) : 1
                             dge/dt = -ge/(5*ms) : 1""", threshold="v > 1", reset="v = 0", method="exact")
plastic = Synapses(sources, targets, """w : 1
                                        dapre/dt = -apre/(20*ms) : 1 (event-driven)
                                        dapost/dt = -apost/(20*ms) : 1 (event-driven)""",
                   on_pre="""ge_post += w
                             apre += 0.01
                             w = clip(w + apost, 0, 0.2)""",
                   on_post="""apost += -0.0105
                              w = clip(w + apre, 0, 0.2)""", delay=0.4*ms)
plastic.connect()
plastic.w = "0.05 + 0.002*((i + j) % 10)"
