// What there is in a simulation, and what its run cost, as lists and dictionaries.
#ifndef BNSYN_PYTHON_CORE_REPORT_H_
#define BNSYN_PYTHON_CORE_REPORT_H_

#include <pybind11/pybind11.h>

#include <string>

#include "python/core/session.h"

namespace bnsyn::python {

// Tuples (name, number of neurons or 0 for further events, spikes so far).
pybind11::list DescribePopulations(Session& session);
// Tuples (name, unit, number of values) of what neurons, synapses and the network have.
pybind11::list DescribeVariables(Session& session);
// The unit of a variable, or of some of its elements ("left.V"), and the number of values.
pybind11::tuple DescribeVariable(Session& session, const std::string& name);
// The name of the population of which "left[0:10]" are neurons.
std::string PopulationOfNeurons(Session& session, const std::string& neurons);
// Tuples (name, unit, value, tunable), with the present values.
pybind11::list DescribeParameters(Session& session);
// Tuples (name, source, target).
pybind11::list DescribeProjections(Session& session);
// Sizes and times.
pybind11::dict DescribeRun(Session& session);

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_REPORT_H_
