"""The triplet rule (Pfister & Gerstner 2006), which is a model of the library here."""
from brian2 import *

sources = NeuronGroup(20, "dv/dt = (1.3 + 0.03*i - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(6, """dv/dt = (ge + 1.1 + 0.05*i - v)/(10*ms) : 1
                            dge/dt = -ge/(5*ms) : 1""", threshold="v > 1", reset="v = 0", method="exact")
plastic = Synapses(sources, targets, """w : 1
                                        dr_1/dt = -r_1/(16.8*ms) : 1 (event-driven)
                                        dr_2/dt = -r_2/(101*ms) : 1 (event-driven)
                                        do_1/dt = -o_1/(33.7*ms) : 1 (event-driven)
                                        do_2/dt = -o_2/(125*ms) : 1 (event-driven)""",
                   on_pre="""w = clip(w - 0.2*o_1*(7e-3 + 2.3e-4*r_2), 0, 0.2)
                             ge_post += w
                             r_1 += 1
                             r_2 += 1""",
                   on_post="""w = clip(w + 0.2*r_1*(5e-10 + 6.2e-3*o_2), 0, 0.2)
                              o_1 += 1
                              o_2 += 1""", delay=0.4*ms)
plastic.connect()
plastic.w = "0.05 + 0.002*((i + j) % 10)"
