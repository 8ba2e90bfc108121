// place: numbers the states, inputs, streams, ... that a kernel uses as arguments of a function.
// Kernels with equal functions share one; where very many differ in numbers alone, these numbers
// are arguments too.
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "compiler/passes/share_literals.h"
#include "ir/mutant.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

// Kernels that differ in literals alone have code of their own up to so many.
constexpr size_t kMostCodesOfAModel = 16;

// Distinct slots of a block in order of first use.
std::vector<ir::Slot> CollectSlots(const ir::Block& block) {
  std::vector<ir::Slot> slots;
  for (const ir::Node& node : block.nodes) {
    const std::optional<ir::Slot> slot = SlotOf(node);
    if (slot && std::find(slots.begin(), slots.end(), *slot) == slots.end()) {
      slots.push_back(*slot);
    }
  }
  return slots;
}

// The name of the code of one block. A projection may have the name of a kernel, so that the name
// of a synaptic block includes its kind.
std::string OwnCode(const ir::Block& block) {
  if (block.kind == ir::BlockKind::kKernel) return block.name;
  const std::string code = absl::StrCat(block.name, ".", ir::BlockKindName(block.kind));
  return block.pathway.empty() ? code : absl::StrCat(code, ".", block.pathway);
}

// The same, longer where another block has the name: a projection may have several on_step blocks.
std::string FreeCode(const ir::Block& block, std::set<std::string>& taken) {
  std::string code = OwnCode(block);
  while (!taken.insert(code).second) code += "_";
  return code;
}

}  // namespace

absl::StatusOr<ir::Program> Place(const ir::Program& fused, const CompileOptions&) {
  const ir::Program slotted = RewriteCode(fused, [&](const ir::Block& block) {
    ir::Block with_slots = block;
    if (!fused.RunsSynapses(block)) with_slots.slots = CollectSlots(block);
    return with_slots;
  });
  const ir::Program program = WithLiteralsShared(slotted, kMostCodesOfAModel);
  std::map<std::string, std::string> code_of;  // by canonical text
  std::set<std::string> taken;
  return RewriteCode(program, [&](const ir::Block& block) {
    ir::Block placed = block;
    if (program.RunsSynapses(block)) return placed;
    placed.slots = CollectSlots(block);
    std::string& code = code_of[Mutant("pass.place.shared_code") ? block.name.substr(0, 1)
                                                                 : CanonicalCode(program, placed)];
    if (code.empty()) code = FreeCode(block, taken);
    placed.code = code;
    return placed;
  });
}

absl::StatusOr<ir::Program> PlaceApart(const ir::Program& program, const CompileOptions&) {
  std::set<std::string> taken;
  return RewriteCode(program, [&](const ir::Block& block) {
    ir::Block placed = block;
    if (program.RunsSynapses(block)) return placed;
    placed.slots = CollectSlots(block);
    std::sort(placed.slots.begin(), placed.slots.end(), [](ir::Slot a, ir::Slot b) {
      return std::pair(a.kind, a.index) < std::pair(b.kind, b.index);
    });
    placed.code = FreeCode(block, taken);
    return placed;
  });
}

absl::Status CheckPlace(const ir::Program& program) {
  std::map<std::string, std::string> canonical_of;  // by code
  for (const ir::Block* block : CodeBlocks(program)) {
    if (block->code.empty()) {
      return absl::InternalError(absl::StrCat(block->name, " has no code"));
    }
    for (ir::NodeId id = 0; id < block->nodes.size(); ++id) {
      const std::optional<ir::Slot> slot = SlotOf(block->nodes[id]);
      if (slot &&
          std::find(block->slots.begin(), block->slots.end(), *slot) == block->slots.end()) {
        return absl::InternalError(absl::StrCat("'", ir::PrintNode(program, *block, id), "' in ",
                                                block->name, " has no slot"));
      }
    }
    const std::string canonical = CanonicalCode(program, *block);
    const auto [known, fresh] = canonical_of.try_emplace(block->code, canonical);
    if (!fresh && known->second != canonical) {
      return absl::InternalError(
          absl::StrCat(block->name, " differs from what its code ", block->code, " was made for"));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
