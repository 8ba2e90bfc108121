"""All-to-all additive STDP over 10 s: without delays, and with delays of both pathways; every lag comes, 0 too.

The neurons spike in steps that are written out, so that weights alone can differ, and those by rounding.
"""
from brian2 import *

record_every = 100*ms
tolerance = 1e-9  # of each value

sources = NeuronGroup(12, "n : 1", threshold="timestep(t, dt) % (60 + 7*i) == 5*i", reset="n += 1")
targets = NeuronGroup(10, "n : 1", threshold="timestep(t, dt) % (71 + 6*i) == 3*i", reset="n += 1")
equations = """w : 1
               dx/dt = -x/(20*ms) : 1 (event-driven)
               dy/dt = -y/(30*ms) : 1 (event-driven)"""
on_pre = "x += 0.03; w = clip(w - y, 0, 1)"
on_post = "y += 0.021; w = clip(w + x, 0, 1)"
prompt = Synapses(sources, targets, equations, on_pre=on_pre, on_post=on_post)
prompt.connect()
prompt.w = "0.2 + 0.05*((i + 3*j) % 13)"
delayed = Synapses(sources, targets, equations, on_pre=on_pre, on_post=on_post, delay={"pre": 3*ms, "post": 1*ms})
delayed.connect()
delayed.w = "0.2 + 0.05*((i + 3*j) % 13)"
