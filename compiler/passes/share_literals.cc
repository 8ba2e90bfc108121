#include "compiler/passes/share_literals.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

// The literals of a kernel that may become parameters, in order: floats that only plain arithmetic
// reads. Draws and conversions have faster code for some numbers.
std::vector<ir::NodeId> FreeLiterals(const ir::Block& kernel) {
  std::vector<bool> bound(kernel.nodes.size());
  for (const ir::Node& node : kernel.nodes) {
    const bool plain =
        ir::Info(node.op).attr == ir::AttrKind::kNone && reference::IsEvaluable(node.op);
    if (plain) continue;
    for (const ir::NodeId operand : node.inputs()) bound[operand] = true;
  }
  std::vector<ir::NodeId> literals;
  for (ir::NodeId id = 0; id < kernel.nodes.size(); ++id) {
    const ir::Node& node = kernel.nodes[id];
    if (node.op == ir::Op::kLiteral && node.element == ir::Element::kF64 && !bound[id]) {
      literals.push_back(id);
    }
  }
  return literals;
}

// What kernels have in common that differ in such literals alone.
std::string Skeleton(const ir::Program& program, ir::Block kernel,
                     const std::vector<ir::NodeId>& literals) {
  for (size_t i = 0; i < literals.size(); ++i) kernel.nodes[literals[i]].attr = i;
  std::string text = CanonicalCode(program, kernel);
  // Which literals these are, since others may have such values.
  for (const ir::NodeId id : literals) absl::StrAppend(&text, " ", id);
  return text;
}

class LiteralSharer {
 public:
  explicit LiteralSharer(const ir::Program& program) : result_(program) {
    const auto reserve = [this](const auto& symbols) {
      for (const auto& symbol : symbols) names_.insert(symbol.name);
    };
    reserve(program.tables);
    reserve(program.populations);
    reserve(program.params);
    reserve(program.states);
    reserve(program.inputs);
    reserve(program.reductions);
    reserve(program.projections);
    reserve(program.events);
  }

  ir::Program Run(size_t most) {
    struct Group {
      std::vector<size_t> kernels;
      std::vector<ir::NodeId> literals;
      std::set<std::vector<uint64_t>> values;  // the literals' own, of each code
    };
    std::map<std::string, Group> groups;
    for (size_t k = 0; k < result_.step.size(); ++k) {
      const ir::Block& kernel = result_.step[k];
      if (kernel.kind != ir::BlockKind::kKernel || result_.RunsSynapses(kernel)) continue;
      std::vector<ir::NodeId> literals = FreeLiterals(kernel);
      Group& group = groups[Skeleton(result_, kernel, literals)];
      std::vector<uint64_t> values;
      for (const ir::NodeId id : literals) values.push_back(kernel.nodes[id].attr);
      group.kernels.push_back(k);
      group.literals = std::move(literals);
      group.values.insert(std::move(values));
    }
    for (const auto& [skeleton, group] : groups) {
      if (group.values.size() > most) Share(group.kernels, group.literals);
    }
    return std::move(result_);
  }

 private:
  // Makes parameters of the literals in which the kernels differ.
  void Share(const std::vector<size_t>& kernels, const std::vector<ir::NodeId>& literals) {
    for (const ir::NodeId id : literals) {
      bool differ = false;
      for (const size_t k : kernels) {
        differ =
            differ || result_.step[k].nodes[id].attr != result_.step[kernels[0]].nodes[id].attr;
      }
      if (!differ) continue;
      for (const size_t k : kernels) MakeParameter(result_.step[k], id);
    }
  }

  void MakeParameter(ir::Block& kernel, ir::NodeId id) {
    ir::Node& node = kernel.nodes[id];
    ir::Param param;
    size_t number = 0;
    do {
      param.name = absl::StrCat(kernel.name, ".c", number++);
    } while (!names_.insert(param.name).second);
    param.element = node.element;
    param.value = node.attr;
    // Nothing may count on the value: code is made for all kernels from the first of them.
    param.tunable = true;
    node.op = ir::Op::kParam;
    node.attr = result_.params.size();
    result_.params.push_back(std::move(param));
  }

  ir::Program result_;
  std::set<std::string> names_;
};

}  // namespace

ir::Program WithLiteralsShared(const ir::Program& program, size_t most) {
  return LiteralSharer(program).Run(most);
}

}  // namespace bnsyn::compiler
