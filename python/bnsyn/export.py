"""Results for pandas and neo, which are imported when they are asked for."""
from __future__ import annotations

import numpy as np


def spikes_to_pandas(simulation, neurons=None):
    import pandas

    if neurons is not None:
        chosen = [neurons]
    else:
        chosen = [name for name, size in simulation._names.items() if size > 0]
    frames = []
    for some in chosen:
        times, indices = simulation.spikes(some)
        population, _ = simulation._population_of(some)
        frames.append(pandas.DataFrame(
            {"time_ms": times, "population": population, "neuron": indices}
        ))
    whole = pandas.concat(frames, ignore_index=True)
    return whole.sort_values("time_ms", kind="stable", ignore_index=True)


def trace_to_pandas(trace):
    import pandas

    frame = pandas.DataFrame(trace.values, columns=trace.indices)
    frame.index = pandas.Index(trace.times, name="time_ms")
    return frame


def to_neo(simulation, traces):
    import neo
    import quantities

    end = simulation._session.time_ms * quantities.ms
    segment = neo.Segment(name=simulation._network.name)
    for name, size in simulation._names.items():
        times, indices = simulation.spikes(name) if size > 0 else ((), ())
        order = np.argsort(indices, kind="stable")
        splits = np.searchsorted(np.asarray(indices)[order], np.arange(1, size))
        for neuron, own in enumerate(np.split(np.asarray(times)[order], splits)) if size else ():
            segment.spiketrains.append(neo.SpikeTrain(
                own * quantities.ms, t_stop=end, name=f"{name}[{neuron}]", population=name,
                neuron=neuron,
            ))
    for trace in traces:
        unit = trace.unit.replace("ohm", "Ohm") or "dimensionless"
        times = trace.times
        step = times[1] - times[0] if len(times) > 1 else 1.0
        segment.analogsignals.append(neo.AnalogSignal(
            np.asarray(trace.values), units=unit, sampling_period=step * quantities.ms,
            t_start=(times[0] if len(times) else 0.0) * quantities.ms, name=trace.variable,
        ))
    block = neo.Block(name=simulation._network.name, digest=simulation.digest)
    block.segments.append(segment)
    return block
