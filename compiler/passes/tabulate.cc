// tabulate: what on_post code computes for each synapse as exp(A n), with a number A below 0 and a
// whole number n of steps, becomes a number of a table, and the exponential is left for those n
// that are beyond it. Other code of synapses computes exponentials of several synapses at once.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/deferral.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/levels.h"
#include "ir/table.h"
#include "ir/text.h"
#include "reference/functions.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;

// The longest table: with steps of 0.1 ms, spikes of a neuron are mostly closer than 0.8 s, and the
// part of it that is read stays in the caches.
constexpr size_t kMostRows = 8192;

// exp(rate n)
struct Decay {
  ir::NodeId steps;  // n, i64
  double rate;
};

// The number of an f64 literal, or nullopt.
std::optional<double> NumberOf(const ir::Node& node) {
  if (node.op != Op::kLiteral || node.element != ir::Element::kF64) return std::nullopt;
  return ir::F64OfBits(node.attr);
}

std::optional<Decay> AsDecay(const ir::Block& block, const ir::Node& exp) {
  if (exp.op != Op::kExp || exp.element != ir::Element::kF64) return std::nullopt;
  const ir::Node& product = block.nodes[exp.operands[0]];
  if (product.op != Op::kMul) return std::nullopt;
  for (const int side : {0, 1}) {
    const std::optional<double> rate = NumberOf(block.nodes[product.operands[side]]);
    const ir::Node& steps = block.nodes[product.operands[1 - side]];
    if (!rate.has_value() || !(*rate < 0) || std::isinf(*rate) || steps.op != Op::kConvert) {
      continue;
    }
    const ir::NodeId whole = steps.operands[0];
    if (block.nodes[whole].element == ir::Element::kI64) return Decay{whole, *rate};
  }
  return std::nullopt;
}

// The rows of exp(rate n) from n = 0 on, up to the first that is 0.
std::vector<double> Powers(double rate) {
  std::vector<double> powers;
  do {
    powers.push_back(reference::Exp(rate * static_cast<double>(powers.size())));
  } while (powers.back() != 0 && powers.size() < kMostRows);
  return powers;
}

// True if the exponential of a block is in use only beyond a table.
bool IsTabulated(const ir::Block& block, ir::NodeId exp) {
  return std::any_of(block.nodes.begin(), block.nodes.end(), [&](const ir::Node& node) {
    return node.op == Op::kSelect && node.operands[2] == exp &&
           block.nodes[node.operands[1]].op == Op::kLookup;
  });
}

// The decays of a block that want a table, by their exponentials.
std::map<ir::NodeId, Decay> FindDecays(const ir::Program& program, const ir::Block& block) {
  std::map<ir::NodeId, Decay> decays;
  if (block.kind != ir::BlockKind::kOnPost) return decays;
  const std::vector<ir::Level> levels = ir::LevelsOf(program, block);
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    const std::optional<Decay> decay = AsDecay(block, block.nodes[id]);
    const bool wants = decay && levels[id] == ir::Level::kSynapse && !IsTabulated(block, id);
    if (wants) decays[id] = *decay;
  }
  return decays;
}

// The tables of a program, by their rates.
class Tables {
 public:
  explicit Tables(ir::Program& program) : program_(program) {}

  ir::TableId Of(double rate) {
    const auto [known, fresh] = ids_.try_emplace(rate);
    if (!fresh) return known->second;
    ir::Table table;
    for (int n = 0; table.name.empty() || program_.FindTable(table.name); ++n) {
      table.name = absl::StrCat("powers.", n);
    }
    table.columns = {"power"};
    table.values = {Powers(rate)};
    table.digest = ir::TableDigest(table);
    known->second = static_cast<ir::TableId>(program_.tables.size());
    program_.tables.push_back(std::move(table));
    return known->second;
  }

 private:
  ir::Program& program_;
  std::map<double, ir::TableId> ids_;
};

}  // namespace

absl::StatusOr<ir::Program> Tabulate(const ir::Program& program, const CompileOptions&) {
  ir::Program result = program;
  Tables tables(result);
  for (size_t b = 0; b < result.synaptic.size(); ++b) {
    ir::Block& block = result.synaptic[b];
    const ir::Block before = block;
    const std::map<ir::NodeId, Decay> decays = FindDecays(result, before);
    for (const auto& [id, decay] : decays) tables.Of(decay.rate);
    block = RewriteBlock(
        result, before, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          const auto decay = decays.find(id);
          if (decay == decays.end()) return std::nullopt;
          ir::Builder& builder = rewriter.builder();
          const ir::TableId table = tables.Of(decay->second.rate);
          const ir::Value steps = rewriter.At(decay->second.steps);
          // A number below 0 is a large one without sign.
          const ir::Value within = builder.Emit(
              Op::kLt, {builder.Convert(steps, ir::Element::kU64),
                        builder.Literal(ir::Element::kU64, result.tables[table].rows())});
          const ir::Value near =
              builder.Lookup(table, steps, builder.Literal(ir::Element::kI64, 0));
          return builder.Emit(Op::kSelect, {within, near, rewriter.Copy(id)});
        });
  }
  return result;
}

absl::Status CheckTabulate(const ir::Program& program) {
  for (size_t b = 0; b < program.synaptic.size(); ++b) {
    const ir::Block& block = program.synaptic[b];
    const std::map<ir::NodeId, Decay> decays = FindDecays(program, block);
    if (decays.empty()) continue;
    return absl::InternalError(
        absl::StrCat("'", ir::PrintNode(program, block, decays.begin()->first), "' has no table"));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
