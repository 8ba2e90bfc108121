"""Subgroups as sources and targets, with conditions of their own numbers."""
from brian2 import *

cells = NeuronGroup(60, "dv/dt = (1.02 + 0.01*i + g - v)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1",
                    threshold="v > 1", reset="v = 0", method="exact")
left, right = cells[:40], cells[40:]
excite = Synapses(left, right, on_pre="g_post += 0.2", delay=1*ms)
excite.connect(condition="(i + j) % 5 == 0")
inhibit = Synapses(right, left, on_pre="g_post -= 0.3", delay=0.5*ms)
inhibit.connect(condition="i == j % 20")
chain = Synapses(cells[10:20], cells[20:30], on_pre="g_post += 0.5")
chain.connect(j="i")
