#include "compiler/lowering/lower.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/interpolated.h"
#include "compiler/lowering/numbered.h"
#include "compiler/lowering/stimulus.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "ir/verifier.h"

namespace bnsyn {
namespace compiler {
namespace {

// Removes nodes that nothing reads. They are left over since expressions are emitted before it is
// known what they become part of (x += a*b is one fma).
void RemoveUnread(ir::Block& block) {
  std::vector<bool> needed(block.nodes.size());
  for (size_t n = block.nodes.size(); n-- > 0;) {
    const ir::Node& node = block.nodes[n];
    if (ir::Info(node.op).effect == ir::Effect::kWrite) needed[n] = true;
    if (!needed[n]) continue;
    for (const ir::NodeId operand : node.inputs()) needed[operand] = true;
  }
  std::vector<ir::NodeId> moved(block.nodes.size(), ir::kNoNode);
  std::vector<ir::Node> kept;
  for (size_t n = 0; n < block.nodes.size(); ++n) {
    if (!needed[n]) continue;
    ir::Node node = block.nodes[n];
    for (ir::NodeId& operand : node.operands) {
      if (operand != ir::kNoNode) operand = moved[operand];
    }
    moved[n] = static_cast<ir::NodeId>(kept.size());
    kept.push_back(node);
  }
  block.nodes = std::move(kept);
}

// Appends the nodes of a block to another, where equal values are shared.
void Append(const ir::Block& block, ir::Builder& to) {
  std::vector<ir::Value> appended;
  for (const ir::Node& node : block.nodes) {
    absl::InlinedVector<ir::Value, 3> operands;
    for (const ir::NodeId operand : node.inputs()) operands.push_back(appended[operand]);
    appended.push_back(EmitLike(to, node, operands));
  }
}

// True if equations of synapses read variables of neurons. With Schedule::kBrian2 they move after
// the neurons and read the new values. But what is summed for neurons, and code on a clock, is of
// the values at the start.
bool FollowsNeurons(const ir::Program& program, ir::ProjectionId id) {
  bool reads = false;
  for (const ir::Block* const block : program.SynapticOf(ir::BlockKind::kOnStep, id)) {
    if (block->HasClock()) return false;
    for (const ir::Node& node : block->nodes) {
      if (node.op == ir::Op::kAccumulate) return false;
      reads = reads || node.op == ir::Op::kLoadPre || node.op == ir::Op::kLoadPost;
    }
  }
  return reads;
}

void RunOnStepBlocks(const ir::Program& program, ir::Builder& builder) {
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    if (program.FindSynaptic(ir::BlockKind::kOnStep, id) == nullptr) continue;
    builder.Emit(ir::Op::kRunOnStep, {}, id);
  }
}

// Schedule::kBrian2: moves the synapses that follow neurons, or the others.
void MoveSynapses(const ir::Program& program, bool following, ir::Builder& builder) {
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    if (program.FindSynaptic(ir::BlockKind::kOnStep, id) == nullptr) continue;
    if (FollowsNeurons(program, id) == following) builder.Emit(ir::Op::kRunOnStep, {}, id);
  }
}

// Notes the states of variables that no code changes.
void NoteConstants(const Declarations& declared, ProgramFacts& facts) {
  for (const Section& section : declared.sections) {
    for (const Variable& variable : section.variables) {
      if (variable.state.has_value() && variable.Is("constant")) {
        facts.constant.push_back(*variable.state);
      }
    }
  }
}

// True if some code of a population reads the name.
bool CodeReads(const Section& section, absl::string_view name) {
  const ModelCode& code = *section.code;
  const auto reads = [&](const Expr& expr) { return ReadsName(expr, code, name); };
  const auto any_reads = [&](const std::vector<Statement>& statements) {
    return absl::c_any_of(statements, [&](const Statement& s) { return reads(s.value); });
  };
  return any_reads(code.update) || any_reads(code.reset) ||
         absl::c_any_of(section.clocks, [&](const ClockCode& c) { return any_reads(c.code); }) ||
         (code.threshold.has_value() && reads(*code.threshold)) ||
         (code.multiplicity.has_value() && reads(*code.multiplicity)) ||
         (section.refractory.expr.has_value() && reads(*section.refractory.expr)) ||
         absl::c_any_of(
             code.equations,
             [&](const Equation& e) { return e.right.has_value() && reads(*e.right); }) ||
         absl::c_any_of(
             code.events,
             [&](const EventCode& e) { return reads(e.condition) || any_reads(e.code); }) ||
         absl::c_any_of(section.initial, [&](const InitialValue& v) {
           return v.code.has_value() && reads(*v.code);
         });
}

}  // namespace

void DeclareStatesOfCode(Declarations& declared, ProgramBuilder& out) {
  for (size_t p = 0; p < declared.sections.size(); ++p) {
    Section& section = declared.sections[p];
    const std::vector<size_t> stimuli = StimuliOf(declared, p);
    const bool stimulus_reads = absl::c_any_of(stimuli, [&](size_t s) {
      return StimulusReads(declared.stimuli[s], *section.code, "lastspike");
    });
    if (stimulus_reads || CodeReads(section, "lastspike")) DeclareLastSpike(section, out);
    for (const size_t s : stimuli) DeclareRate(declared, declared.stimuli[s], out);
    DeclareChances(declared, section, out);
    if (section.code->integration.interpolated_spikes) {
      section.spike_before = out.AddState(absl::StrCat(section.prefix, "spike.before"),
                                          {ir::Element::kF64, section.domain});
      const ir::StateId past =
          out.AddState(PastOfSpikesName(section), {ir::Element::kF64, section.domain});
      out.program.states[past].history = 1;
      // So the code of arrivals knows what its sums may be.
      for (const ir::StateId state : {*section.spike_before, past}) {
        out.program.states[state].lower = 0;
        out.program.states[state].upper = out.program.dt;
      }
    }
    if (declared.schedule == Schedule::kBrian2) DeclareCarriers(section, out);
  }
  for (const Connection& connection : declared.connections) {
    if (connection.model.Uses("lastspike_pre")) {
      DeclareLastSpike(declared.sections[connection.sources.section], out);
    }
    if (connection.model.Uses("lastspike_post")) {
      DeclareLastSpike(declared.sections[connection.targets.section], out);
    }
  }
}

// Numbers of domains have 16 bits, and 0 is the network.
absl::Status CheckNumberOfDomains(const Network& network) {
  constexpr size_t kMost = 65535;
  const size_t populations = network.populations.size();
  if (populations + network.projections.size() <= kMost) return absl::OkStatus();
  return ErrorIn(
      populations > kMost ? network.populations[kMost].place
                          : network.projections[kMost - populations].place,
      absl::StrCat("this network has ", populations, " populations and ",
                   network.projections.size(), " projections, but at most ", kMost, " together"),
      "populations of one model can be one population, whose neurons differ in variables");
}

absl::Status Declare(Declarations& declared, ProgramBuilder& out) {
  BNSYN_RETURN_IF_ERROR(CheckNumberOfDomains(declared.network));
  const NetworkOptions& options = declared.network.options;
  out.program.name = options.name;
  out.program.dt = options.dt.value;
  out.program.seed = options.seed;
  out.program.strict_sums = options.strict_precision;
  out.program.spikes_at_start = options.schedule == Schedule::kBrian2;
  out.program.directory = options.directory;
  BNSYN_ASSIGN_OR_RETURN(declared.constants, EvaluateConstants(declared.network));
  BNSYN_RETURN_IF_ERROR(ParseModels(declared));
  BNSYN_RETURN_IF_ERROR(DeclareUniform(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclareTables(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclarePopulations(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclareGroups(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclareLinks(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclareProjections(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclareResolutions(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclareStimuli(declared, out));
  BNSYN_RETURN_IF_ERROR(DeclareInitialValues(declared, out));
  DeclareHistories(declared, out);
  DeclareStatesOfCode(declared, out);
  return absl::OkStatus();
}

// Emits a part of the step of each population.
absl::Status EmitPopulations(const Declarations& declared,
                             absl::Status (*emit)(const Declarations&, size_t, ir::Builder&,
                                                  ProgramBuilder&),
                             ir::Builder& builder, ProgramBuilder& out) {
  for (size_t p = 0; p < declared.sections.size(); ++p) {
    // In a block of its own, since emission asks what values are made of: a search through the
    // block, which must not hold the code of all populations.
    ir::Block own;
    own.kind = ir::BlockKind::kStep;
    ir::Builder own_builder(out.program, own);
    BNSYN_RETURN_IF_ERROR(emit(declared, p, own_builder, out));
    Append(own, builder);
  }
  return absl::OkStatus();
}

absl::Status EmitStep(const Declarations& declared, ProgramBuilder& out) {
  ir::Block block;
  block.kind = ir::BlockKind::kStep;
  ir::Builder builder(out.program, block);
  EmitHistories(declared, builder);
  EmitLinks(declared, builder, out.program);
  BNSYN_ASSIGN_OR_RETURN(const Clocks clocks, EmitClocks(declared, out));
  for (const auto& [op, attr] : clocks.at_start) builder.Emit(op, {}, attr);
  if (declared.schedule == Schedule::kBrian2) {
    MoveSynapses(out.program, /*following=*/false, builder);
    BNSYN_RETURN_IF_ERROR(EmitPopulations(declared, EmitUntilSpikes, builder, out));
    MoveSynapses(out.program, /*following=*/true, builder);
    builder.Emit(ir::Op::kDeliver, {});
    BNSYN_RETURN_IF_ERROR(EmitPopulations(declared, EmitFromArrivals, builder, out));
  } else {
    RunOnStepBlocks(out.program, builder);
    BNSYN_RETURN_IF_ERROR(EmitPopulations(declared, EmitPopulation, builder, out));
  }
  BNSYN_RETURN_IF_ERROR(EmitUniform(declared, builder, out));
  BNSYN_RETURN_IF_ERROR(EmitSharedNoise(declared, builder, out));
  for (const auto& [state, population] : clocks.counts) {
    const ir::Value number =
        builder.Emit(ir::Op::kCount, {ir::Element::kI64, ir::DomainId::kNetwork}, {}, population);
    builder.Store(state, builder.Emit(ir::Op::kAdd, {builder.Load(state), number}));
  }
  for (const auto& [op, attr] : clocks.at_end) builder.Emit(op, {}, attr);
  out.program.step.push_back(std::move(block));
  return absl::OkStatus();
}

absl::Status Emit(const Declarations& declared, ProgramBuilder& out) {
  out.facts.exact_sums = declared.math == MathMode::kStrict || out.program.strict_sums;
  NoteConstants(declared, out.facts);
  for (const Connection& connection : declared.connections) {
    BNSYN_RETURN_IF_ERROR(EmitConnect(declared, connection, out));
  }
  BNSYN_RETURN_IF_ERROR(EmitInit(declared, out));
  BNSYN_RETURN_IF_ERROR(CheckLinks(declared, out));
  // The ranges of delays depend on the initial values of neurons, and code may read delays.
  BNSYN_RETURN_IF_ERROR(BoundProjections(declared.network, out.program));
  BNSYN_RETURN_IF_ERROR(EmitSynapses(declared, out));
  BNSYN_RETURN_IF_ERROR(CheckContributions(declared.network, out.program));
  BNSYN_RETURN_IF_ERROR(EmitStep(declared, out));
  ir::Program& program = out.program;
  if (program.init.has_value()) RemoveUnread(*program.init);
  for (ir::Block& block : program.connect) RemoveUnread(block);
  for (ir::Block& block : program.synaptic) RemoveUnread(block);
  for (ir::Block& block : program.loops) RemoveUnread(block);
  for (ir::Block& block : program.now) RemoveUnread(block);
  RemoveUnread(program.step[0]);
  out.streams.Settle(program);
  return ir::Verify(program);
}

absl::Status Lower(const Network& network, ProgramBuilder& out) {
  std::optional<Network> written;
  if (HasNumbered(network)) {
    BNSYN_ASSIGN_OR_RETURN(written, WriteOutNumbered(network));
  }
  Declarations declared(written.has_value() ? *written : network);
  // Traces of neurons move with the step, from the values at its start.
  if (declared.schedule == Schedule::kBrian2) out.synapse_traces = false;
  BNSYN_RETURN_IF_ERROR(Declare(declared, out));
  return Emit(declared, out);
}

}  // namespace compiler

absl::StatusOr<ir::Program> LowerNetwork(const Network& network,
                                         const compiler::CompileOptions& options,
                                         const compiler::StageObserver& observer,
                                         std::vector<compiler::TunableRequirement>* requirements) {
  return ir::WithinMemory([&]() -> absl::StatusOr<ir::Program> {
    compiler::ProgramBuilder out;
    out.synapse_traces = !absl::c_linear_search(options.disabled_passes, compiler::kSynapseTraces);
    BNSYN_RETURN_IF_ERROR(compiler::Lower(network, out));
    if (requirements != nullptr) *requirements = std::move(out.requirements);
    return compiler::Prepare(out.program, out.facts, options, observer);
  });
}

absl::StatusOr<std::string> ExplainEquations(const Network& network) {
  return ir::WithinMemory([&]() -> absl::StatusOr<std::string> {
    compiler::ProgramBuilder out;
    std::vector<compiler::Explanation> explanations;
    out.explanations = &explanations;
    BNSYN_RETURN_IF_ERROR(compiler::Lower(network, out));
    std::string text = absl::StrCat("The equations of ", network.options.name, " in a step of ",
                                    network.options.dt.value,
                                    " ms,\nin the order in which they move. A prime marks new "
                                    "values; numbers are in ms, mV, nS, pF and pA.\n");
    for (size_t p = 0; p < explanations.size(); ++p) {
      const auto& [title, moves] = explanations[p];
      size_t like = 0;
      while (explanations[like].text != moves) ++like;
      absl::StrAppend(&text, "\n", title, ":\n",
                      like < p ? absl::StrCat("  as ", explanations[like].title, "\n") : moves);
    }
    return text;
  });
}

}  // namespace bnsyn
