"""A threshold that jumps with each spike and relaxes: sparser and sparser spikes."""
from brian2 import *

cells = NeuronGroup(20, """dv/dt = (drive - v)/(10*ms) : volt
                           dvt/dt = (10*mV - vt)/(15*ms) : volt
                           drive : volt (constant)""",
                    threshold="v > vt", reset="v = 0*mV; vt += 3*mV", method="exact")
cells.drive = "11*mV + i*1*mV"
cells.vt = 10*mV
