"""Spike-timing-dependent plasticity whose postsynaptic pathway has a delay of its own, longer than the presynaptic one."""
from brian2 import *

sources = NeuronGroup(20, "dv/dt = (1.2 + 0.04*i - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(20, "dv/dt = (1.2 + 0.04*i + ge - v)/(10*ms) : 1\ndge/dt = -ge/(5*ms) : 1",
                      threshold="v > 1", reset="v = 0", method="exact")
plastic = Synapses(sources, targets, """w : 1
                                        dapre/dt = -apre/(15*ms) : 1 (event-driven)
                                        dapost/dt = -apost/(25*ms) : 1 (event-driven)""",
                   on_pre="""ge_post += w
                             apre = 0.02
                             w = clip(w - apost, 0, 0.3)""",
                   on_post="""apost = 0.01
                              w = clip(w + apre, 0, 0.3)""",
                   delay={"pre": 0.5*ms, "post": 0.8*ms})
plastic.connect(condition="(i + j) % 2 == 0")
plastic.w = "0.05 + 0.01*(i % 3)"
