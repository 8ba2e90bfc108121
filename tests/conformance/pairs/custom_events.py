"""Events besides the spike: neurons that burst, and synapses that act on bursts alone."""
from brian2 import *

cells = NeuronGroup(20, """dv/dt = (1.05 + 0.03*i - v)/(10*ms) : 1
                           dn/dt = -n/(60*ms) : 1""",
                    threshold="v > 1", reset="v = 0; n += 1", events={"burst": "n > 2.5"}, method="exact")
cells.run_on_event("burst", "n = 0.5")
on_burst = Synapses(cells, cells, on_pre="v_post -= 0.2", on_event={"pre": "burst"}, delay=1*ms)
on_burst.connect(condition="j == (i + 1) % 20")
