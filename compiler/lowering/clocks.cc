// Clocks: code that runs every so often in place of every step. That of populations and of the
// network becomes clock blocks of the program, and that of synapses on_step blocks with a clock.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/loop.h"
#include "compiler/lowering/refractory.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

absl::StatusOr<uint32_t> StepsOfClock(const Setting& setting, const Section& section,
                                      const Quantity& dt, const std::string& what) {
  BNSYN_ASSIGN_OR_RETURN(const uint64_t steps, EvaluateSteps(setting, section.constants, dt, what));
  if (steps <= std::numeric_limits<uint32_t>::max()) return static_cast<uint32_t>(steps);
  return ErrorIn(TextOf(setting, what), absl::StrCat(what, " is longer than 2^32 steps"));
}

absl::StatusOr<ClockCode> ParseClock(const Clock& clock, const Section& section,
                                     const Quantity& dt) {
  ClockCode parsed;
  parsed.name = clock.name;
  parsed.place = clock.place;
  parsed.at_end = clock.at_end;
  parsed.text = clock.code;
  const std::string what = absl::StrCat("the period of the clock ", clock.name);
  // A number is a forgotten unit, unless it is the 0 that stands for none given.
  BNSYN_ASSIGN_OR_RETURN(parsed.every, StepsOfClock(clock.every, section, dt, what));
  if (parsed.every == 0) {
    return ErrorIn(TextOf(clock.every, what), absl::StrCat(what, " must be at least one step"),
                   absl::StrCat("the step dt is ", dt.value, " ms"));
  }
  const bool begins_at_0 = !clock.offset.is_text() && clock.offset.quantity().value == 0;
  if (!begins_at_0) {
    BNSYN_ASSIGN_OR_RETURN(parsed.offset,
                           StepsOfClock(clock.offset, section, dt,
                                        absl::StrCat("the offset of the clock ", clock.name)));
  }
  BNSYN_ASSIGN_OR_RETURN(const Quantity order,
                         Evaluate(clock.order, section.constants, Dimension{},
                                  absl::StrCat("the order of the clock ", clock.name)));
  parsed.order = order.value;
  BNSYN_ASSIGN_OR_RETURN(parsed.code, ParseStatements(parsed.text));
  if (parsed.code.empty()) {
    return ErrorIn(clock.place, absl::StrCat("the clock '", clock.name, "' has no code"),
                   "as in code = \"V = clip(V, E_L, V_th)\"");
  }
  return parsed;
}

class ClockWriter {
 public:
  ClockWriter(const Declarations& declared, ProgramBuilder& out) : declared_(declared), out_(out) {}

  absl::Status Write(const Section& section, const ClockCode& clock) {
    ir::Block block;
    block.kind = ir::BlockKind::kClock;
    block.name = UnusedName(out_.program, absl::StrCat(section.prefix, clock.name));
    block.domain = section.domain;
    block.every = clock.every;
    block.offset = clock.offset;
    ir::Builder builder(out_.program, block);
    const Names names = NamesOutsideStep(declared_, section);
    CodeScope scope(declared_, section, names, builder, out_);
    ClockReads reads = {clock, {}, {}, {}};
    if (!section.population.has_value()) scope.SetClock(&reads);
    RefractoryStep(scope).Begin();
    // Assignments are not the movement of an equation: they reach refractory neurons too.
    scope.Change().free = {};
    scope.EnterCode("clock", clock.name);
    BNSYN_RETURN_IF_ERROR(EmitStatements(clock.code, clock.text, scope));
    BNSYN_RETURN_IF_ERROR(CheckAssigned(section, clock, scope));
    scope.StoreChanged();
    for (const auto& [state, population] : reads.counts) {
      builder.Store(state, builder.Literal(ir::Element::kI64, 0));
      clocks_.counts.emplace_back(state, population);
    }
    for (const ir::InputId input : reads.synapses) {
      RunsOf(clock).push_back({ir::Op::kRunSums, input});
    }
    for (ir::Block& sum : reads.sums) Add(clock, std::move(sum));
    Add(clock, std::move(block));
    return absl::OkStatus();
  }

  void Explain(const Section& section) {
    if (out_.explanations == nullptr || section.clocks.empty()) return;
    std::string text;
    for (const ClockCode& clock : section.clocks) {
      absl::StrAppend(&text, DescribeClock(clock, out_.program.dt));
    }
    out_.explanations->push_back({section.population.has_value()
                                      ? absl::StrCat("clocks of ", section.name)
                                      : "clocks of the network level",
                                  std::move(text)});
  }

  Clocks Run() { return std::move(clocks_); }

 private:
  // The neurons of a population are spread over threads, and what they share is not.
  absl::Status CheckAssigned(const Section& section, const ClockCode& clock,
                             const CodeScope& scope) const {
    if (!section.population.has_value()) return absl::OkStatus();
    for (const Statement& statement : clock.code) {
      const Variable* const variable = section.FindVariable(statement.target);
      if (variable == nullptr || !variable->Is("shared") ||
          scope.environment().changed.count(variable) == 0) {
        continue;
      }
      return ir::ErrorAt(clock.text, statement.target_range,
                         absl::StrCat("'", statement.target, "' is one value for all neurons ",
                                      "(shared), which a clock of the population cannot assign"),
                         "declare it under [uniform], and give that a clock");
    }
    return absl::OkStatus();
  }

  std::vector<Clocks::Run>& RunsOf(const ClockCode& clock) {
    return clock.at_end ? clocks_.at_end : clocks_.at_start;
  }

  void Add(const ClockCode& clock, ir::Block block) {
    RunsOf(clock).push_back({ir::Op::kRun, out_.program.loops.size()});
    out_.program.loops.push_back(std::move(block));
  }

  const Declarations& declared_;
  ProgramBuilder& out_;
  Clocks clocks_;
};

}  // namespace

absl::Status DeclareClocks(const std::vector<Clock>& clocks, const std::vector<Clock>& own,
                           const Quantity& dt, Section& section) {
  std::vector<const Clock*> all;
  const auto named = [](const std::string& name) {
    return [&name](const Clock* other) { return other->name == name; };
  };
  for (const Clock& clock : clocks) all.push_back(&clock);
  TakenNames names;
  for (const Clock& clock : own) {
    const auto replaced = std::find_if(all.begin(), all.end(), named(clock.name));
    if (replaced != all.end()) {
      *replaced = &clock;
    } else {
      all.push_back(&clock);
    }
  }
  for (const Clock* const clock : all) {
    BNSYN_RETURN_IF_ERROR(
        CheckNewName(clock->name, "a clock", clock->place, Whole(clock->place), names));
    BNSYN_ASSIGN_OR_RETURN(ClockCode parsed, ParseClock(*clock, section, dt));
    section.clocks.push_back(std::move(parsed));
  }
  std::stable_sort(section.clocks.begin(), section.clocks.end(),
                   [](const ClockCode& a, const ClockCode& b) { return a.order < b.order; });
  return absl::OkStatus();
}

std::string DescribeClock(const ClockCode& clock, double dt) {
  return absl::StrCat("\n  ", clock.text.text, "\n    every ", clock.every * dt, " ms from ",
                      clock.offset * dt, " ms on, at the ", clock.at_end ? "end" : "start",
                      " of the step\n");
}

absl::StatusOr<Clocks> EmitClocks(const Declarations& declared, ProgramBuilder& out) {
  ClockWriter writer(declared, out);
  std::vector<const Section*> sections;
  for (const Section& section : declared.sections) sections.push_back(&section);
  sections.push_back(&declared.uniform);
  for (const Section* const section : sections) {
    for (const ClockCode& clock : section->clocks) {
      BNSYN_RETURN_IF_ERROR(writer.Write(*section, clock));
    }
    writer.Explain(*section);
  }
  return writer.Run();
}

}  // namespace bnsyn::compiler
