"""A ring of neurons that gap junctions synchronise: summed variables from the values at the beginning of a step."""
from brian2 import *

cells = NeuronGroup(20, """dv/dt = (1.05 + 0.01*i - v + gap)/(10*ms) : 1
                           gap : 1""", threshold="v > 1", reset="v = 0", method="euler")
cells.v = "(i * 0.37) % 1"
ring = Synapses(cells, cells, "gap_post = 0.05*(v_pre - v_post) : 1 (summed)")
ring.connect(condition="abs(i - j) == 1 or abs(i - j) == 19")
