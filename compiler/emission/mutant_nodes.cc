// Nodes as the mutant that is chosen emits them (ir/mutant_flip.h).
#include <utility>
#include <vector>

#include "compiler/emission/emit_block.h"
#include "compiler/emission/emit_ops.h"
#include "ir/mutant_flip.h"
#include "llvm/IR/Constants.h"

namespace bnsyn::compiler {
namespace {

llvm::Value* WithLowestBitFlipped(llvm::IRBuilder<>& builder, llvm::Value* value) {
  llvm::Type* const type = value->getType();
  llvm::Type* const bits = Widened(builder.getIntNTy(type->getScalarSizeInBits()), LanesOf(value));
  llvm::Value* const flipped =
      builder.CreateXor(builder.CreateBitCast(value, bits), llvm::ConstantInt::get(bits, 1));
  return builder.CreateBitCast(flipped, type);
}

}  // namespace

llvm::Value* BlockEmitter::EmitFlippedNode(const ir::Node& node, int lanes,
                                           absl::Span<llvm::Value* const> v) {
  const ir::Element last =
      node.inputs().empty() ? node.element : block_.nodes[node.inputs().back()].element;
  const ir::Flip* const flip = ir::ChosenFlip("emit", node, last);
  if (flip == nullptr) return EmitPlainNode(node, lanes, v);
  if (flip->omits) return nullptr;
  std::vector<llvm::Value*> operands(v.begin(), v.end());
  if (flip->first) std::swap(operands[*flip->first], operands[*flip->first + 1]);
  llvm::Value* const value = EmitPlainNode(ir::Flipped(*flip, node), lanes, operands);
  return flip->flips_result ? WithLowestBitFlipped(builder_, value) : value;
}

}  // namespace bnsyn::compiler
