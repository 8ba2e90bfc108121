"""Pairs of nearest neighbours in three ways (Morrison, Diesmann & Gerstner 2008): models of the library here."""
from brian2 import *

sources = NeuronGroup(20, "dv/dt = (1.3 + 0.03*i - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
targets = NeuronGroup(6, """dv/dt = (ge + 1.1 + 0.05*i - v)/(10*ms) : 1
                            dge/dt = -ge/(5*ms) : 1""", threshold="v > 1", reset="v = 0", method="exact")
EQUATIONS = """w : 1
               dx/dt = -x/(20*ms) : 1 (event-driven)
               dy/dt = -y/(20*ms) : 1 (event-driven)"""
ON_PRE = """w = clip(w - 0.01*0.2*(w/0.2)**0.7*y, 0, 0.2)
            ge_post += w
            """
ON_POST = """w = clip(w + 0.01*0.2*(1 - w/0.2)**0.3*x, 0, 0.2)
             """


def plastic(at_pre, at_post):
    synapses = Synapses(sources, targets, EQUATIONS, on_pre=ON_PRE + at_pre, on_post=ON_POST + at_post, delay=0.4*ms)
    synapses.connect()
    synapses.w = "0.02 + 0.001*((i + j) % 10)"
    return synapses


symmetric = plastic("x = 1", "y = 1")
pre_centered = plastic("x += 1", "x = 0; y = 1")
restricted = plastic("x = 1; y = 0", "x = 0; y = 1")
