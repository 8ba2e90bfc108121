"""Tsodyks and Markram's synapses over 10 s, depressing and facilitating; what each spike releases is compared.

The neurons spike in steps that are written out, so that the release alone can differ, and that by rounding.
"""
from brian2 import *

record_every = 100*ms
tolerance = 1e-9  # of each value

sources = NeuronGroup(25, "n : 1", threshold="timestep(t, dt) % (23 + 11*i) <= 6*int(i % 5 == 0)", reset="n += 1")
targets = NeuronGroup(2, "g : 1", threshold="timestep(t, dt) % 50 == i")
equations = """released : 1
               dR/dt = (1 - R)/tau_rec : 1 (event-driven)
               du/dt = (U - u)/tau_facil : 1 (event-driven)
               U : 1 (constant)
               tau_rec : second (constant)
               tau_facil : second (constant)"""
on_pre = """u += U*(1 - u)
            released = (1 + 0.1*i)*u*R
            R -= u*R
            g_post += released"""
synapses = Synapses(sources, targets, equations, on_pre=on_pre, delay=2*ms)
synapses.connect()
synapses.U = "0.5 - 0.35*j"
synapses.tau_rec = "(800 - 670*j)*ms"
synapses.tau_facil = "(20 + 510*j)*ms"
synapses.R = 1
synapses.u = "U"
