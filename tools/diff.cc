// bnsyn diff: finds where two runs part.

#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "tools/command.h"
#include "tools/output.h"

namespace bnsyn::tools {
namespace {

struct Side {
  Source source;
  Machine machine;
};

struct DiffArguments {
  Side a;
  Side b;
  std::vector<std::string> sets;
  std::string seed;
  std::string duration;
  int64_t corrupt_step = -1;
  bool json = false;
};

// The last node of a step that stores a state, and its kernel.
struct Store {
  std::string kernel;
  std::string node;
  size_t order = 0;  // of execution
};

Store FindStore(const ir::Program& program, ir::StateId state) {
  Store store;
  size_t order = 0;
  for (const ir::Block& block : program.step) {
    for (ir::NodeId n = 0; n < block.nodes.size(); ++n, ++order) {
      const ir::Node& node = block.nodes[n];
      if (node.op != ir::Op::kStore || node.attr != state) continue;
      const ir::NodeId value = node.operands[0];
      store = {block.name.empty() ? "step" : block.name, ir::PrintNode(program, block, n), order};
      if (block.nodes[value].op != ir::Op::kLiteral) {
        absl::StrAppend(&store.node, "   where   ", ir::PrintNode(program, block, value));
      }
    }
  }
  return store;
}

// Two NaNs count as equal, everything else by its bits (R10).
bool SameValue(ir::Element element, ir::Bits a, ir::Bits b) {
  if (a == b) return true;
  if (element == ir::Element::kF64)
    return ir::F64OfBits(a) != ir::F64OfBits(a) && ir::F64OfBits(b) != ir::F64OfBits(b);
  if (element == ir::Element::kF32)
    return ir::F32OfBits(a) != ir::F32OfBits(a) && ir::F32OfBits(b) != ir::F32OfBits(b);
  return false;
}

struct Difference {
  uint64_t step = 0;
  std::string state;
  uint32_t element = 0;
  ir::Element type = ir::Element::kF64;
  ir::Bits bits_a = 0;
  ir::Bits bits_b = 0;
  Store store_a;
  Store store_b;
};

// The first element that differs, in the order in which the first run stores its states.
std::optional<Difference> Compare(const Simulation& a, const Simulation& b) {
  std::optional<Difference> first;
  const ir::Program& program = ProgramOf(a);
  for (ir::StateId s = 0; s < program.states.size(); ++s) {
    if (program.states[s].temporary) continue;
    const auto other = ProgramOf(b).FindState(program.states[s].name);
    if (!other.has_value()) continue;
    const reference::ArrayView left = RawState(a, s);
    const reference::ArrayView right = RawState(b, *other);
    for (size_t i = 0; i < std::min(left.size, right.size); ++i) {
      if (SameValue(left.element, left.bits(i), right.bits(i))) continue;
      const Store store = FindStore(program, s);
      if (!first.has_value() || store.order < first->store_a.order) {
        first = Difference{.step = a.step() - 1,
                           .state = program.states[s].name,
                           .element = static_cast<uint32_t>(i),
                           .type = left.element,
                           .bits_a = left.bits(i),
                           .bits_b = right.bits(i),
                           .store_a = store,
                           .store_b = FindStore(ProgramOf(b), *other)};
      }
      break;
    }
  }
  return first;
}

// Checks what must agree before values can be compared.
absl::Status Comparable(const ir::Program& a, const ir::Program& b) {
  for (const ir::State& state : a.states) {
    if (state.temporary) continue;
    const auto other = b.FindState(state.name);
    if (!other.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("the second network has no state ", state.name,
                                                     ": there is nothing to compare"));
    }
    if (a.Size(state.type.domain) != b.Size(b.states[*other].type.domain) ||
        state.type.element != b.states[*other].type.element) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the state ", state.name, " has another size or type in the second network"));
    }
  }
  return absl::OkStatus();
}

void Print(const Difference& difference, bool json) {
  const std::string a = absl::StrFormat("%016x", difference.bits_a);
  const std::string b = absl::StrFormat("%016x", difference.bits_b);
  if (json) {
    std::printf("%s\n",
                TextOf(Json({{"equal", false},
                             {"step", difference.step},
                             {"state", difference.state},
                             {"element", difference.element},
                             {"kernel", {difference.store_a.kernel, difference.store_b.kernel}},
                             {"node", {difference.store_a.node, difference.store_b.node}},
                             {"bits", {a, b}}}))
                    .c_str());
    return;
  }
  std::printf("the runs part at step %u, in %s[%u]\n", static_cast<unsigned>(difference.step),
              difference.state.c_str(), difference.element);
  const auto line = [&](const char* name, const Store& store, const std::string& bits,
                        ir::Bits raw) {
    std::printf("  %s  0x%s  %s\n     kernel %s: %s\n", name, bits.c_str(),
                ir::PrintLiteral(difference.type, raw).c_str(), store.kernel.c_str(),
                store.node.empty() ? "(never stored: an initial value)" : store.node.c_str());
  };
  line("A", difference.store_a, a, difference.bits_a);
  line("B", difference.store_b, b, difference.bits_b);
}

absl::StatusOr<bool> Diff(const DiffArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded_a,
                         Load(arguments.a.source, arguments.a.machine.Options().compile));
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded_b,
                         Load(arguments.b.source, arguments.b.machine.Options().compile));
  BNSYN_RETURN_IF_ERROR(Comparable(loaded_a.program, loaded_b.program));
  BNSYN_ASSIGN_OR_RETURN(Simulation a, Compile(loaded_a.program, arguments.a.machine.Options()));
  BNSYN_ASSIGN_OR_RETURN(Simulation b, Compile(loaded_b.program, arguments.b.machine.Options()));
  const uint64_t steps = std::min(loaded_a.steps, loaded_b.steps);
  if (arguments.corrupt_step >= static_cast<int64_t>(steps)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--corrupt-at ", arguments.corrupt_step, ": the runs have only ", steps,
                     " steps, numbered from 0; give a longer --duration"));
  }
  for (uint64_t step = 0; step < steps && !Interrupted(); ++step) {
    BNSYN_RETURN_IF_ERROR(a.Step());
    BNSYN_RETURN_IF_ERROR(b.Step());
    if (arguments.corrupt_step == static_cast<int64_t>(step)) {
      BNSYN_RETURN_IF_ERROR(CorruptBit(b, 0));
    }
    if (const auto difference = Compare(a, b)) {
      Print(*difference, arguments.json);
      return false;
    }
  }
  if (Interrupted()) return absl::CancelledError("interrupted before the end; equal so far");
  if (arguments.json) {
    std::printf("%s\n", TextOf(Json({{"equal", true},
                                     {"steps", steps},
                                     {"spikes", a.report().spikes},
                                     {"digest", a.Digest().ToString()}}))
                            .c_str());
  } else {
    std::printf("equal over %u steps and %u spikes: %s\n", static_cast<unsigned>(steps),
                static_cast<unsigned>(a.report().spikes), a.Digest().ToString().c_str());
  }
  return true;
}

int Run(DiffArguments arguments) {
  InstallInterrupt();
  if (arguments.b.source.path.empty()) arguments.b.source.path = arguments.a.source.path;
  arguments.b.source.input = arguments.a.source.input;
  for (Side* side : {&arguments.a, &arguments.b}) {
    side->source.sets = arguments.sets;
    side->source.seed = arguments.seed;
    side->source.duration = arguments.duration.empty() ? "100 ms" : arguments.duration;
  }
  const auto equal = Diff(arguments);
  if (!equal.ok()) return Report(equal.status());
  return *equal ? kDone : kNo;
}

}  // namespace

void AddDiff(CommandLine& line) {
  auto arguments = std::make_shared<DiffArguments>();
  arguments->b.machine.backend = "accelerated";
  Command& diff =
      line.Add("diff", "run two networks, or one on two backends, step by step to where they part");
  diff.SetFooter(
      "Names the first step, kernel, node and element that differ, with both bit patterns; exit "
      "code 1.\n"
      "Examples:\n"
      "  bnsyn diff examples/networks/bnsyn.toml\n"
      "  bnsyn diff a.ir b.ir --backend-a reference --backend-b reference\n"
      "  bnsyn diff examples/networks/bnsyn.toml --corrupt-at 100");
  diff.Add({.name = "a",
            .value = &arguments->a.source.path,
            .help = "a network file or a program",
            .type = "A",
            .required = true});
  diff.Add({.name = "b",
            .value = &arguments->b.source.path,
            .help = "another; by default the same",
            .type = "B"});
  for (const auto& [machine, side] :
       {std::pair(&arguments->a.machine, "a"), std::pair(&arguments->b.machine, "b")}) {
    diff.Add({.name = absl::StrCat("--backend-", side),
              .value = &machine->backend,
              .help = "reference or accelerated",
              .one_of = {"reference", "accelerated"},
              .show_default = true});
    diff.Add({.name = absl::StrCat("--threads-", side),
              .value = &machine->threads,
              .help = "threads",
              .show_default = true});
    diff.Add({.name = absl::StrCat("--width-", side),
              .value = &machine->width,
              .help = "lanes of vectors",
              .one_of = kWidths});
    diff.Add({.name = absl::StrCat("--disable-pass-", side),
              .value = &machine->disabled_passes,
              .help = "leave a pass out"});
  }
  diff.Add({.name = "--set",
            .value = &arguments->sets,
            .help = "change a value in both; repeatable",
            .type = "NAME=VALUE"});
  diff.Add({.name = "--seed", .value = &arguments->seed, .help = "seed of both", .type = "S"});
  diff.Add({.name = "--duration",
            .value = &arguments->duration,
            .help = "time to compare (default 100 ms)",
            .type = "TIME"});
  diff.Add({.name = "--corrupt-at",
            .value = &arguments->corrupt_step,
            .help = "flip a bit of B after this step, to see that it is found",
            .type = "STEP"});
  diff.Add({.name = "--json", .value = &arguments->json, .help = "print JSON"});
  diff.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
