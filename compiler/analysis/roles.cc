#include "compiler/analysis/roles.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "ir/status_macros.h"
#include "ir/verifier.h"

namespace bnsyn::compiler {
namespace {

// What the value of a state is computed from in a step.
struct Sources {
  std::set<ir::StateId> states;
  std::set<ir::InputId> inputs;

  void Add(const Sources& other) {
    states.insert(other.states.begin(), other.states.end());
    inputs.insert(other.inputs.begin(), other.inputs.end());
  }
};

bool OfPopulation(const ir::Program& program, ir::StateId state) {
  const ir::DomainId domain = program.states[state].type.domain;
  return program.domains[static_cast<size_t>(domain)].kind == ir::DomainKind::kPopulation;
}

void AddBlock(const ir::Program& program, const ir::Block& block, std::vector<Sources>& of_states) {
  std::vector<Sources> of_nodes(block.nodes.size());
  for (ir::NodeId n = 0; n < block.nodes.size(); ++n) {
    const ir::Node& node = block.nodes[n];
    Sources& sources = of_nodes[n];
    for (const ir::NodeId operand : node.inputs()) sources.Add(of_nodes[operand]);
    if (node.op == ir::Op::kStore) {
      of_states[node.attr].Add(sources);
    } else if (ir::Info(node.op).attr == ir::AttrKind::kState) {
      sources.states.insert(static_cast<ir::StateId>(node.attr));
    } else if (node.op == ir::Op::kHeld) {
      sources.states.insert(program.inputs[node.attr].accumulator.state);
    } else if (ir::Info(node.op).attr == ir::AttrKind::kInput) {
      sources.inputs.insert(static_cast<ir::InputId>(node.attr));
    }
  }
}

// The sources of each state, found in the code of the step. Those of temporary states stand for
// these states.
std::vector<Sources> SourcesOf(const ir::Program& program) {
  std::vector<Sources> sources(program.states.size());
  for (const ir::Block& block : program.step) AddBlock(program, block, sources);
  for (const ir::Block& block : program.loops) AddBlock(program, block, sources);
  for (bool changed = true; changed;) {
    changed = false;
    for (Sources& of_state : sources) {
      const Sources before = of_state;
      for (const ir::StateId source : before.states) {
        if (program.states[source].temporary) of_state.Add(sources[source]);
      }
      changed |= of_state.states.size() != before.states.size() ||
                 of_state.inputs.size() != before.inputs.size();
    }
  }
  for (Sources& of_state : sources) {
    std::erase_if(of_state.states,
                  [&](ir::StateId source) { return program.states[source].temporary; });
  }
  return sources;
}

// Appends nodes to a block, and knows where those of another block have gone.
class Copy {
 public:
  Copy(ir::Block& to, absl::Span<const ir::StateId> crossed) : to_(to), crossed_(crossed) {}

  ir::NodeId Append(ir::Node node) {
    to_.nodes.push_back(node);
    return static_cast<ir::NodeId>(to_.nodes.size() - 1);
  }
  ir::NodeId Literal(ir::Element element, ir::Bits bits) {
    ir::Node node;
    node.element = element;
    node.attr = bits;
    return Append(node);
  }
  ir::NodeId F64(double value) { return Literal(ir::Element::kF64, ir::BitsOfF64(value)); }

  void Add(ir::Node node) {
    for (size_t i = 0; i < node.inputs().size(); ++i) node.operands[i] = at_[node.operands[i]];
    if (node.op == ir::Op::kBernoulli || node.op == ir::Op::kPoisson) {
      node.operands[0] = F64(0);
    } else if (node.op == ir::Op::kSpike) {
      Mark(node);
      ir::Node never;
      never.op = ir::Op::kAnd;
      never.element = ir::Element::kBool;
      never.domain = to_.nodes[node.operands[0]].domain;
      never.operands[0] = node.operands[0];
      never.operands[1] = Literal(ir::Element::kBool, 0);
      node.operands[0] = Append(never);
    }
    const double mean = node.op == ir::Op::kUniform ? 0.5 : node.op == ir::Op::kExponential ? 1 : 0;
    const bool drawn = ir::IsDraw(node.op) && node.element == ir::Element::kF64;
    at_.push_back(drawn && node.op != ir::Op::kPoisson ? Constant(node, mean) : Append(node));
  }

 private:
  // Keeps which neurons would spike.
  void Mark(const ir::Node& spike) {
    ir::Node load;
    load.op = ir::Op::kLoad;
    load.domain = spike.domain;
    load.attr = crossed_[spike.attr];
    ir::Node select = load;
    select.op = ir::Op::kSelect;
    select.attr = 0;
    select.operands[0] = spike.operands[0];
    select.operands[1] = F64(1);
    select.operands[2] = Append(load);
    ir::Node store = load;
    store.op = ir::Op::kStore;
    store.operands[0] = Append(select);
    Append(store);
  }

  // A draw that is multiplied by 0 and so has the value `mean` in each element.
  ir::NodeId Constant(const ir::Node& draw, double mean) {
    ir::Node fma;
    fma.op = ir::Op::kFma;
    fma.domain = draw.domain;
    fma.element = ir::Element::kF64;
    fma.operands[0] = Append(draw);
    fma.operands[1] = F64(0);
    fma.operands[2] = F64(mean);
    return Append(fma);
  }

  ir::Block& to_;
  absl::Span<const ir::StateId> crossed_;  // of each population
  std::vector<ir::NodeId> at_;
};

}  // namespace

std::vector<ir::StateId> InputStates(const ir::Program& program) {
  const std::vector<Sources> sources = SourcesOf(program);
  std::vector<ir::StateId> states;
  for (ir::StateId s = 0; s < program.states.size(); ++s) {
    if (program.states[s].temporary || !OfPopulation(program, s)) continue;
    bool holds = !sources[s].inputs.empty();
    for (const ir::StateId source : sources[s].states) {
      if (source != s && OfPopulation(program, source)) holds = false;
    }
    if (holds || program.FindInputHeldBy(s).has_value()) states.push_back(s);
  }
  return states;
}

std::vector<ir::StateId> AutonomousStates(const ir::Program& program) {
  const std::vector<Sources> sources = SourcesOf(program);
  std::vector<ir::StateId> states;
  for (ir::StateId s = 0; s < program.states.size(); ++s) {
    if (program.states[s].temporary || !OfPopulation(program, s)) continue;
    if (sources[s].states == std::set<ir::StateId>{s}) states.push_back(s);
  }
  return states;
}

std::string Crossed(const ir::Population& population) {
  return absl::StrCat(population.name, ".quiet.crossed");
}

absl::StatusOr<ir::Program> Quiet(const ir::Program& program) {
  ir::Program quiet = program;
  std::vector<ir::StateId> crossed;
  for (const ir::Population& population : program.populations) {
    ir::State state;
    state.name = Crossed(population);
    state.type.domain = population.domain;
    crossed.push_back(static_cast<ir::StateId>(quiet.states.size()));
    quiet.states.push_back(std::move(state));
  }
  for (std::vector<ir::Block>* blocks : {&quiet.step, &quiet.loops}) {
    for (ir::Block& block : *blocks) {
      const std::vector<ir::Node> nodes = std::move(block.nodes);
      block.nodes.clear();
      Copy copy(block, crossed);
      for (const ir::Node& node : nodes) copy.Add(node);
    }
  }
  BNSYN_RETURN_IF_ERROR(ir::Verify(quiet));
  return quiet;
}

}  // namespace bnsyn::compiler
