import gc
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import bnsyn as bn
import numpy as np
from bnsyn import analyse
from bnsyn.units import mV, ms, nS, pA, second
from networks import balanced, cell


class Spikes(unittest.TestCase):
    def test_spikes_are_views_that_stay_as_they_are(self):
        net, cells = balanced()
        sim = net.compile().run(100 * ms)
        t, i = sim.spikes(cells)
        self.assertGreater(len(t), 100)
        self.assertEqual(len(t), sim.spike_count(cells))
        again, _ = sim.spikes(cells)
        self.assertTrue(np.shares_memory(t, again))  # no copy
        self.assertFalse(t.flags.writeable)
        self.assertTrue(np.all(np.diff(t) >= 0))
        kept_t, kept_i = t.copy(), i.copy()
        sim.run(400 * ms)
        longer, _ = sim.spikes(cells)
        self.assertGreater(len(longer), len(t))
        self.assertEqual(longer[: len(t)].tolist(), kept_t.tolist())
        del sim, net, cells, again, longer
        gc.collect()
        self.assertEqual(t.tolist(), kept_t.tolist())
        self.assertEqual(i.tolist(), kept_i.tolist())

    def test_spikes_of_a_part(self):
        net, cells = balanced()
        sim = net.compile().run(200 * ms)
        t, i = sim.spikes(cells)
        part_t, part_i = sim.spikes(cells[100:300])
        mask = (i >= 100) & (i < 300)
        self.assertGreater(mask.sum(), 0)
        self.assertEqual(part_t.tolist(), t[mask].tolist())
        self.assertEqual(part_i.tolist(), i[mask].tolist())
        steps, _ = sim.spike_steps()
        self.assertTrue(np.allclose((steps + 1) * 0.1, t))

    def test_rates_count_from_the_beginning(self):
        net, cells = balanced()
        sim = net.compile(record_spikes=False).run(200 * ms)
        self.assertGreater(sim.rates()["cells"], 0)
        self.assertAlmostEqual(sim.rates()["cells"], sim.spike_count(cells) / 400 / 0.2)
        with self.assertRaisesRegex(RuntimeError, "record_spikes=True"):
            sim.spikes(cells)


class States(unittest.TestCase):
    def test_states_are_read_and_set(self):
        net, cells = balanced()
        sim = net.compile()
        self.assertEqual(sim.state("I").tolist(), [200] * 400)
        sim["I"][:] = 250 * pA
        self.assertEqual(sim["cells.I"][:3].tolist(), [250] * 3)
        sim["I"][10:20] = 0 * pA
        sim["I"][5] = 1  # in the unit of the variable
        self.assertEqual(sim[cells[4:12].I][:].tolist(), [250, 1, 250, 250, 250, 250, 0, 0])
        values = np.linspace(-70, -55, 400)
        sim["v"] = values * mV
        self.assertEqual(sim["v"][:].tolist(), values.tolist())
        sim["v"][:] = sim["v"][:] + 1
        self.assertEqual(sim["v"].unit, "mV")
        self.assertEqual(np.asarray(sim["v"]).tolist(), (values + 1).tolist())
        self.assertEqual(len(sim["v"]), 400)

    def test_synapses_are_arrays(self):
        net = bn.Network(dt=0.1 * ms)
        cells = net.population("cells", 20, cell(), I=300 * pA)
        i, j = np.array([0, 0, 3, 7]), np.array([1, 2, 3, 9])
        net.connect(cells, cells, "ge += w", name="ei", i=i, j=j, w=[1, 2, 3, 4.5] * nS,
                    delay=[0.5, 1, 1.5, 2] * ms)
        sim = net.compile()
        synapses = sim.synapses("ei")
        self.assertEqual(synapses.i.tolist(), i.tolist())
        self.assertEqual(synapses.j.tolist(), j.tolist())
        self.assertEqual(synapses.w.tolist(), [1, 2, 3, 4.5])
        self.assertEqual(synapses.delay.tolist(), [0.5, 1, 1.5, 2])
        self.assertEqual(sim.projections(), ["ei"])
        # Out and in again.
        again = bn.Network(dt=0.1 * ms)
        cells = again.population("cells", 20, cell(), I=300 * pA)
        again.connect(cells, cells, "ge += w", name="ei", i=synapses.i, j=synapses.j,
                      w=synapses.w * nS, delay=synapses.delay * ms)
        self.assertEqual(again.compile().run(50 * ms).digest, sim.run(50 * ms).digest)
        self.assertGreater(sim.spike_count(), 0)

    def test_tables_of_arrays(self):
        net = bn.Network(dt=0.1 * ms)
        model = bn.Model("dv/dt = (drive(t, i) - v)/(5*ms) : volt", threshold="v > 1*mV",
                         reset="v = 0*mV")
        net.population("cells", 2, model)
        net.table("drive", np.array([[0, 0], [5, 0], [0, 5]]) * mV, dt=20 * ms)
        sim = net.compile().run(60 * ms)
        t, i = sim.spikes("cells")
        self.assertGreater(len(t), 4)
        self.assertTrue(np.all((t > 20) & (t <= 40) == (i == 0)))

    def test_hosts_give_events_currents_and_spikes(self):
        net = bn.Network(dt=0.1 * ms)
        model = bn.Model("dv/dt = -v/(5*ms) : volt", threshold="v > 1*mV", reset="v = 0*mV")
        cells = net.population("cells", 5, model)
        net.stimulus("hand", cells, "host", on_event="v += w", weight=2 * mV)
        sim = net.compile()
        sim.add_events(cells, "hand", [1, 3])
        sim.run(steps=5)
        self.assertEqual(sim.spikes(cells)[1].tolist(), [1, 3])


class Traces(unittest.TestCase):
    def test_traces_sample_from_the_beginning(self):
        net, cells = balanced()
        trace = net.record(cells[:5].v, every=0.5 * ms)
        with self.assertRaisesRegex(RuntimeError, "once the network is compiled"):
            trace.values
        sim = net.compile()
        begin = sim.state(cells[:5].v)
        sim.run(10 * ms)
        self.assertEqual(trace.values.shape, (21, 5))
        self.assertTrue(np.allclose(trace.times, np.arange(21) * 0.5))
        self.assertEqual(trace.values[0].tolist(), begin.tolist())
        self.assertEqual(trace.values[-1].tolist(), sim.state("cells[0:5].v").tolist())
        self.assertEqual(trace.unit, "mV")
        self.assertEqual(trace.indices.tolist(), [0, 1, 2, 3, 4])
        early = trace.values
        kept = early.copy()
        sim.run(100 * ms)
        self.assertEqual(len(trace), 221)
        self.assertEqual(early.tolist(), kept.tolist())
        del sim, net, trace
        gc.collect()
        self.assertEqual(early.tolist(), kept.tolist())

    def test_recording_changes_no_digest(self):
        net, cells = balanced()
        plain = net.compile().run(50 * ms).digest
        net.record(cells.v, every=0.3 * ms)
        net.record("cells.ge[0:3]", single=True)
        self.assertEqual(net.compile().run(50 * ms).digest, plain)

    def test_every_is_a_time(self):
        net, cells = balanced()
        with self.assertRaisesRegex(ValueError, "is a time"):
            net.record(cells.v, every=3)


class Files(unittest.TestCase):
    def test_files_hold_what_memory_has(self):
        net, cells = balanced()
        trace = net.record(cells[:3].v, every=1 * ms)
        sim = net.compile()
        with tempfile.TemporaryDirectory() as folder:
            variables = [cells[:3].v]
            with sim.recording(folder, format="npy", variables=variables, every=1 * ms) as files:
                sim.run(100 * ms)
            self.assertEqual(sorted(os.listdir(folder)), sorted(files.names))
            spikes = np.load(os.path.join(folder, "spikes.npy"))
            self.assertGreater(len(spikes), 100)
            self.assertEqual(len(spikes), sim.spike_count(cells))
            recorded = [n for n in files.names if n.startswith("cells") and "elements" not in n]
            values = np.load(os.path.join(folder, recorded[0]))
            self.assertEqual(values["values"].tolist(), trace.values.tolist())
        with self.assertRaisesRegex(ValueError, "there is no format 'cvs'"):
            sim.recording("somewhere", format="cvs")


class Checkpoints(unittest.TestCase):
    def test_going_back_gives_the_same_again(self):
        net, cells = balanced()
        trace = net.record(cells[:3].v, every=1 * ms)
        sim = net.compile(threads=2).run(100 * ms)
        here = sim.save()
        spikes = sim.spike_count(cells)
        sim.run(100 * ms)
        digest, t = sim.digest, sim.spikes(cells)[0].copy()
        values = trace.values.copy()
        self.assertGreater(len(t), spikes)
        sim.restore(here)
        self.assertEqual(sim.step, 1000)
        self.assertEqual(sim.spike_count(cells), spikes)
        self.assertEqual(len(sim.spikes(cells)[0]), spikes)
        self.assertEqual(len(trace), 101)
        sim.run(100 * ms)
        self.assertEqual(sim.digest, digest)
        self.assertEqual(sim.spikes(cells)[0].tolist(), t.tolist())
        self.assertEqual(trace.values.tolist(), values.tolist())
        # Another current gives another course.
        sim.restore(here)
        sim["I"][:] = 250 * pA
        self.assertNotEqual(sim.run(100 * ms).digest, digest)

    def test_files_and_other_simulations(self):
        net, _ = balanced()
        sim = net.compile().run(50 * ms)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "here.checkpoint")
            here = sim.save(path)
            other = net.compile(backend="reference").restore(path)
            self.assertEqual(other.digest, sim.digest)
            copy = pickle.loads(pickle.dumps(here))
            self.assertEqual(net.compile(threads=3).restore(copy).run(50 * ms).digest,
                             sim.run(50 * ms).digest)

    def test_parameters_change_between_runs(self):
        net = bn.Network(dt=0.1 * ms)
        cells = net.population("cells", 10, "lif_exp", I_e=0 * pA)
        sim = net.compile().run(50 * ms)
        self.assertEqual(sim.spike_count(cells), 0)
        sim["cells.I_e"] = 900 * pA
        sim.run(50 * ms)
        self.assertGreater(sim.spike_count(cells), 0)


class Runs(unittest.TestCase):
    def test_progress_and_its_exceptions(self):
        net, _ = balanced()
        sim = net.compile()
        seen = []
        sim.run(200 * ms, progress=lambda done, total, seconds: seen.append((done, total)))
        self.assertEqual(seen[-1], (2000, 2000))

        def stop(done, total, seconds):
            raise KeyError("enough")

        with self.assertRaisesRegex(KeyError, "enough"):
            sim.run(10 * second, progress=stop)
        self.assertLess(sim.step, 102000)
        self.assertGreater(sim.step, 2000)

    def test_ctrl_c_ends_a_run_after_a_whole_step(self):
        net, _ = balanced(2000)
        sim = net.compile()
        # Shells let programs in the background ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        began = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            sim.run(10000 * second)
        self.assertLess(time.monotonic() - began, 60)
        stopped = sim.step
        self.assertGreater(stopped, 0)
        self.assertLess(stopped, 10**8)
        sim.run(steps=100)
        whole = net.compile().run(steps=stopped + 100)
        self.assertEqual(whole.digest, sim.digest)

    def test_other_threads_run_python_meanwhile(self):
        net, _ = balanced(1000)
        sim = net.compile()
        refused, counted = [], [0]
        done = threading.Event()

        def run():
            sim.run(2 * second)
            done.set()

        thread = threading.Thread(target=run)
        thread.start()
        while not done.is_set():
            counted[0] += 1
            try:
                sim.step
            except bn.RunError as error:
                refused.append(str(error))
        thread.join()
        self.assertGreater(counted[0], 100)
        self.assertIn("the simulation runs", refused[0])
        self.assertEqual(sim.step, 20000)

    def test_two_simulations_in_two_threads(self):
        net, _ = balanced(300)
        alone = net.compile().run(200 * ms).digest
        digests = []
        threads = [
            threading.Thread(target=lambda: digests.append(net.compile().run(200 * ms).digest))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(digests, [alone, alone])

    def test_it_says_what_the_run_was(self):
        net, _ = balanced()
        sim = net.compile().run(100 * ms)
        for text in (repr(sim), sim._repr_html_()):
            self.assertIn(sim.digest, text)
            self.assertIn("cells", text)
            self.assertIn("Hz", text)
            self.assertIn("kernel", text)
        self.assertGreater(sum(seconds for _, _, seconds in sim.report()["kernels"]), 0)

    def test_the_bar_is_on_stderr(self):
        import contextlib
        import io

        net, _ = balanced()
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            net.compile().run(50 * ms, progress=True)
        self.assertEqual(out.getvalue(), "")
        self.assertIn("0.05 s of 0.05 s", err.getvalue())


class Analysis(unittest.TestCase):
    def test_the_branching_ratio_of_a_process(self):
        counts = analyse.simulate_branching(0.9, 100, bins=50_000, seed=7)
        estimate = analyse.branching_ratio(counts)
        self.assertEqual(estimate["verdict"], "estimated")
        self.assertLess(estimate["low"], 0.9)
        self.assertGreater(estimate["high"], 0.9)
        self.assertEqual(analyse.branching_ratio(np.zeros(300))["verdict"], "too silent to say")

    def test_spikes_of_a_simulation(self):
        net, cells = balanced()
        sim = net.compile().run(500 * ms)
        counts = analyse.counts(sim, cells, bin_ms=5)
        self.assertEqual(counts.sum(), sim.spike_count(cells))
        described = analyse.describe(sim, cells)
        self.assertAlmostEqual(described["rate_hz"], sim.rates()["cells"])
        sizes, durations = analyse.avalanches([0, 1, 2, 0, 3, 0])
        self.assertEqual((sizes.tolist(), durations.tolist()), ([3, 3], [2, 1]))


class Import(unittest.TestCase):
    def test_the_import_loads_neither_the_compiler_nor_pictures(self):
        code = ("import bnsyn, bnsyn.units, sys; print([m for m in ('bnsyn._core', 'matplotlib', "
                "'pandas', 'neo', 'scipy') if m in sys.modules])")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), "[]")


try:
    import matplotlib

    matplotlib.use("Agg")
except ImportError:
    matplotlib = None


@unittest.skipIf(matplotlib is None, "python3-matplotlib is not installed")
class Pictures(unittest.TestCase):
    def test_pictures_are_axes_with_what_was_recorded(self):
        net, cells = balanced()
        trace = net.record(cells[:3].v, every=1 * ms)
        sim = net.compile().run(100 * ms)
        raster = sim.plot.raster(cells)
        self.assertEqual(len(raster.lines[0].get_xdata()), sim.spike_count(cells))
        self.assertEqual(len(trace.plot().lines), 3)
        self.assertIn("Hz", sim.plot.rate(cells).get_ylabel())
        self.assertTrue(sim.plot.weights(sim.projections()[0]).patches)
        matplotlib.pyplot.close("all")


try:
    import pandas
except ImportError:
    pandas = None


@unittest.skipIf(pandas is None, "python3-pandas is not installed")
class Pandas(unittest.TestCase):
    def test_frames(self):
        net, cells = balanced()
        trace = net.record(cells[2:4].v, every=1 * ms)
        sim = net.compile().run(100 * ms)
        frame = sim.to_pandas()
        self.assertEqual(len(frame), sim.spike_count(cells))
        self.assertEqual(list(frame.columns), ["time_ms", "population", "neuron"])
        self.assertEqual(list(trace.to_pandas().columns), [2, 3])


try:
    import neo
except ImportError:
    neo = None


@unittest.skipIf(neo is None, "python3-neo is not installed")
class Neo(unittest.TestCase):
    def test_blocks(self):
        net, cells = balanced()
        net.record(cells[2:4].v, every=1 * ms)
        sim = net.compile().run(100 * ms)
        segment = sim.to_neo().segments[0]
        self.assertEqual(len(segment.spiketrains), 400)
        self.assertEqual(sum(map(len, segment.spiketrains)), sim.spike_count(cells))
        self.assertEqual(segment.analogsignals[0].shape, (101, 2))


if __name__ == "__main__":
    unittest.main()
