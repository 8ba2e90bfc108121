"""Threads, processes, functions that are called while a network runs, and memory given back."""
import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
import weakref

import bnsyn as bn
import numpy as np
from bnsyn.units import ms, second
from networks import balanced

HERE = os.path.dirname(os.path.abspath(__file__))


def script(code):
    """What a Python of its own prints for code; its networks are those of networks.py."""
    begin = ("import bnsyn as bn, numpy as np, os, sys\nfrom bnsyn.units import *\n"
             "from networks import *\n")
    environment = {**os.environ, "PYTHONPATH": HERE + os.pathsep + os.environ.get("PYTHONPATH", "")}
    return subprocess.run([sys.executable, "-B", "-c", begin + textwrap.dedent(code)],
                          capture_output=True, text=True, env=environment, timeout=120)


class Watches(unittest.TestCase):
    def test_functions_get_all_spikes_and_samples(self):
        net, cells = balanced()
        sim = net.compile(threads=2)
        trace = sim.record(cells[:3].v, 0.5 * ms)
        spikes, part, values = [], [], []
        sim.watch(cells, lambda t, i: spikes.append((t, i)))
        sim.watch(cells[100:200], lambda t, i: part.append(i))
        sim.watch(cells[:3].v, lambda t, v: values.append(v), every=0.5 * ms)
        sim.run(100 * ms).run(100 * ms)
        t, i = sim.spikes(cells)
        self.assertGreater(len(t), 100)
        self.assertEqual(np.concatenate([s[0] for s in spikes]).tolist(), t.tolist())
        self.assertEqual(np.concatenate([s[1] for s in spikes]).tolist(), i.tolist())
        self.assertEqual(np.concatenate(part).tolist(), sim.spikes(cells[100:200])[1].tolist())
        self.assertEqual(np.concatenate(values).tolist(), trace.values.tolist())

    def test_exceptions_end_the_run_and_come_out(self):
        net, cells = balanced()
        sim = net.compile()

        def stop(times, indices):
            raise KeyError("seen enough")

        watch = sim.watch(cells, stop)
        with self.assertRaisesRegex(KeyError, "seen enough"):
            sim.run(100 * second)
        self.assertLess(sim.step, 10**6)
        watch.stop()
        stopped = sim.step
        sim.run(steps=100)
        self.assertEqual(sim.digest, net.compile().run(steps=stopped + 100).digest)

    def test_exit_and_ctrl_c_in_functions(self):
        net, cells = balanced()
        for exception in (SystemExit, KeyboardInterrupt):
            for where in ("progress", "watch"):
                sim = net.compile()

                def end(*_):
                    raise exception(3)

                if where == "watch":
                    sim.watch(cells, end)
                with self.assertRaises(exception):
                    sim.run(100 * second, progress=end if where == "progress" else False)
                sim._watches.clear()
                sim.run(steps=10)

    def test_a_function_may_not_use_the_simulation_that_runs(self):
        net, cells = balanced()
        for use in (lambda s: s["v"][:], lambda s: s.run(1 * ms), lambda s: s.save(),
                    lambda s: s.spikes(cells), lambda s: s.digest,
                    lambda s: s.recording("nowhere"), lambda s: s.watch(cells, print)):
            sim = net.compile()
            with self.assertRaisesRegex(bn.RunError, "the simulation runs"):
                sim.run(1 * second, progress=lambda *_: use(sim))
            sim.run(steps=1)

    def test_files_are_not_finished_while_it_runs(self):
        net, _ = balanced()
        sim = net.compile()
        with tempfile.TemporaryDirectory() as folder:
            files = sim.recording(folder)
            with self.assertRaisesRegex(bn.RunError, "the simulation runs"):
                sim.run(1 * second, progress=lambda *_: files.finish())
            self.assertEqual(files.finish(), ["spikes.csv"])

    def test_a_function_that_sees_the_simulation_does_not_keep_it(self):
        net, cells = balanced()
        sim = net.compile()
        seen = []
        sim.watch(cells, lambda t, i: seen.append((len(t), sim)))
        sim.run(50 * ms)
        self.assertGreater(sum(n for n, _ in seen), 0)
        ended = weakref.ref(sim)
        del sim
        seen.clear()
        gc.collect()
        self.assertIsNone(ended())

    def test_what_is_watched_is_checked(self):
        net, cells = balanced()
        sim = net.compile()
        with self.assertRaisesRegex(TypeError, "calls a function"):
            sim.watch(cells, 3)
        with self.assertRaisesRegex(KeyError, "did you mean 'v'"):
            sim.watch("vv", print)
        with self.assertRaisesRegex(ValueError, "all spikes"):
            sim.watch(cells, print, every=1 * ms)
        with self.assertRaisesRegex(ValueError, "is a time"):
            sim.watch(cells.v, print, every=1)


class Threads(unittest.TestCase):
    def test_a_simulation_belongs_to_one_thread_at_a_time(self):
        net, _ = balanced(200)
        whole = net.compile().run(steps=4000).digest
        sim = net.compile()
        refused = []

        def run():
            while sim_step() < 4000:
                try:
                    sim.run(steps=50)
                except bn.RunError as error:
                    refused.append(str(error))

        def sim_step():
            while True:
                try:
                    return sim.step
                except bn.RunError:
                    pass

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
        while sim.step > 4000:  # two threads may both have seen the last step but one
            sim = net.compile()
            sim.run(steps=4000)
        self.assertEqual(sim.digest, whole)
        self.assertTrue(all("the simulation runs" in text for text in refused))

    def test_views_live_when_simulations_die_in_other_threads(self):
        net, cells = balanced(200)
        expected = net.compile().run(50 * ms).spikes(cells)[1].tolist()
        self.assertGreater(len(expected), 10)
        views = []

        def work():
            for _ in range(4):
                sim = net.compile()
                trace = sim.record(cells[:5].v, 1 * ms)
                sim.run(50 * ms)
                views.append((sim.spikes(cells)[1], trace.values, sim.state("v")))

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            gc.collect()
        for thread in threads:
            thread.join()
        gc.collect()
        for indices, values, state in views:
            self.assertEqual(indices.tolist(), expected)
            self.assertEqual(values.tolist(), views[0][1].tolist())
            self.assertEqual(state[:5].tolist(), values[-1].tolist())

    def test_progress_may_collect_garbage(self):
        net, cells = balanced()
        sim = net.compile().run(50 * ms)
        t, _ = sim.spikes(cells)
        kept = t.tolist()
        sim.run(300 * ms, progress=lambda *_: gc.collect())
        self.assertEqual(t.tolist(), kept)


class Processes(unittest.TestCase):
    def test_a_forked_process_compiles_its_own(self):
        done = script("""
            net, cells = balanced(200)
            sim = net.compile(threads=2).run(20*ms)
            t, i = sim.spikes(cells)
            child = os.fork()
            if child == 0:
                try:
                    sim.run(20*ms)
                except bn.RunError as error:
                    print("refused:", error, flush=True)
                same = net.compile(threads=2).run(20*ms).digest == sim.digest
                print("same", same, i.sum() > 0, flush=True)
                sys.exit(7)  # with destructors
            print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
            print("parent", net.compile().run(40*ms).digest == sim.run(20*ms).digest)
            """)
        self.assertIn("refused: the simulation belongs to the process", done.stdout, done.stderr)
        self.assertIn("same True True", done.stdout)
        self.assertIn("child 7", done.stdout)
        self.assertIn("parent True", done.stdout)

    def test_a_forked_process_leaves_the_files_alone(self):
        done = script("""
            import tempfile
            net, cells = balanced(200)
            sim = net.compile()
            folder = tempfile.mkdtemp()
            with sim.recording(folder, format="npy") as files:
                sim.run(20*ms)
                child = os.fork()
                if child == 0:
                    del files, sim
                    os._exit(0)
                os.waitpid(child, 0)
                sim.run(20*ms)
            print(len(np.load(folder + "/spikes.npy")) == sim.spike_count(cells) > 0)
            """)
        self.assertEqual(done.stdout.strip(), "True", done.stderr)

    def test_a_pool_of_processes_runs_networks(self):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            digests = pool.map(digest_of_seed, [1, 2, 1])
        self.assertEqual(digests[0], digests[2])
        self.assertNotEqual(digests[0], digests[1])

    def test_the_interpreter_ends_with_all_alive(self):
        done = script("""
            net, cells = balanced(200)
            sim = net.compile(threads=2)
            sim.watch(cells, lambda t, i: sim)
            trace = sim.record(cells.v)
            import tempfile
            folder = tempfile.TemporaryDirectory()
            files = sim.recording(folder.name)
            sim.run(20*ms)
            view = sim.spikes(cells)
            print("end")
            """)
        self.assertEqual((done.stdout.strip(), done.stderr, done.returncode), ("end", "", 0))

    def test_ctrl_c_ends_a_program(self):
        done = script("""
            import signal, threading
            signal.signal(signal.SIGINT, signal.default_int_handler)  # shells may ignore it
            net, cells = balanced(200)
            sim = net.compile(threads=2)
            threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            sim.run(100000*second)
            """)
        self.assertEqual(done.returncode, -signal.SIGINT, done.stderr)
        self.assertIn("KeyboardInterrupt", done.stderr)


def digest_of_seed(seed):
    net, _ = balanced(200, seed)
    return net.compile().run(50 * ms).digest


class Memory(unittest.TestCase):
    def test_simulations_give_their_memory_back(self):
        net, cells = balanced(200)
        net.record(cells.v, 1 * ms)

        def use(times):
            for _ in range(times):
                sim = net.compile(threads=2)
                sim.watch(cells, lambda t, i: None)
                sim.run(5 * ms)
                sim.spikes(cells)
                sim.restore(sim.save())
                net._traces[0]._session = None

        use(20)
        gc.collect()
        before = resident()
        use(60)
        gc.collect()
        grown = resident() - before
        self.assertLess(grown, 60 * 50_000)  # a simulation of this network takes 200 kB

    def test_errors_give_their_memory_back(self):
        net, _ = balanced(200)
        sim = net.compile()

        def use(times):
            for _ in range(times):
                for call in (lambda: sim["nothing"], lambda: sim.run(0.05 * ms),
                             lambda: sim.set_parameter("x", 1)):
                    try:
                        call()
                    except bn.Error:
                        pass

        use(200)
        before = resident()
        use(5000)
        self.assertLess(resident() - before, 2_000_000)


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    unittest.main()
