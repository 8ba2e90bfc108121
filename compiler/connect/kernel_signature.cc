#include "compiler/connect/kernel_signature.h"

#include <algorithm>

namespace bnsyn::compiler {
namespace {

// The index of a number in the list; a new number is appended.
uint64_t Order(uint64_t number, std::vector<uint64_t>& known) {
  const auto place = std::find(known.begin(), known.end(), number);
  const auto order = static_cast<uint64_t>(place - known.begin());
  if (place == known.end()) known.push_back(number);
  return order;
}

}  // namespace

SignatureWriter::SignatureWriter(const ir::Program& program, ir::ProjectionId id,
                                 absl::Span<const reference::Array> states)
    : program_(program), states_(states) {
  const ir::Projection& projection = program.projections[id];
  Add(projection.weight_column.has_value() ? 1 : 0);
  Add(ir::BitsOfF64(projection.weight));
}

void SignatureWriter::AddStream(uint64_t stream) { Add(Order(stream, signature_.streams)); }

void SignatureWriter::AddBlock(const ir::Block* block) {
  Add(block == nullptr ? 0 : block->nodes.size());
  if (block == nullptr) return;
  for (const ir::Node& node : block->nodes) {
    Add(static_cast<uint64_t>(node.op) << 16 | static_cast<uint64_t>(node.element) << 8 |
        static_cast<uint64_t>(node.type().uniform()));
    for (const ir::NodeId operand : node.inputs()) Add(operand);
    AddAttribute(node);
  }
}

void SignatureWriter::AddAttribute(const ir::Node& node) {
  switch (ir::Info(node.op).attr) {
    case ir::AttrKind::kParam:
      return Add(program_.params[node.attr].value);
    case ir::AttrKind::kState:
      if (node.op != ir::Op::kLoad) return Add(Order(node.attr, signature_.states));
      // A uniform state is a constant here. Blocks that read states of synapses are not compiled
      // here.
      return Add(node.type().uniform() && !states_.empty() ? states_[node.attr].bits(0)
                                                           : node.attr);
    case ir::AttrKind::kStream:
      // A draw of an element does not use the number of the draw; uniform draws are copied.
      return node.type().uniform() ? Add(node.attr) : AddStream(node.attr >> 32);
    case ir::AttrKind::kInput:
      return Add(static_cast<uint64_t>(program_.inputs[node.attr].accumulator.scale_log2));
    case ir::AttrKind::kNone:
    case ir::AttrKind::kLiteral:
    case ir::AttrKind::kTable:
    case ir::AttrKind::kPopulation:
    case ir::AttrKind::kReduction:
    case ir::AttrKind::kLoop:
    case ir::AttrKind::kProjection:
      return Add(node.attr);
  }
}

ConnectKernel KnownKernels::Renamed(const Entry& entry, const KernelSignature& signature) {
  const auto rename = [](uint32_t number, const std::vector<uint64_t>& from,
                         const std::vector<uint64_t>& to) {
    const auto place = std::find(from.begin(), from.end(), number) - from.begin();
    return static_cast<uint32_t>(to[static_cast<size_t>(place)]);
  };
  ConnectKernel kernel = entry.kernel;
  for (ConnectKernel::Stream& stream : kernel.streams) {
    stream.number = rename(stream.number, entry.signature.streams, signature.streams);
  }
  for (ConnectArray& array : kernel.arrays) {
    if (array.role == ConnectRole::kPre || array.role == ConnectRole::kPost ||
        array.role == ConnectRole::kState) {
      array.index = rename(array.index, entry.signature.states, signature.states);
    }
  }
  return kernel;
}

}  // namespace bnsyn::compiler
