import json
import os
import subprocess
import tempfile
import unittest

import bnsyn as bn
import numpy as np
from bnsyn.units import mV, ms, nS, pA
from networks import balanced, cell

BNSYN = os.environ.get("BNSYN", "")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def digest_of_the_command(path, duration):
    """What `bnsyn run` prints for a network file."""
    command = [BNSYN, "run", path, "--backend", "accelerated", "--duration", duration, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    def find(value):
        if isinstance(value, dict):
            if "digest" in value:
                return value["digest"]
            return next(filter(None, map(find, value.values())), None)
        if isinstance(value, list):
            return next(filter(None, map(find, value)), None)
        return None

    return find(json.loads(done.stdout))


class Networks(unittest.TestCase):
    def test_a_network_has_the_digest_of_its_file_run_by_the_command(self):
        net, cells = balanced()
        sim = net.compile(threads=2)
        sim.run(100 * ms)
        self.assertGreater(sim.spike_count(cells), 100)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "net.toml")
            net.save(path)
            self.assertEqual(digest_of_the_command(path, "100 ms"), sim.digest)

    def test_arrays_have_the_digest_of_their_files(self):
        rng = np.random.default_rng(1)
        net = bn.Network(dt=0.1 * ms, seed=3)
        cells = net.population("cells", 100, cell(), v=rng.uniform(-65, -51, 100) * mV,
                               I=rng.uniform(150, 300, 100) * pA)
        i, j = rng.integers(0, 100, 500), rng.integers(0, 100, 500)
        net.connect(cells, cells, on_pre="ge += w", name="ee", i=i, j=j,
                    w=rng.uniform(0, 6, 500) * nS, delay=rng.uniform(0.5, 3, 500) * ms)
        net.events("kick", cells, times=[1.0, 2.5, 2.5] * ms, index=[3, 4, 5], on_event="v += w",
                   weight=20 * mV)
        sim = net.compile()
        sim.run(100 * ms)
        self.assertGreater(sim.spike_count(cells), 100)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "net.toml")
            net.save(path)
            self.assertEqual(digest_of_the_command(path, "100 ms"), sim.digest)
            loaded = bn.load(path).compile()
            self.assertEqual(loaded.run(100 * ms).digest, sim.digest)

    def test_a_file_of_the_examples_loads(self):
        path = os.path.join(ROOT, "examples", "networks", "coba.toml")
        net = bn.load(path)
        self.assertEqual(str(net["exc"]), "exc")
        sim = net.compile()
        sim.run(50 * ms)
        self.assertGreater(sim.spike_count("exc"), 0)
        self.assertEqual(digest_of_the_command(path, "50 ms"), sim.digest)

    def test_a_file_takes_additions(self):
        path = os.path.join(ROOT, "examples", "networks", "coba.toml")
        plain, more = bn.load(path), bn.load(path)
        first = plain.compile().run(20 * ms).digest
        more._change()  # the text is written anew
        self.assertEqual(more.compile().run(20 * ms).digest, first)
        more.stimulus("kick", "exc[0:10]", "spikes", times=["5 ms"], index=[0],
                      on_event="V += 30*mV")
        self.assertNotEqual(more.compile().run(20 * ms).digest, first)

    def test_values_are_set_by_their_path(self):
        path = os.path.join(ROOT, "examples", "networks", "coba.toml")
        net = bn.load(path)
        net.set("seed", 7)
        self.assertNotEqual(net.compile().run(20 * ms).digest,
                            bn.load(path).compile().run(20 * ms).digest)
        for read in (net.text, lambda: net.save("nowhere")):
            with self.assertRaisesRegex(ValueError, "--set seed='7'"):
                read()
        with self.assertRaisesRegex(bn.Error, "there is no 'sed' to set"):
            net.set("sed", 7)
            net.compile()

    def test_backends_and_threads_agree(self):
        net, _ = balanced(200)
        digests = {
            net.compile(backend="reference").run(50 * ms).digest,
            net.compile(threads=1).run(50 * ms).digest,
            net.compile(threads=3).run(50 * ms).digest,
        }
        self.assertEqual(len(digests), 1)

    def test_parts_of_populations(self):
        net, cells = balanced()
        self.assertEqual(str(cells[:5].v), "cells[0:5].v")
        self.assertEqual(str(cells[320:][::2]), "cells[320:400][0:80:2]")
        self.assertEqual(len(cells[-10:]), 10)
        self.assertEqual(str(cells[-1]), "cells[399]")
        self.assertEqual(str(cells[[3, 5]]), "cells[[3, 5]]")
        self.assertEqual(str(cells[np.array([True] + [False] * 399)]), "cells[[0]]")
        self.assertEqual(str(cells["i % 2 == 0"]), "cells[i % 2 == 0]")
        with self.assertRaises(IndexError):
            cells[400]
        sim = net.compile().run(20 * ms)
        self.assertEqual(len(sim.state("cells[i % 2 == 0].v")), 200)

    def test_library_models_take_parameters_and_initial_values(self):
        net = bn.Network(dt=0.1 * ms)
        net.population("a", 10, "adex", I_e=900 * pA, V=-60 * mV)
        sim = net.compile()
        self.assertEqual(sim.state("a.V").tolist(), [-60] * 10)
        self.assertEqual(sim.parameters()["a.I_e"], (900, "pA"))
        sim.run(200 * ms)
        self.assertGreater(sim.spike_count(), 0)

    def test_dumps_and_explanations(self):
        net, _ = balanced()
        self.assertIn("dv/dt", net.explain())
        self.assertEqual(net.compile().explain(), net.explain())
        self.assertIn("kernel", net.dump("fuse"))
        for stage in ("program", "layout", "plan", "llvm", "asm"):
            self.assertIn(stage, bn.stages())
            self.assertTrue(net.dump(stage))
        with self.assertRaisesRegex(bn.Error, "did you mean 'fuse'"):
            net.dump("fus")


class Errors(unittest.TestCase):
    def message(self, build):
        with self.assertRaises(bn.Error) as caught:
            build()
        self.assertIsInstance(caught.exception, ValueError)
        return str(caught.exception)

    def test_an_equation_is_shown_with_a_caret(self):
        net = bn.Network()
        net.population("cells", 10, bn.Model("""
            dv/dt = -v : volt
            I : amp"""))
        self.assertEqual(
            self.message(net.compile),
            "cells.equations:1:9: error: dv/dt has the dimension volt/second, but the right side "
            "is volt\n  dv/dt = -v : volt\n          ^~\n"
            "  note: divide by a time constant, as in (E_L - V)/tau_m",
        )

    def test_a_value_is_shown_where_it_was_given(self):
        net, cells = balanced()
        net.connect(cells, cells, "ge += w", name="more", p=0.1, w=3 * mV)
        text = self.message(net.compile)
        self.assertRegex(text, r"\Amore\.")
        self.assertIn("volt", text)
        self.assertIn("^", text)

    def test_an_unknown_key_is_told(self):
        net, cells = balanced()
        net.connect(cells, cells, "ge += w", p=0.1, w=1 * nS, dealy=1 * ms)
        self.assertIn("unknown key 'dealy'", self.message(net.compile))

    def test_a_text_keeps_its_places(self):
        with self.assertRaisesRegex(bn.Error, r"\Amine\.toml:2:"):
            bn.Network.from_text("[populations.a]\nmodle = 'adex'\nsize = 3\n", "mine.toml")

    def test_arrays_of_wrong_dimension_or_length(self):
        net, cells = balanced()
        self.assertIn("second", self.message(lambda: net.connect(
            cells, cells, "ge += w", i=[0], j=[1], w=1 * nS, delay=[1.0] * mV)))
        self.assertIn("differ in length", self.message(lambda: net.connect(
            cells, cells, "ge += w", name="bad", i=[0, 1], j=[1], w=1 * nS)))
        net, cells = balanced()
        net.connect(cells, cells, "ge += w", name="volts", i=[0], j=[1], w=[1.0] * mV)
        self.assertIn("volt", self.message(net.compile))
        net = bn.Network()
        net.population("a", 3, cell(), v=np.arange(3.0) * ms)
        self.assertIn("second", self.message(net.compile))

    def test_names_are_given_once(self):
        net, cells = balanced()
        self.assertIn("already 'cells'", self.message(lambda: net.population("cells", 3, cell())))

    def test_states_and_times_check_dimensions(self):
        net, _ = balanced()
        sim = net.compile()
        self.assertIn("5 ms is second", self.message(lambda: sim["v"].__setitem__(0, 5 * ms)))
        self.assertIn("is a time", self.message(lambda: sim.run(5 * mV)))
        self.assertIn("is no multiple of dt", self.message(lambda: sim.run(0.05 * ms)))
        self.assertIn("did you mean", self.message(lambda: sim.state("cells.w")).lower())
        self.assertIn("ge", self.message(lambda: sim.state("cells.gee")))


if __name__ == "__main__":
    unittest.main()
