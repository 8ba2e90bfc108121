"""Traces, their statistics, several simulations of one network, and networks of SONATA."""
import importlib.util
import os
import pathlib
import tempfile
import unittest

import bnsyn as bn
import numpy as np
from bnsyn.units import ms, nS, pA
from networks import balanced, cell
from test_network import digest_of_the_command

TESTS = pathlib.Path(__file__).resolve().parent.parent


class Traces(unittest.TestCase):
    def test_each_simulation_has_its_own(self):
        net, cells = balanced()
        trace = net.record(cells[:3].v, every=1 * ms)
        first = net.compile().run(20 * ms)
        second = net.compile().run(50 * ms)
        self.assertEqual(len(trace), 51)
        self.assertEqual(len(trace.of(first)), 21)
        self.assertEqual(trace.of(first).values.tolist(), trace.values[:21].tolist())
        self.assertEqual(first.traces[0].values.tolist(), trace.of(first).values.tolist())
        self.assertEqual(len(second.traces), 1)
        other, _ = balanced()
        with self.assertRaisesRegex(bn.Error, "not recorded in that simulation"):
            trace.of(other.compile())

    def test_a_simulation_records_from_the_present_on(self):
        net, cells = balanced()
        sim = net.compile().run(20 * ms)
        trace = sim.record("v", 1 * ms)
        begin = sim.state("v")
        sim.run(10 * ms)
        self.assertEqual(trace.times.tolist(), np.arange(20, 31).tolist())
        self.assertEqual(trace.values[0].tolist(), begin.tolist())
        single = sim.record(cells[:2].v, single=True)
        sim.run(1 * ms)
        self.assertEqual(single.values.dtype, np.float32)
        self.assertEqual(single.values[-1].tolist(), sim["v"][:2].astype(np.float32).tolist())

    def test_statistics_of_weights(self):
        net = bn.Network(dt=0.1 * ms, seed=1)
        cells = net.population("cells", 50, cell(), v="uniform(-65*mV, -50*mV)", I=300 * pA)
        net.connect(cells, cells, "ge_post += w; w = w*0.9", name="ee", p=0.2,
                    equations="w : siemens", initial=dict(w="uniform(0*nS, 2*nS)"))
        trace = net.record("ee.w", 5 * ms, statistics=True, bins=(0 * nS, 2 * nS, 4))
        sim = net.compile().run(50 * ms)
        self.assertGreater(sim.spike_count(), 50)
        self.assertEqual(trace.columns[:2], ["count", "mean"])
        self.assertEqual(trace.values.shape, (11, len(trace.columns)))
        weights = sim.state("ee.w")
        last = dict(zip(trace.columns, trace.values[-1]))
        self.assertEqual(last["count"], len(weights))
        self.assertAlmostEqual(last["mean"], weights.mean())
        self.assertEqual(trace.values[-1][-4:].tolist(),
                         np.histogram(weights, 4, (0, 2))[0].tolist())
        self.assertLess(last["mean"], trace.values[0][1])
        for keys, text in ((dict(bins=(0, 1, 3)), "statistics=True"),
                           (dict(statistics=True, single=True), "64-bit")):
            with self.assertRaisesRegex(ValueError, text):
                net.record("ee.w", **keys)

    def test_traces_of_synapses(self):
        net = bn.Network(dt=0.1 * ms, seed=1)
        cells = net.population("cells", 20, cell(), v="uniform(-65*mV, -50*mV)", I=300 * pA)
        net.connect(cells, cells, "ge_post += w; w = w*0.9", name="ee", i=[0, 1, 2], j=[3, 4, 5],
                    equations="w : siemens", initial=dict(w=1 * nS))
        trace = net.record("ee.w[0:2]", 5 * ms)
        sim = net.compile().run(50 * ms)
        self.assertEqual(trace.unit, "nS")
        self.assertEqual(trace.values[-1].tolist(), sim.state("ee.w")[:2].tolist())
        self.assertLess(trace.values[-1].max(), 1)


class Sonata(unittest.TestCase):
    def test_a_circuit_has_the_digest_of_the_command(self):
        try:
            import h5py  # noqa: F401
        except ImportError:
            self.skipTest("python3-h5py is not installed")
        path = TESTS / "recording" / "formats.py"
        place = importlib.util.spec_from_file_location("formats", path)
        formats = importlib.util.module_from_spec(place)
        place.loader.exec_module(formats)
        pre = np.arange(20).repeat(5)
        inner = {"pre": pre, "post": (pre * 7 + np.tile(range(5), 20)) % 20,
                 "weight": np.where(pre % 2 == 0, 150.0, -200.0), "type": 7 + pre % 2}
        params = {"exc": {"I_e": 380.0, "tau_m": 12.0}, "inh": {"I_e": 400.0, "tau_m": 8.0}}
        with tempfile.TemporaryDirectory() as folder:
            circuit = pathlib.Path(folder) / "circuit"
            formats.write_circuit(circuit, {"inner": ("cells", "cells", inner)}, params,
                                  ([10.0, 20.0], [0, 3]))
            net = bn.read_sonata(circuit)
            trace = net.record("cells_100.V", 1 * ms)
            sim = net.compile().run()
            self.assertEqual(sim.step, 2000)
            self.assertGreater(sim.spike_count("cells_100"), 10)
            self.assertEqual(len(trace), 201)
            config = os.path.join(circuit, "simulation_config.json")
            self.assertEqual(digest_of_the_command(config, "200 ms"), sim.digest)
            self.assertEqual(str(net["cells_101"][:3]), "cells_101[:3]")
            self.assertIn("cells_100", repr(net))
            net.set("seed", 3)
            net.compile()
            for change in (net.text, lambda: net.population("more", 3, "adex")):
                with self.assertRaisesRegex(ValueError, "is as its files are"):
                    change()
            with self.assertRaisesRegex(ValueError, "neither"):
                bn.read_sonata(folder)
            (circuit / "nodes.h5").unlink()
            with self.assertRaisesRegex(bn.Error, "nodes.h5"):
                bn.read_sonata(circuit)


if __name__ == "__main__":
    unittest.main()
