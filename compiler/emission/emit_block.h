// What kernels and on_pre code have in common: the arguments, the slots, and one instruction
// selection for the nodes of a block.
#ifndef BNSYN_COMPILER_EMISSION_EMIT_BLOCK_H_
#define BNSYN_COMPILER_EMISSION_EMIT_BLOCK_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/emission/emit_random.h"
#include "compiler/options.h"
#include "ir/program.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "reference/accumulator.h"

namespace bnsyn::compiler {

// What all blocks of a module share.
struct EmitContext {
  const ir::Program& program;
  llvm::Module& module;
  int width;         // lanes that one pass of a loop takes
  int native_lanes;  // doubles in a vector register
  bool has_fma;      // as an instruction
  const CompileOptions& options;

  // Whether one instruction converts integers of 64 bits to doubles (AVX-512).
  bool converts_i64() const { return native_lanes == 8; }
};

// Byte offsets of the fields of KernelArgs or DeliverArgs that both have.
struct ArgsLayout {
  size_t slots, step, seed, fault;
};

class BlockEmitter {
 public:
  virtual ~BlockEmitter() = default;

 protected:
  // Begins the function and reads its arguments; `builder` is then at the end of its entry.
  BlockEmitter(const EmitContext& context, const ir::Block& block, const ArgsLayout& layout);

  // Emits the uniform nodes that have results: at the end of the entry those that are the same in
  // all passes, and at the begin of a pass the others.
  void EmitUniformNodes();
  void EmitUniformNodesOfPass();
  // Begins the loop over the passes of the block, in a new basic block; `pass_` is then its number.
  // EndPasses ends it, after the last pass or where `goes_on` (if not null) is false.
  void BeginPasses();
  void EndPasses(llvm::Value* goes_on = nullptr);
  // Emits a node over these operands, all of `lanes` lanes. Null for effects.
  llvm::Value* EmitNode(const ir::Node& node, int lanes, absl::Span<llvm::Value* const> v);

  // Nodes whose meaning depends on the kind of code. Uniform ones never come here, apart from
  // effects on uniform states.
  virtual llvm::Value* ElementIndex(int lanes);
  virtual llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes);
  virtual llvm::Value* Load(ir::StateId state, int lanes);
  virtual llvm::Value* LoadPre(ir::StateId state);
  virtual llvm::Value* LoadPost(ir::StateId state);
  virtual void Store(ir::StateId state, llvm::Value* value);
  virtual void Check(ir::StateId state, llvm::Value* value);
  // An expectation fails in these lanes (i1).
  virtual void FailIn(llvm::Value* lanes);
  virtual void GoOnIn(llvm::Value* lanes);  // a further pass, in these lanes
  virtual llvm::Value* IndexPre();
  virtual llvm::Value* IndexPost();
  virtual llvm::Value* Weight();
  virtual llvm::Value* Delay();
  // The number of the first element of a vector, i64; null in code without vectors.
  virtual llvm::Value* FirstElement() { return nullptr; }
  // Whether vectors in arrays begin at multiples of their size.
  virtual bool VectorsAligned() const { return true; }
  virtual llvm::Value* Take(ir::InputId input, int lanes);
  virtual llvm::Value* Held(ir::InputId input, int lanes);
  virtual void Spike(ir::PopulationId population, llvm::Value* mask);
  virtual void Reduce(ir::ReductionId reduction, llvm::Value* value);

  // The slot of a symbol, as an index; a slot that is missing is an internal error.
  size_t SlotOf(ir::AttrKind kind, uint64_t index);
  // Reads or writes elements of a slot's array, `lanes` of them from `index` (i64; null for a
  // scalar). Bools are i1 as values and i8 in memory.
  llvm::Value* LoadSlot(size_t slot, ir::Element element, llvm::Value* index, int lanes);
  void StoreSlot(size_t slot, ir::Element element, llvm::Value* index, llvm::Value* value);
  // Elements of a slot's array at indices (i64, or lanes of it).
  llvm::Value* GatherSlot(size_t slot, ir::Element element, llvm::Value* index, int lanes);
  // The index of an element (i64, or lanes of it; null for a uniform state) of a state with a
  // history, in the place of `step`.
  llvm::Value* InHistory(const ir::State& state, llvm::Value* element, llvm::Value* step);
  // Where a store puts the value of an element (i64; null for a uniform state).
  llvm::Value* StoredIndex(ir::StateId state, llvm::Value* element);
  // The same of an input's sums, which are integers as wide as its ir::Accumulator says. A wide sum
  // is an i128; LoadHalves loads several as their low and their high halves.
  llvm::Value* LoadSum(ir::InputId input, llvm::Value* index, int lanes);
  std::pair<llvm::Value*, llvm::Value*> LoadHalves(ir::InputId input, llvm::Value* index,
                                                   int lanes);
  void StoreSum(ir::InputId input, llvm::Value* index, llvm::Value* sum);
  // A number that depends on the phase of the step alone (reference/accumulator.h): the numbers of
  // all phases are constants.
  using PhaseNumber =
      absl::FunctionRef<double(const reference::AccumulatorArithmetic&, uint32_t phase)>;
  llvm::Value* OfPhase(ir::InputId input, PhaseNumber number);
  // Memory behind different slots, and memory of no slot, never overlaps.
  void Annotate(llvm::Instruction* access, size_t slot);
  void AnnotateNoSlot(llvm::Instruction* access);

  // A field of the arguments.
  llvm::Value* LoadField(size_t offset, llvm::Type* type);
  void StoreField(size_t offset, llvm::Value* value);
  // arguments->fault |= failed (i1).
  void MergeFault(llvm::Value* failed);

  // Each pass draws two numbers on (R3).
  DrawPoint Draw(uint32_t stream, uint32_t draw);
  // value * 2^exponent, rounded once.
  llvm::Value* Scale(llvm::Value* value, int exponent);
  // A bool a lane: the value is not finite or outside the state's bounds.
  llvm::Value* OutOfBounds(const ir::State& state, llvm::Value* value);
  // An alloca in the entry, cleared there.
  llvm::AllocaInst* Variable(llvm::Type* type);
  llvm::BasicBlock* NewBasicBlock(const char* name);
  const ir::Node& node(ir::NodeId id) const { return block_.nodes[id]; }
  // The element of a node's first operand.
  ir::Element OperandElement(const ir::Node& node) const;
  // Records the first internal error.
  llvm::Value* Fail(absl::string_view message);

  const EmitContext& context_;
  const ir::Program& program_;
  const ir::Block& block_;
  llvm::IRBuilder<> builder_;
  llvm::Function* function_ = nullptr;
  llvm::Value* step_ = nullptr;
  llvm::Value* seed_ = nullptr;
  llvm::PHINode* pass_ = nullptr;  // i64; null where there is one pass
  // By node: the scalars computed in the entry or the pass; null for other nodes.
  std::vector<llvm::Value*> uniform_;
  std::vector<llvm::Value*> slots_;  // by slot: its pointer
  absl::Status status_;

 private:
  llvm::Value* EmitPlainNode(const ir::Node& node, int lanes, absl::Span<llvm::Value* const> v);
  // The same as the mutant that is chosen has it (ir/mutant_flip.h).
  llvm::Value* EmitFlippedNode(const ir::Node& node, int lanes, absl::Span<llvm::Value* const> v);
  void EmitUniformNodes(bool of_pass);
  // Elements of a type, as they stand in memory.
  llvm::Value* LoadFrom(size_t slot, llvm::Type* type, llvm::Value* index, int lanes);
  void StoreTo(size_t slot, llvm::Value* index, llvm::Value* value);
  llvm::Value* AddressIn(size_t slot, llvm::Type* type, llvm::Value* index);
  llvm::Align AlignmentOf(const llvm::Type* type) const;
  llvm::Value* Lookup(const ir::Node& node, int lanes, llvm::Value* row, llvm::Value* column);
  // A gather or past.
  llvm::Value* ReadElement(const ir::Node& node, int lanes, absl::Span<llvm::Value* const> v);
  llvm::Value* DrawCall(const ir::Node& node, int lanes, absl::Span<llvm::Value* const> v);
  llvm::Value* RandomWord(const ir::Node& node, uint32_t draw, int lanes);

  const ArgsLayout layout_;
  std::vector<bool> differs_;  // by node: true if its value may differ from pass to pass
  // Alias scopes: one a slot, and what each slot's accesses do not alias.
  std::vector<llvm::MDNode*> scope_;
  std::vector<llvm::MDNode*> others_;
  llvm::MDNode* all_scopes_ = nullptr;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EMIT_BLOCK_H_
