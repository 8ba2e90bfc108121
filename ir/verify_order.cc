#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/access.h"
#include "ir/program.h"
#include "ir/symbols.h"
#include "ir/verify_blocks.h"
#include "ir/violation.h"

namespace bnsyn::ir {

StepOrder::StepOrder(const Program& program) : program_(program) {
  for (const Block& block : program.step) {
    for (const Node& node : block.nodes) {
      if (node.op == Op::kSpike) spiking_.insert(node.attr);
    }
  }
}

Result StepOrder::Check(const Block& block, const Node& node) {
  block_ = &block;
  const OpInfo& info = Info(node.op);
  const bool stepping = block_->kind == BlockKind::kStep || block_->kind == BlockKind::kKernel;
  const std::pair<Op, uint64_t> key = {node.op, node.attr};
  if (node.op == Op::kDeliver) {
    if (auto v = Deliver()) return v;
  }
  if (HasPasses(*block_)) {
    if (auto v = PassNode(node)) return v;
  }
  if (IsOfAClock(*block_)) {
    if (auto v = ClockNode(node)) return v;
  }
  if (block_->kind == BlockKind::kClock) return std::nullopt;
  if (node.op == Op::kRun) {
    if (auto v = Run(node)) return v;
  }
  if (info.attr == AttrKind::kState && program_.states[node.attr].temporary &&
      block_->kind != BlockKind::kLoop) {
    if (!stepping) return Fail("a temporary lives within a step");
    if (node.op == Op::kLoad && !done_.contains({Op::kStore, node.attr})) {
      return Fail("a temporary is read before it is written in the step");
    }
  }
  if (block_->kind == BlockKind::kConnect && info.effect == Effect::kWrite &&
      !set_.insert({block_, node.op, node.attr}).second) {
    return Fail(absl::StrCat(info.name, " stands twice in a block"),
                "a connect block sets what is so from the beginning, once");
  }
  if (node.op == Op::kTotal && !done_.contains({Op::kReduce, node.attr})) {
    return Fail("a total is read before its reduce in the step");
  }
  if (auto v = Repeats(node)) return v;
  const bool past = node.op == Op::kStore && program_.states[node.attr].history != 0;
  const bool once = past || node.op == Op::kTake || node.op == Op::kSpike ||
                    node.op == Op::kReduce || node.op == Op::kRun || RunsSynapses(node);
  if (node.op == Op::kUntil && &node != &block_->nodes.back()) {
    return Fail("until is the last node of its loop");
  }
  if (once && done_.contains(key)) {
    const std::string symbol =
        IsSymbol(info.attr) ? absl::StrCat(" ", SymbolName(program_, info.attr, node.attr)) : "";
    return Fail(absl::StrCat(info.name, symbol, " stands twice in a step"));
  }
  if (stepping) done_.insert(key);
  return std::nullopt;
}

Result StepOrder::HistoriesStored() const {
  for (StateId id = 0; id < program_.states.size(); ++id) {
    if (program_.states[id].history == 0 || done_.contains({Op::kStore, id})) continue;
    return Fail(
        absl::StrCat("the step never stores ", program_.states[id].name, ", which has a history"),
        "store its value once in the step");
  }
  return std::nullopt;
}

// The spikes that arrive in the step in which they are found are found before they are delivered.
Result StepOrder::Deliver() const {
  for (const Block& block : program_.synaptic) {
    if (block.kind == BlockKind::kOnStep || program_.DelayOf(block) != 0) continue;
    const PopulationId spikes = program_.SpikesOf(block);
    if (done_.contains({Op::kSpike, spikes}) || !spiking_.contains(spikes)) continue;
    return Fail(absl::StrCat("the spikes of ", program_.populations[spikes].name,
                             " are found behind deliver, but ", BlockKindName(block.kind), " ",
                             block.name, " has a delay of 0 steps"),
                "spike stands before deliver, or the delay is at least one step");
  }
  return std::nullopt;
}

// How often neurons spike is known where they spike, and stays so: it is read after the kernel.
Result StepOrder::Repeats(const Node& node) const {
  if (node.op == Op::kSpike) {
    const auto state = program_.FindRepeats(static_cast<PopulationId>(node.attr));
    if (state && block_->kind == BlockKind::kStep && !done_.contains({Op::kStore, *state})) {
      return Fail(absl::StrCat("spike is of a population whose neurons spike as often as ",
                               program_.states[*state].name, " says, which no store has set"));
    }
  }
  if (node.op == Op::kStore && program_.states[node.attr].repeats &&
      done_.contains({Op::kSpike, *program_.states[node.attr].repeats})) {
    return Fail("a neuron has spiked so often already", "the store stands before its spike");
  }
  return std::nullopt;
}

// A pass changes temporaries alone, so that the passes of one element need not wait for others.
Result StepOrder::PassNode(const Node& node) const {
  if (node.op == Op::kUntil &&
      program_.domains[static_cast<size_t>(block_->domain)].kind != DomainKind::kPopulation) {
    return Fail("until stands in loops over a population", "other loops run all their passes");
  }
  if (node.op == Op::kStore &&
      (!program_.states[node.attr].temporary || node.domain != block_->domain)) {
    return Fail("a loop stores temporaries of its own domain alone",
                "what is behind the loop stores the other states");
  }
  if (Info(node.op).attr == AttrKind::kStream) {
    const uint64_t draws = (node.attr & 0xffffffff) + 2 * uint64_t{block_->times};
    if (draws > 0x10000) return Fail("the passes of this loop need more than 65536 draws");
  }
  return std::nullopt;
}

// What a clock leaves must have the values of the step before where it does not run.
Result StepOrder::ClockNode(const Node& node) const {
  if (Info(node.op).attr == AttrKind::kState && program_.states[node.attr].temporary) {
    return Fail("a clock cannot use a temporary",
                "a temporary is written in every step, and the clock runs in some");
  }
  if (node.op == Op::kStore && program_.states[node.attr].history != 0) {
    return Fail("a clock cannot store a state that has a history",
                "each step stores such a state, and the clock runs in some");
  }
  return std::nullopt;
}

// The temporaries that a loop reads are written before, by the step or by the pass; and so are
// the totals that a clock reads.
Result StepOrder::Run(const Node& run) {
  if (block_->kind != BlockKind::kStep) {
    return Fail("a kernel runs no loop", "a kernel with times= has passes of its own");
  }
  for (const Node& node : program_.loops[run.attr].nodes) {
    if (node.op == Op::kReduce && !done_.insert({Op::kReduce, node.attr}).second) {
      return Fail(absl::StrCat("reduce ", SymbolName(program_, AttrKind::kReduction, node.attr),
                               " stands twice in a step"));
    }
    if (node.op == Op::kTotal && !done_.contains({Op::kReduce, node.attr})) {
      return Fail("a total is read before its reduce in the step");
    }
    if (node.op == Op::kTake && !done_.insert({Op::kTake, node.attr}).second) {
      return Fail(absl::StrCat("take ", SymbolName(program_, AttrKind::kInput, node.attr),
                               " stands twice in a step"));
    }
    if (Info(node.op).attr != AttrKind::kState || !program_.states[node.attr].temporary) continue;
    if (node.op == Op::kStore) done_.insert({Op::kStore, node.attr});
    if (node.op == Op::kLoad && !done_.contains({Op::kStore, node.attr})) {
      return Fail(absl::StrCat("the loop reads ", program_.states[node.attr].name,
                               " before it is written in the step"));
    }
  }
  return std::nullopt;
}

}  // namespace bnsyn::ir
