"""Pulses that arrive when their target spikes: the reset comes after them, and sets or subtracts."""
from brian2 import *

drivers = SpikeGeneratorGroup(4, arange(80) % 4, (1 + arange(80)//4)*5*ms)
setting = NeuronGroup(8, "dv/dt = 0.2/ms : 1", threshold="v >= 0.9999", reset="v = 0", method="euler")
subtracting = NeuronGroup(8, "dv/dt = 0.2/ms : 1", threshold="v >= 0.9999", reset="v -= 1", method="euler")
setting.v = "i*0.02"
subtracting.v = "i*0.02"
to_setting = Synapses(drivers, setting, on_pre="v_post += 0.3", delay=0.1*ms)
to_setting.connect(condition="(i + j) % 2 == 0")
to_subtracting = Synapses(drivers, subtracting, on_pre="v_post += 0.3", delay=0.1*ms)
to_subtracting.connect(condition="(i + j) % 2 == 0")
