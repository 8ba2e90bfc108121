#include "compiler/passes/catch_up.h"

#include <map>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"

namespace bnsyn::compiler {
namespace {

// Appends the nodes of a block, and its slots that are not there yet.
void Append(const ir::Block& block, ir::Block& to) {
  const auto first = static_cast<ir::NodeId>(to.nodes.size());
  for (ir::Node node : block.nodes) {
    for (ir::NodeId& operand : node.operands) {
      if (operand != ir::kNoNode) operand += first;
    }
    to.nodes.push_back(node);
  }
  for (const ir::Slot& slot : block.slots) {
    if (!absl::c_linear_search(to.slots, slot)) to.slots.push_back(slot);
  }
}

}  // namespace

std::vector<CatchUp> FindCatchUps(const ir::Program& program) {
  std::vector<CatchUp> found;
  std::map<std::string, std::string> code_of;  // by canonical text
  for (Deferral& deferral : FindDeferrals(program)) {
    CatchUp& catch_up = found.emplace_back(CatchUp{std::move(deferral), {}, 0});
    const Deferral& own = catch_up.deferral;
    ir::Block& block = catch_up.block;
    block.kind = ir::BlockKind::kOnPre;
    block.name = program.projections[own.projection].name;
    block.domain = program.projections[own.projection].domain;
    if (own.post.has_value()) Append(program.synaptic[*own.post], block);
    catch_up.first_of_step = static_cast<ir::NodeId>(block.nodes.size());
    if (own.step.has_value()) Append(program.synaptic[*own.step], block);
    std::string& code =
        code_of[absl::StrCat(CanonicalCode(program, block), "step from ", catch_up.first_of_step,
                             own.delivers ? " delivers" : "", own.checks ? " checks" : "")];
    if (code.empty()) code = absl::StrCat(block.name, ".catch_up");
    block.code = code;
  }
  return found;
}

}  // namespace bnsyn::compiler
