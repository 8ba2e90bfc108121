"""Two presynaptic pathways with their own delays, of which the later declared runs first, and two postsynaptic ones."""
from brian2 import *

sources = NeuronGroup(10, "dv/dt = (1.3 + 0.05*i - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(10, "dv/dt = (1.1 + 0.05*i + g - v)/(10*ms) : 1\ndg/dt = -g/(4*ms) : 1",
                      threshold="v > 1", reset="v = 0", method="exact")
both = Synapses(sources, targets, "w : 1",
                on_pre={"fast": "g_post += w", "slow": "w = 0.95*w + 0.001; g_post += 0.5*w"},
                on_post={"up": "w += 0.004", "down": "w *= 0.98"},
                delay={"fast": 0.5*ms, "slow": 3*ms})
both.fast.order, both.slow.order, both.up.order, both.down.order = 0, -3, 2, 1
both.connect(condition="(i + 2*j) % 3 == 0")
both.w = "0.1 + 0.01*j"
