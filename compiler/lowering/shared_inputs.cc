// Inputs that would always receive the same numbers but for a factor, as those of 0.7*w and 0.3*w
// do, become one: an event then adds once, and the neuron multiplies.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/lowering/lowering.h"
#include "compiler/passes/rewrite.h"
#include "ir/builder.h"

namespace bnsyn::compiler {
namespace {

// factor*base, with a factor that is a number.
struct Multiple {
  double factor = 1;
  ir::NodeId base = ir::kNoNode;
};

Multiple AsMultiple(const ir::Block& block, ir::NodeId id) {
  const ir::Node& node = block.nodes[id];
  if (node.op != ir::Op::kMul) return {1, id};
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const ir::Node& factor = block.nodes[node.operands[i]];
    if (factor.op == ir::Op::kLiteral) return {ir::F64OfBits(factor.attr), node.operands[1 - i]};
  }
  return {1, id};
}

// What all code adds to an input, in its order.
struct Additions {
  std::vector<std::pair<size_t, ir::NodeId>> bases;  // the block and the node there
  std::optional<double> factor;                      // of all; none where they differ
};

class InputSharer {
 public:
  explicit InputSharer(Lowering& lowering)
      : lowering_(lowering), program_(lowering.program), additions_(program_.inputs.size()) {}

  void Run() {
    FindAdditions();
    stays_.assign(additions_.size(), true);
    multiplies_.assign(additions_.size(), false);
    for (Section& section : lowering_.sections) Share(section);
    if (std::find(stays_.begin(), stays_.end(), false) == stays_.end()) return;
    Renumber();
  }

 private:
  void FindAdditions() {
    for (size_t b = 0; b < program_.synaptic.size(); ++b) {
      const ir::Block& block = program_.synaptic[b];
      for (const ir::Node& node : block.nodes) {
        if (node.op != ir::Op::kAccumulate) continue;
        Additions& all = additions_[node.attr];
        const Multiple added = AsMultiple(block, node.operands[0]);
        if (all.bases.empty()) {
          all.factor = added.factor;
        } else if (all.factor != added.factor) {
          all.factor.reset();
        }
        all.bases.emplace_back(b, added.base);
      }
    }
  }

  bool CanShare(ir::InputId one, ir::InputId other) const {
    const auto is_usable = [](const std::optional<double>& factor) {
      return factor.has_value() && std::isfinite(*factor) && *factor != 0;
    };
    const Additions& a = additions_[one];
    const Additions& b = additions_[other];
    return a.bases == b.bases && is_usable(a.factor) && is_usable(b.factor);
  }

  // The first variable of a group keeps its input, and the others take that one too.
  void Share(Section& section) {
    for (size_t first = 0; first < section.variables.size(); ++first) {
      Variable& keeper = section.variables[first];
      if (!keeper.input.has_value() || multiplies_[*keeper.input]) continue;
      const ir::InputId kept = *keeper.input;
      for (size_t v = first + 1; v < section.variables.size(); ++v) {
        Variable& variable = section.variables[v];
        if (!variable.input.has_value() || !CanShare(kept, *variable.input)) continue;
        stays_[*variable.input] = false;
        multiplies_[kept] = true;
        variable.input_factor = *additions_[*variable.input].factor;
        variable.input = kept;
        std::string& name = program_.inputs[kept].name;
        name =
            absl::StrCat(std::string(absl::StripSuffix(name, ".in")), ".", variable.name(), ".in");
      }
      if (multiplies_[kept]) keeper.input_factor = *additions_[kept].factor;
    }
  }

  void Renumber() {
    std::vector<ir::InputId> moved(stays_.size());
    std::vector<ir::Input> inputs;
    std::vector<double> largest;
    for (size_t i = 0; i < stays_.size(); ++i) {
      moved[i] = static_cast<ir::InputId>(inputs.size());
      if (!stays_[i]) continue;
      inputs.push_back(std::move(program_.inputs[i]));
      largest.push_back(lowering_.largest[i]);
    }
    for (ir::Block& block : program_.synaptic) block = Rewritten(block, moved);
    for (Section& section : lowering_.sections) {
      for (Variable& variable : section.variables) {
        if (variable.input.has_value()) variable.input = moved[*variable.input];
      }
    }
    for (Trace& trace : lowering_.traces) {
      if (trace.arrivals.has_value()) trace.arrivals = moved[*trace.arrivals];
    }
    for (Arrivals& arrivals : lowering_.arrivals) arrivals.input = moved[arrivals.input];
    program_.inputs = std::move(inputs);
    lowering_.largest = std::move(largest);
  }

  // The additions of a block, each to the input it has now; those that another stands for go.
  ir::Block Rewritten(const ir::Block& block, const std::vector<ir::InputId>& moved) const {
    return RewriteBlock(
        program_, block, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          const ir::Node& node = block.nodes[id];
          if (node.op != ir::Op::kAccumulate) return std::nullopt;
          if (!stays_[node.attr]) return ir::Value{};
          const ir::NodeId added =
              multiplies_[node.attr] ? AsMultiple(block, node.operands[0]).base : node.operands[0];
          return rewriter.builder().Emit(ir::Op::kAccumulate, {rewriter.At(added)},
                                         moved[node.attr]);
        });
  }

  Lowering& lowering_;
  ir::Program& program_;
  std::vector<Additions> additions_;  // by input
  std::vector<bool> stays_;
  std::vector<bool> multiplies_;  // what is taken from it, by variable
};

}  // namespace

void ShareInputs(Lowering& lowering) {
  // Strict code adds what is written.
  if (lowering.math == MathMode::kStrict) return;
  InputSharer(lowering).Run();
}

}  // namespace bnsyn::compiler
