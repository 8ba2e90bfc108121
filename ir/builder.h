// Builds a block node by node, sharing common values: asking twice for the same pure node gives
// the same value. Used by lowering and by passes; the text parser appends nodes as written.
#ifndef BNSYN_IR_BUILDER_H_
#define BNSYN_IR_BUILDER_H_

#include <map>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::ir {

// A node of the block under construction.
struct Value {
  NodeId id = kNoNode;
  bool valid() const { return id != kNoNode; }
  friend bool operator==(const Value&, const Value&) = default;
};

class Builder {
 public:
  // Appends to `block`, which must outlive the builder and not be changed by others meanwhile.
  // Type errors in what it is asked to build are internal errors: callers check users' input.
  Builder(const Program& program, Block& block);

  const Program& program() const { return program_; }
  const Block& block() const { return block_; }
  const Node& node(Value v) const { return block_.nodes[v.id]; }
  Type type(Value v) const { return node(v).type(); }

  // Literals.
  Value F64(double value);
  Value F32(float value);
  Value Bool(bool value);
  Value Literal(Element element, Bits bits);

  // Any op whose result type follows from its operands (all rules but Declared, Convert, Bitcast).
  // Effects return an invalid Value.
  Value Emit(Op op, absl::Span<const Value> operands, uint64_t attr = 0);
  // Any op, with the result type given.
  Value Emit(Op op, Type type, absl::Span<const Value> operands, uint64_t attr = 0);

  Value Convert(Value a, Element to);
  Value Bitcast(Value a, Element to);
  Value Load(StateId state);
  void Store(StateId state, Value a);
  void Check(StateId state, Value a);
  Value Take(InputId input);
  Value Param(ParamId param);
  Value Lookup(TableId table, Value row, Value column);

 private:
  using Key = std::tuple<Op, Element, DomainId, NodeId, NodeId, NodeId, uint64_t>;

  // Where the node equal to `node` is remembered (kNoNode for none yet); null for writes, which are
  // never shared, but for expectations.
  NodeId* Known(const Node& node);
  // Remembers a node of the block, or what it overwrites.
  void Number(NodeId id);

  const Program& program_;
  Block& block_;
  std::map<Key, NodeId> values_;
  // Reads are shared only until the next write to what they read.
  std::map<std::pair<AttrKind, uint64_t>, uint32_t> version_;
};

// The result type of `op` over operands of these types by its rule, or an error that says which
// rule was broken in words a person can use ("add takes numbers of one type, not f64 and i32").
// For Declared, Convert and Bitcast ops `declared` is checked and returned; for effects the result
// is what Node keeps of them. `attr` must be in range; whether the op may stand in this kind of
// block is the verifier's question.
absl::StatusOr<Type> ResultType(const Program& program, const Block& block, Op op,
                                absl::Span<const Type> operands, uint64_t attr, Type declared);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_BUILDER_H_
