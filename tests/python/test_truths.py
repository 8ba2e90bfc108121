"""The network of the twenty lines from arrays, beside a loop in NumPy, and beside Brian2."""
import importlib.util
import unittest

import bnsyn as bn
import numpy as np
from bnsyn.units import mV, ms, nS, pA
from networks import EQUATIONS, cell

SIZE, EXCITATORY, STEPS = 200, 160, 2000


def arrays():
    """What the network begins with: potentials, currents, and synapses with steps of delay."""
    rng = np.random.default_rng(11)
    count = 3000
    i = rng.integers(0, SIZE, count)
    weights = np.where(i < EXCITATORY, rng.uniform(2, 8, count), rng.uniform(20, 40, count))
    return dict(v=rng.normal(-62, 5, SIZE), current=rng.uniform(150, 300, SIZE), i=i,
                j=rng.integers(0, SIZE, count), w=weights, delay=rng.integers(1, 30, count))


def in_bnsyn(given, model=None, **keys):
    net = bn.Network(dt=0.1 * ms, **keys)
    cells = net.population("cells", SIZE, model or cell(), v=given["v"] * mV,
                           I=given["current"] * pA)
    from_exc = given["i"] < EXCITATORY
    for variable, part in (("ge", from_exc), ("gi", ~from_exc)):
        net.connect(cells, cells, f"{variable} += w", name=variable, i=given["i"][part],
                    j=given["j"][part], w=given["w"][part] * nS,
                    delay=given["delay"][part] * 0.1 * ms)
    sim = net.compile(threads=2).run(steps=STEPS)
    steps, neurons = sim.spike_steps(cells)
    return sorted(zip(steps.tolist(), neurons.tolist())), sim


def in_numpy(given):
    """Each step: arrivals, exact decay of the conductances, then the potentials, exactly for
    conductances that keep their mean over the step; a spike in step s arrives in s + 1 + delay."""
    dt, capacity = 0.1, 200.0
    v, current = given["v"].copy(), given["current"]
    ge, gi, held = np.zeros(SIZE), np.zeros(SIZE), np.zeros(SIZE, int)
    arriving = np.zeros((2, STEPS + 40, SIZE))
    spikes = []
    of_source = [np.flatnonzero(given["i"] == n) for n in range(SIZE)]
    for step in range(STEPS):
        ge = (ge + arriving[0, step]) * np.exp(-dt / 5)
        gi = (gi + arriving[1, step]) * np.exp(-dt / 10)
        mean_e = ge * 5 / dt * np.expm1(dt / 5)
        mean_i = gi * 10 / dt * np.expm1(dt / 10)
        total = 10 + mean_e + mean_i
        rest = (10 * -60 + mean_i * -80 + current) / total
        moved = rest + (v - rest) * np.exp(-total * dt / capacity)
        v = np.where(held == 0, moved, v)
        fired = (v > -50) & (held == 0)
        held = np.where(fired, 50, np.maximum(held - 1, 0))
        v[fired] = -60
        for n in np.flatnonzero(fired):
            spikes.append((step, int(n)))
            for s in of_source[n]:
                kind = 0 if n < EXCITATORY else 1
                arriving[kind, step + 1 + given["delay"][s], given["j"][s]] += given["w"][s]
    return sorted(spikes), v


def in_brian(given):
    import brian2 as b2

    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    b2.defaultclock.dt = 0.1 * b2.ms
    group = b2.NeuronGroup(SIZE, EQUATIONS, threshold="v > -50*mV", reset="v = -60*mV",
                           refractory=5 * b2.ms, method="euler")
    group.v, group.I = given["v"] * b2.mV, given["current"] * b2.pA
    everything = [group]
    from_exc = given["i"] < EXCITATORY
    for variable, part in (("ge", from_exc), ("gi", ~from_exc)):
        synapses = b2.Synapses(group, group, "w : siemens", on_pre=f"{variable} += w")
        synapses.connect(i=given["i"][part], j=given["j"][part])
        synapses.w = given["w"][part] * b2.nS
        synapses.delay = given["delay"][part] * 0.1 * b2.ms
        everything.append(synapses)
    monitor = b2.SpikeMonitor(group)
    network = b2.Network(*everything, monitor)
    network.run(STEPS * 0.1 * b2.ms)
    steps = np.rint(np.asarray(monitor.t / b2.ms) / 0.1).astype(int)
    return sorted(zip(steps.tolist(), np.asarray(monitor.i).tolist())), group.v / b2.mV


class Truths(unittest.TestCase):
    def test_a_loop_in_numpy_has_the_same_spikes(self):
        given = arrays()
        spikes, sim = in_bnsyn(given)
        expected, v = in_numpy(given)
        self.assertGreater(len(expected), 500)
        self.assertEqual(spikes, expected)
        self.assertTrue(np.allclose(sim.state("v"), v, rtol=0, atol=1e-6))

    @unittest.skipIf(importlib.util.find_spec("brian2") is None, "python3-brian is not installed")
    def test_brian2_has_the_same_spikes(self):
        given = arrays()
        spikes, sim = in_bnsyn(given, cell(method="euler"), schedule="brian2")
        expected, v = in_brian(given)
        self.assertGreater(len(expected), 500)
        self.assertEqual(spikes, expected)
        self.assertTrue(np.allclose(sim.state("v"), v, rtol=0, atol=1e-6))


if __name__ == "__main__":
    unittest.main()
