"""Inhibitory plasticity that balances a drive (Vogels et al. 2011): both traces change on both pathways."""
from brian2 import *

inhibitory = NeuronGroup(20, "dv/dt = (1.3 + 0.03*i - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(5, """dv/dt = (1.8 + 0.1*i - g - v)/(10*ms) : 1 (unless refractory)
                            dg/dt = -g/(5*ms) : 1""", threshold="v > 1", reset="v = 0", refractory=1*ms,
                      method="exact")
plastic = Synapses(inhibitory, targets, """w : 1
                                           dx/dt = -x/(20*ms) : 1 (event-driven)
                                           dy/dt = -y/(20*ms) : 1 (event-driven)""",
                   on_pre="""x += 1
                             w = clip(w + (y - 0.4)*0.004, 0, 1)
                             g_post += w""",
                   on_post="""y += 1
                              w = clip(w + x*0.004, 0, 1)""")
plastic.connect()
plastic.w = 0.001
