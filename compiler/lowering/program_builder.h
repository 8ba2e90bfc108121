// A program under construction: Declare adds its declarations, emission its blocks.
#ifndef BNSYN_COMPILER_LOWERING_PROGRAM_BUILDER_H_
#define BNSYN_COMPILER_LOWERING_PROGRAM_BUILDER_H_

#include <string>
#include <utility>
#include <vector>

#include "compiler/language/units.h"
#include "compiler/lowering/requirements.h"
#include "compiler/lowering/streams.h"
#include "compiler/passes/prepare.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// What becomes of some equations, in words.
struct Explanation {
  std::string title;
  std::string text;
};

struct ProgramBuilder {
  ir::Program program;
  StreamNames streams;
  ProgramFacts facts;                                // for the prepare passes
  std::vector<TunableRequirement> requirements;      // for the host
  bool synapse_traces = true;                        // kSynapseTraces is not disabled
  std::vector<Explanation>* explanations = nullptr;  // where they are asked for

  ir::StateId AddState(std::string name, ir::Type type, const Dimension& dimension = {}) {
    ir::State state;
    state.name = std::move(name);
    state.type = type;
    state.unit = DisplayUnit(dimension);
    program.states.push_back(std::move(state));
    return static_cast<ir::StateId>(program.states.size() - 1);
  }
  ir::InputId AddInput(std::string name, ir::DomainId population, const Dimension& dimension = {}) {
    program.inputs.push_back({std::move(name), population, {}, DisplayUnit(dimension)});
    return static_cast<ir::InputId>(program.inputs.size() - 1);
  }
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_PROGRAM_BUILDER_H_
