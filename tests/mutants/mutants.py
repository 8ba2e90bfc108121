#!/usr/bin/env python3
"""Mutation score: makes the code wrong in one place after another, and runs tests until one fails.

A build of the preset `mutants` asks the environment which place is wrong (ir/mutant.h). The places
are the names in the sources, Mutant("R7.tree_of_groups"), and those that tests/mutants/list.cc makes
of the tables of ops, functions, passes and rows of plans. Each mutant must be killed: by a test that
fails, by a crash, or by tests that take ten times the processor time. The table says by which.

  tests/mutants/mutants.py                     one element of each op, all rules, passes, the runtime
  tests/mutants/mutants.py R6 pass.fuse        those whose names begin so
  tests/mutants/mutants.py --all               every op with every element it takes
  tests/mutants/mutants.py --list              their names and places
  tests/mutants/mutants.py --no-tests          runs the mutants, but no tests: nothing may be killed
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

SOURCES = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("ir", "reference", "compiler", "runtime")
CALL = re.compile(r'Mutant\(\s*"([A-Za-z0-9_.]+)"\s*\)')

# Tests that kill, as a name, a program and a filter of it. Those of a mutant run in the order of its
# stages, until one fails; so the first ones are fast, or know the place best.
STAGES = {
    "ops": ("compiler_test", "All/EmitOpsTest.*/width4_O2:All/EmitOpsTest.*/width1_O0"),
    "kernels": ("compiler_test", "All/EmitKernelTest.*/width4_O2:All/DeliverTest.*/width4_O2:"
                "All/CatchUpTest.*/width4_O2"),
    "kernels of all widths": ("compiler_test", "All/*EmitKernel*:All/Deliver*:All/CatchUp*"),
    "passes": ("compiler_test", "*PassCases*:Simplify*:Fuse*:Specialise*:Place*:ExpandMath*:"
               "ShareInputs*:ChooseQuanta*:DecayInputs*:Prepare*:Passes*:Defer*:PlanRows*:"
               "VerifyPlan*:Sink*:Loops*:DeferChecks*"),
    "lowering": ("compiler_test", "Lower*:R4*:R5*:R9*:R10*:Tables*:Streams*:Sources*:Stimuli*:"
                 "Currents*:Means*:Projection*:Lists*:Network*:Synapse*:Pathways*:Language*:"
                 "Exact*:Numbered*:Order*"),
    "oracle": ("reference_test", "-FunctionsR2.*:DrawsR3.Poisson*"),
    "functions": ("reference_test", "*Evaluate*R2*:FunctionsR2.*"),
    "draws": ("reference_test", "DrawsR3.*:PhiloxR3.*"),
    "op cases": ("engines_test", "Ops/ProgramCases.*"),
    "network cases": ("engines_test", "Networks/ProgramCases.*:Sums.*:Reads.*:Deferral.*"),
    "truth": ("engines_test", "Files/TruthCases.*"),
    "deferral": ("engines_test", "All/Deferrals.*"),
    "faults": ("engines_test", "FaultTable.*:FaultHost.*:*Fault*:Temporaries.*"),
    "engines": ("runtime_test", "Engines.*:Time.*:Schedules.*:Clocks.*:Multiplicity.*:Changes.*:"
                "Groups.*:Faults.*:Precision.*:Simulation.*:Variables.*:Plasticity.*:Synapse*:"
                "Pathways.*:RepeatSpikes.*:SpikeRing.*:Epoch.*:Backlog.*:DecayingInputs.*:"
                "ConnectFaults.*:Stimuli.*:Streams.*"),
    "checkpoints": ("checkpoints_test", "Checkpoint.*:CompiledInParameter.*"),
    "threads": ("runtime_test", "Delays/Epochs.*:ThreadsAndWidths/Engines.*:Columns/DeliveryTest.*:"
                "Delays/Decay.*:Rules/*:Layouts/*"),
}

# The tests beside a file, which come before all stages: they are fast, and know it best.
BESIDE = {
    "ir/table.cc": ("ir_test", "WholeSteps.*"),
    "reference/ops.h": ("reference_test", "Evaluate.*"),
    "reference/columns.cc": ("reference_test", "*Lookup*:*LookUp*:Evaluate.*"),
    "reference/philox": ("reference_test", "PhiloxR3.*:Evaluate.R3_*:Interpreter.R3_*"),
    "reference/sequences_draws.h": ("reference_test", "DrawsR3.*-DrawsR3.Poisson*"),
    "reference/functions.cc": ("reference_test", "DrawsR3.Poisson*"),
    "reference/evaluate.cc": ("reference_test", "Evaluate.*:Interpreter.*"),
    "reference/accumulator.cc": ("reference_test", "Input.*:Decay.*"),
    "reference/input_proof.cc": ("reference_test", "Input.*:Decay.*"),
    "reference/machine.cc": ("reference_test", "Input.*:Decay.*:Interpreter.*"),
    "reference/reduction.cc": ("reference_test", "Reduction.*"),
    "reference/rule_draws.h": ("reference_test", "Connectivity.*:Sampling.*"),
    "reference/row_finder.cc": ("reference_test", "Connectivity.*"),
    "reference/sampling.cc": ("reference_test", "Sampling.*:Connectivity.*"),
    "reference/connectivity.cc": ("reference_test", "Connectivity.*"),
    "reference/connect_block.cc": ("reference_test", "Connectivity.*"),
    "reference/fault.cc": ("reference_test", "Fault.*:NotFinite.*"),
    "reference/expectation.cc": ("reference_test", "Expectation.*"),
    "reference/digest.cc": ("reference_test", "Digest.*"),
    "reference/interpreter.cc": ("reference_test", "Interpreter.*:BothPropagations.*:Digest.*"),
    "reference/block_runner.cc": ("reference_test", "Interpreter.*:BothPropagations.*:Input.*"),
    "compiler/lowering/streams.cc": ("compiler_test", "Streams.*"),
    "compiler/lowering/table.cc": ("compiler_test", "Tables.*:Stimuli.*"),
    "compiler/lowering/code_scope.cc": ("compiler_test", "R9.*:Lower.*"),
    "compiler/equations/": ("compiler_test", "R9.*:Exact.*:Means.*"),
    "compiler/passes/share_inputs.cc": ("compiler_test", "ShareInputs.*"),
    "compiler/passes/choose_quanta.cc": ("compiler_test", "ChooseQuanta.*"),
    "compiler/passes/decay_inputs.cc": ("compiler_test", "DecayInputs.*"),
    "compiler/passes/specialise.cc": ("compiler_test", "Specialise.*:*PassCases*specialise*"),
    "compiler/passes/defer.cc": ("compiler_test", "Defer.*:Deferral.*"),
    "compiler/passes/expand_math.cc": ("compiler_test", "ExpandMath.*:*PassCases*expand_math*"),
    "compiler/passes/unroll.cc": ("compiler_test", "*PassCases*unroll*:Loops.*:Substeps.*"),
    "compiler/passes/simplify.cc": ("compiler_test", "Simplify.*:*PassCases*simplify*"),
    "compiler/passes/identities.cc": ("compiler_test", "Simplify.*:*PassCases*simplify*"),
    "compiler/passes/narrow_sums.cc": ("compiler_test", "*PassCases*narrow_sums*"),
    "compiler/passes/fuse.cc": ("compiler_test", "Fuse.*:*PassCases*fuse*"),
    "compiler/passes/kernel_groups.cc": ("compiler_test", "Fuse.*:*PassCases*fuse*"),
    "compiler/passes/place.cc": ("compiler_test", "Place.*:*PassCases*place*"),
    "runtime/exchange/spikes.cc": ("runtime_test", "RepeatSpikes.*:SpikeRing.*"),
    "runtime/exchange/epoch.cc": ("runtime_test", "Epoch.*:Delays/Epochs.*"),
    "runtime/exchange/event_list.cc": ("runtime_test", "*Events*"),
    "runtime/deferral/": ("runtime_test", "Backlog.*"),
    "runtime/decaying_sums.cc": ("runtime_test", "DecayingInputs.*:Delays/Decay.*"),
}

# The stages of mutants by the beginning of their names; the longest beginning counts. Of rules,
# the tests that carry the number of the rule come first.
ORDER = {
    "emit": ["ops", "kernels", "op cases", "kernels of all widths", "truth", "faults"],
    "oracle": ["ops", "oracle", "op cases", "truth", "faults"],
    "R": ["oracle", "op cases", "network cases", "lowering", "truth", "faults", "engines"],
    "R2": ["functions", "ops"],
    "R3": ["draws", "oracle", "lowering", "op cases", "truth", "engines"],
    "R4": ["lowering", "oracle", "truth", "engines"],
    "R9": ["lowering", "truth", "engines"],
    "pass.defer": ["passes", "network cases", "deferral"],
    "runtime.deferral": ["network cases", "deferral"],
    "runtime.resume": ["checkpoints"],
    "runtime.values": ["checkpoints"],
    "pass": ["passes", "op cases", "network cases", "truth", "lowering", "engines", "threads"],
    "plan": ["passes", "kernels", "op cases"],
    "runtime": ["op cases", "network cases", "engines", "threads", "truth", "faults"],
}
# Seconds that a stage may take without a mutant, of processor and wall; with one, a multiple of what
# it took.
FIRST_PROCESSOR, FIRST_WALL = 3600, 36000

# The whole programs, for what no stage kills.
ALL = ("ir_test", "reference_test", "compiler_test", "engines_test", "runtime_test")


class Run:
    """Runs stages of the build, without a mutant or with one."""

    def __init__(self, build):
        self.build = build
        # By stage and op: seconds of processor and wall without a mutant; None where it fails then.
        self.usual = {}
        self.begun = {}  # locks of the same
        self.lock = threading.Lock()
        self.not_built = set()  # programs, whose tests kill nothing
        self.fail_anyway = []
        self.must_run = {*STAGES, *BESIDE.values()}  # stages that must have tests

    def check(self, name, op):
        """Runs a stage without a mutant, once: what fails there would seem to kill."""
        with self.lock:
            begun = self.begun.setdefault((name, op), threading.Lock())
        with begun:
            if (name, op) in self.usual:
                return
            failed, processor, wall = self.run(name, op, "", "", FIRST_PROCESSOR, FIRST_WALL)
            self.usual[name, op] = None if failed else (processor, wall)
            if failed:
                self.fail_anyway.append(failed)
                print(f"error: {failed} fails without a mutant: its stage is left out",
                      file=sys.stderr, flush=True)

    def stage(self, name, mutant, reached, op=None):
        """The first test that fails, None if none does."""
        program = program_of(name)[0]
        if not (self.build / "bin" / program).exists():
            self.not_built.add(program)
            return None
        self.check(name, op)
        if self.usual[name, op] is None:
            return None
        processor, wall = self.usual[name, op]
        return self.run(name, op, mutant, reached, 10 + 10 * processor, 600 + 30 * wall)[0]

    def run(self, name, op, mutant, reached, most_processor, most_wall):
        """What failed, if anything; the seconds of processor and wall that it took."""
        program, tests = program_of(name)
        with tempfile.TemporaryDirectory() as scratch:
            environment = dict(os.environ, BNSYN_CACHE=scratch, BNSYN_MUTANT=mutant,
                               BNSYN_MUTANT_REACHED=reached)
            environment.pop("BNSYN_TEST_OP", None)
            if op is not None:
                environment["BNSYN_TEST_OP"] = op
            words = [str(self.build / "bin" / program), "--gtest_filter=" + tests,
                     "--gtest_fail_fast", "--gtest_brief=1"]
            code, output, processor, wall = execute(words, self.build, environment,
                                                    most_processor, most_wall)
        if code == 0:
            empty = "] 0 tests from" in output and name in self.must_run
            failed = f"{program}: no test is named {tests}; it" if empty else None
        elif found := re.search(r"^\[  FAILED  \] ([^\s,]+)", output, re.M):
            failed = found.group(1)
        elif code in (-signal.SIGXCPU, None):
            failed = f"{program}: a hang"
        else:
            last = (output.strip().splitlines() or ["no output"])[-1]
            failed = f"{program}: ended with {code}: {last[:60]}"
        return failed, processor, wall


def program_of(stage):
    """The program and the filter of a stage."""
    return stage if isinstance(stage, tuple) else STAGES[stage]


def execute(words, directory, environment, most_processor, most_wall):
    """The exit code, None if it took too long; the output; and the seconds of processor and wall.

    A hang is told by processor time, since other programs may keep a machine busy; a thread that
    sleeps for ever takes none, and so the wall has a limit too, a wide one.
    """
    limit = int(most_processor) + 1
    begin = time.monotonic()
    late = threading.Event()
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        process = subprocess.Popen(["prlimit", f"--cpu={limit}:{limit + 5}", "--", *words],
                                   cwd=directory, env=environment, stdout=output,
                                   stderr=subprocess.STDOUT)
        timer = threading.Timer(most_wall, lambda: (late.set(), process.kill()))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    code = None if late.is_set() else process.returncode
    return code, text, usage.ru_utime + usage.ru_stime, time.monotonic() - begin


def find_mutants(build):
    """By name: the place, file:line or the table."""
    mutants = {}
    for folder in FOLDERS:
        for path in sorted((SOURCES / folder).rglob("*")):
            if path.suffix not in (".h", ".cc") or path.name == "mutant.h":
                continue
            text = path.read_text()
            for call in CALL.finditer(text):
                line = text.count("\n", 0, call.start()) + 1
                mutants.setdefault(call.group(1), f"{path.relative_to(SOURCES)}:{line}")
    listed = subprocess.run([str(build / "bin" / "mutants_list")], stdout=subprocess.PIPE, text=True,
                            check=True)
    for name in listed.stdout.split():
        mutants.setdefault(name, "table")
    return mutants


def of_one_element(names):
    """Of the cases of an op by element, those of the first element alone: f64 where it has one."""
    first = {}
    kept = []
    for name in names:
        parts = name.split(".")
        if parts[0] not in ("emit", "oracle") or len(parts) < 4:
            kept.append(name)
            continue
        if first.setdefault((parts[0], parts[1]), parts[2:-1]) == parts[2:-1]:
            kept.append(name)
    return kept


def stages_of(name, place):
    best = max((begin for begin in ORDER if name.startswith(begin)), key=len)
    stages = list(ORDER[best])
    rule = re.match(r"(R\d+)\.", name)
    if rule and rule.group(1) != "R2":
        own = f"*{rule.group(1)}_*"
        for program in ("runtime_test", "engines_test", "reference_test"):
            stages.insert(0, (program, own))
    beside = [tests for begin, tests in BESIDE.items() if place.startswith(begin)]
    return beside + stages


class Trial:
    """A mutant, and the stages that it has not been tried in yet."""

    def __init__(self, name, place, thorough, directory):
        self.name = name
        self.place = place
        self.op = name.split(".")[1] if place == "table" else None
        self.stages = stages_of(name, place)
        if thorough:
            self.stages += [(program, "*") for program in ALL]
        self.reached_file = os.path.join(directory, name)
        self.killed_by = None
        self.seconds = 0

    def try_next(self, run):
        stage = self.stages.pop(0)
        begin = time.monotonic()
        self.killed_by = run.stage(stage, self.name, self.reached_file,
                                   self.op if stage == "ops" else None)
        self.seconds += time.monotonic() - begin
        return self

    def over(self):
        return self.killed_by is not None or not self.stages

    def reached(self):
        return os.path.exists(self.reached_file)

    def row(self):
        return {"mutant": self.name, "killed_by": self.killed_by, "reached": self.reached(),
                "seconds": round(self.seconds, 1), "place": self.place}


def try_all(run, trials, jobs):
    """Tries the first stage of all mutants, then the second of those that live, and so on: what
    kills most is fast, and what lives is known last."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        alive = trials
        while alive:
            tried = [pool.submit(trial.try_next, run) for trial in alive]
            for future in concurrent.futures.as_completed(tried):
                trial = future.result()
                if not trial.over():
                    continue
                by = trial.killed_by or (
                    "SURVIVES" if trial.reached() else "SURVIVES, never reached")
                print(f"{trial.name:44} {trial.seconds:7.1f} s  {by}", flush=True)
            alive = [trial for trial in alive if not trial.over()]
            if alive:
                print(f"... {len(alive)} still live", flush=True)


def group_of(name):
    parts = name.split(".")
    return parts[0] if parts[0] not in ("pass",) else f"pass.{parts[1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of names; all without them")
    parser.add_argument("--build", default=str(SOURCES / "build" / "mutants"))
    parser.add_argument("--all", action="store_true",
                        help="every element of each op, and whole test programs for survivors")
    parser.add_argument("--list", action="store_true", help="print names and places")
    parser.add_argument("--no-tests", action="store_true", help="kill nothing: the score must be 0")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", metavar="FILE", help="write the table to a file")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build)
    if not (build / "bin" / "mutants_list").exists():
        sys.exit(f"error: {build} is no build of the preset `mutants`; `make mutants` makes one")
    places = find_mutants(build)
    names = [name for name in places
             if not arguments.names or any(name.startswith(n) for n in arguments.names)]
    if not arguments.all:
        names = of_one_element(names)
    if not names:
        sys.exit("error: no mutant has such a name; --list prints them")
    if arguments.list:
        for name in names:
            print(f"{name:48} {places[name]}")
        return
    run = Run(build)
    if arguments.no_tests:
        for table in (STAGES, BESIDE):
            table.update({key: (program, "None.*") for key, (program, _) in table.items()})
        run.must_run.clear()
    with tempfile.TemporaryDirectory() as directory:
        trials = [Trial(name, places[name], arguments.all, directory) for name in names]
        try_all(run, trials, arguments.jobs)
        rows = [trial.row() for trial in trials]
    print_score(rows)
    for program in sorted(run.not_built):
        print(f"note: {program} is not built, and its tests were not run")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")
    alive = [row for row in rows if not row["killed_by"]]
    sys.exit(2 if run.fail_anyway else 1 if alive else 0)


def print_score(rows):
    print(f"\n{'mutants of':24} {'made':>6} {'killed':>7} {'score':>7}")
    groups = {}
    for row in rows:
        groups.setdefault(group_of(row["mutant"]), []).append(row)
    groups["all"] = rows
    for group, members in groups.items():
        killed = sum(1 for row in members if row["killed_by"])
        print(f"{group:24} {len(members):6} {killed:7} {100 * killed / len(members):6.1f}%")
    for row in rows:
        if not row["killed_by"]:
            print(f"survives: {row['mutant']} at {row['place']}"
                  f"{'' if row['reached'] else ' (never reached)'}")


if __name__ == "__main__":
    main()
