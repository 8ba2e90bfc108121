"""Runs networks whose results NEST publishes, and compares: nest.py [CASE ...].

Each file of nest/ is a network, written with the model library for the default schedule. Its comments have the values
that NEST's own tests demand, or the closed form that they compare with:

    # NEST: testsuite/unittests/test_iaf_psc_exp.sli     where they are published
    # model: iaf_psc_exp                                 what runs there
    # digits: 6                                          how many digits must agree, rounded as NEST rounds them; or
    # within: 5e-4                                       how far values may lie apart: 5e-4 of each; 5e-4 mV: so much
    # at: 0.1, 0.2, 0.5, 1                               values of dt in ms, if not that of the network alone
    # expect p.V = 0.3 -69.602, 0.4 -69.2079             a variable of the first neuron, p.V[2] of the third, or a sum:
                                                         p.V - p.V[1]. Times in ms, and values; those count that lie
                                                         on the grid of dt
    # largest p.V = 1                                    the largest value that it has
    # spikes p = 5.0, 12.1                               all spikes of the first neuron, in ms, to the step; or
    # spikes p from 600 to 900 = 612.99                  those between two times
    # and 628.73                                         more of the line before
    # apart: 0.02                                        how far they may lie apart in ms, if not half a step
    # differs: why, if this is not NEST's own value

Prints a table; exit code 1 if a value misses, 2 if a network could not be run.
"""

import argparse
import concurrent.futures
import csv
import dataclasses
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]

ROW = "{:<38}  {:<28}  {:>6}  {:>6}  {:>8}  {:>8}  {:<4}"
HEADER = ("case", "model in NEST", "values", "spikes", "demanded", "reached", "")


VARIABLE = r"([a-z]\w*\.[a-zA-Z]\w*)(?:\[(\d+)\])?"


class Broken(Exception):
    """A case that is not written as it must be, or that does not run."""


@dataclasses.dataclass
class Course:
    """What is expected of an expression of variables: values at times, or its largest value."""

    expression: str
    values: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    largest: float | None = None

    def variables(self) -> list[tuple[str, str, int]]:
        """Each variable as it is written, its name, and the neuron."""
        found = re.finditer(VARIABLE, self.expression)
        return [(match[0], match[1], int(match[2] or 0)) for match in found]


@dataclasses.dataclass
class Train:
    """Spikes that are expected of a neuron, between two times."""

    population: str
    neuron: int
    start: float
    stop: float
    times: list[float]


@dataclasses.dataclass
class Case:
    path: pathlib.Path
    published: str = ""
    model: str = ""
    digits: int | None = None
    within: float | None = None
    absolute: bool = False  # of `within`
    apart: float | None = None
    steps: list[float] = dataclasses.field(default_factory=list)
    courses: list[Course] = dataclasses.field(default_factory=list)
    trains: list[Train] = dataclasses.field(default_factory=list)
    differs: str = ""


def read_case(path: pathlib.Path) -> Case:
    case = Case(path)
    for line in path.read_text(encoding="ascii").splitlines():
        if match := re.match(r"# (NEST|model|digits|within|apart|at|differs): (.*)$", line):
            key, text = match.groups()
            if key == "NEST":
                case.published = text
            elif key == "at":
                case.steps = [float(step) for step in text.split(",")]
            elif key == "digits":
                case.digits = int(text)
            elif key == "within":
                case.within, case.absolute = float(text.split()[0]), " " in text
            elif key == "apart":
                case.apart = float(text)
            else:
                setattr(case, key, text)
        elif match := re.match(r"# (expect|largest) ([^=]+) = (.*)$", line):
            kind, expression, text = match.groups()
            course = next((known for known in case.courses if known.expression == expression), None)
            if course is None:
                case.courses.append(course := Course(expression))
            if kind == "largest":
                course.largest = float(text)
            else:
                course.values += [tuple(map(float, pair.split())) for pair in text.split(",")]
        elif match := re.match(r"# spikes (\w+)(?:\[(\d+)\])?(?: from (\S+))?(?: to (\S+))? = ?(.*)$", line):
            population, neuron, start, stop, text = match.groups()
            times = [float(time) for time in text.split(",") if time.strip()]
            case.trains.append(Train(population, int(neuron or 0), float(start or 0), float(stop or "inf"), times))
        elif line.startswith("# and "):
            case.trains[-1].times += map(float, line.removeprefix("# and ").split(","))
    if not case.published or not case.model or (case.digits is None) == (case.within is None):
        raise Broken("it needs lines NEST:, model:, and one of digits: and within:")
    if not case.courses and not case.trains:
        raise Broken("it expects nothing")
    return case


def agreeing(ours: float, published: float, most: int = 15) -> int:
    """To how many significant digits a value agrees with a published one, which was rounded to the nearest."""
    if ours == published:
        return most
    reached = 0
    for digits in range(1, most + 1):
        unit = 10.0 ** (math.floor(math.log10(abs(published))) - digits + 1) if published else 10.0**-digits
        # What was rounded to the same digits lies within half a unit.
        if abs(ours - published) > 0.5 * unit * (1 + 1e-9):
            break
        reached = digits
    return reached


class Judge:
    """Compares values with published ones, and keeps the worst."""

    def __init__(self, case: Case):
        self.case = case
        self.values = self.spikes = 0
        self.worst_digits, self.worst_distance = 15, 0.0
        self.misses: list[str] = []

    def value(self, ours: float, published: float, where: str) -> None:
        self.values += 1
        if self.case.digits is not None:
            reached = agreeing(ours, published)
            self.worst_digits = min(self.worst_digits, reached)
            missed = reached < self.case.digits
        else:
            distance = abs(ours - published) / (1 if self.case.absolute else abs(published) or 1)
            self.worst_distance = max(self.worst_distance, distance)
            missed = not distance <= self.case.within
        if missed:
            self.misses.append(f"{where} is {ours:.9g}, published is {published:.9g}")

    def train(self, ours: list[float], published: list[float], dt: float, where: str) -> None:
        self.spikes += len(published)
        apart = self.case.apart or dt / 2
        if len(ours) != len(published) or any(abs(a - b) > apart for a, b in zip(ours, published)):
            shown = ", ".join(f"{time:g}" for time in ours) or "none"
            self.misses.append(f"{where} spikes at {shown}, published is {', '.join(map(str, published)) or 'none'}")

    def row(self) -> str:
        if self.case.digits is not None:
            demanded = f"{self.case.digits} digits"
            reached = f"{self.worst_digits}" if self.worst_digits < 15 else "all"
        else:
            demanded, reached = f"{self.case.within:.0e}", f"{self.worst_distance:.0e}"
        if not self.values:
            reached = "all"
        if not self.values and self.case.digits is not None:
            demanded = "the step"
        return ROW.format(self.case.path.stem, self.case.model, self.values, self.spikes, demanded, reached,
                          "MISS" if self.misses else "ok")  # fmt: skip


def run(case: Case, command: str, step: float | None, directory: pathlib.Path) -> None:
    arguments = [command, "run", case.path, "--backend", "accelerated", "--no-hint", "--out", directory]
    if step is not None:
        arguments += ["--set", f"dt={step:g}ms"]
    for variable in {variable for course in case.courses for _, variable, _ in course.variables()}:
        arguments += ["--record", variable]
    done = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Broken(done.stderr.strip())


def evaluate(course: Course, directory: pathlib.Path) -> list[float]:
    """The values of an expression at all times, from the files of its variables."""
    columns = []
    for _, variable, neuron in course.variables():
        with open(directory / f"{variable}.csv", encoding="ascii") as file:
            columns.append([float(row[1 + neuron]) for row in list(csv.reader(file))[1:]])
    names = iter(f"x[{number}]" for number in range(len(columns)))
    code = compile(re.sub(VARIABLE, lambda _: next(names), course.expression), course.expression, "eval")
    return [eval(code, {"x": row}) for row in zip(*columns)]


def judge(case: Case, judged: Judge, directory: pathlib.Path) -> None:
    dt = json.loads((directory / "report.json").read_text(encoding="utf-8"))["dt_ms"]
    for course in case.courses:
        values = evaluate(course, directory)
        where = f"{course.expression}, dt = {dt:g} ms,"
        if course.largest is not None:
            judged.value(max(values), course.largest, f"the largest {where}")
        on_grid = 0
        for time, published in course.values:
            step = round(time / dt)
            if abs(step * dt - time) > 1e-6 * dt * max(1, step):
                continue
            if step >= len(values):
                raise Broken(f"it expects a value at {time} ms, after its end")
            on_grid += 1
            judged.value(values[step], published, f"{where} at {time:g} ms")
        if course.values and not on_grid:
            raise Broken(f"no time of {course.expression} lies on the grid of {dt:g} ms")
    if not case.trains:
        return
    with open(directory / "spikes.csv", encoding="ascii") as file:
        spikes = list(csv.DictReader(file))
    for train in case.trains:
        own = [spike for spike in spikes
               if spike["population"] == train.population and int(spike["neuron"]) == train.neuron]  # fmt: skip
        times = sorted(float(spike["time_ms"]) for spike in own)
        judged.train([time for time in times if train.start <= time <= train.stop], train.times, dt,
                     f"{train.population}[{train.neuron}], dt = {dt:g} ms,")  # fmt: skip


def check(path: pathlib.Path, command: str) -> tuple[str, list[str], bool]:
    """The row of a case, what it misses, and whether it is broken."""
    try:
        case = read_case(path)
        judged = Judge(case)
        for step in case.steps or [None]:
            with tempfile.TemporaryDirectory() as directory:
                run(case, command, step, pathlib.Path(directory))
                judge(case, judged, pathlib.Path(directory))
        note = f"\n  differs: {case.differs}" if case.differs else ""
        return judged.row() + note, judged.misses, False
    except (Broken, ValueError, IndexError) as error:
        return f"{path.stem}: {error}", [], True


def main():
    parser = argparse.ArgumentParser(description="Compares bnsyn with what NEST's tests publish.")
    add = parser.add_argument
    add("cases", nargs="*", metavar="CASE", help="names of files in nest/; all of them if none is named")
    add("--bnsyn", default=ROOT / "build/release/bin/bnsyn", help="the command to run")
    add("--jobs", type=int, default=2, help="cases at a time")
    arguments = parser.parse_args()
    paths = sorted((HERE / "nest").glob("*.toml"))
    unknown = set(arguments.cases) - {path.stem for path in paths}
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))} in {HERE / 'nest'}")
    if arguments.cases:
        paths = [path for path in paths if path.stem in arguments.cases]

    print(ROW.format(*HEADER).rstrip(), flush=True)
    missed = broken = False
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for row, misses, is_broken in pool.map(lambda path: check(path, arguments.bnsyn), paths):
            print(row, flush=True)
            for miss in misses[:5]:
                print(f"  {miss}", flush=True)
            missed, broken = missed or bool(misses), broken or is_broken
    sys.exit(2 if broken else 1 if missed else 0)


if __name__ == "__main__":
    main()
