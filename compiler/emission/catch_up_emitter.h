// Emits the function that brings rows of synapses up to date: emit_catch_up.cc has rows and nodes,
// catch_up_arrivals.cc what runs where arrivals alone are deferred, catch_up_steps.cc what runs
// where steps are, and catch_up_stretch.cc the steps between two arrivals.
#ifndef BNSYN_COMPILER_EMISSION_CATCH_UP_EMITTER_H_
#define BNSYN_COMPILER_EMISSION_CATCH_UP_EMITTER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "compiler/analysis/step_shortcuts.h"
#include "compiler/emission/defer_emitter.h"
#include "compiler/passes/catch_up.h"

namespace bnsyn::compiler {

class CatchUpEmitter : public DeferEmitter {
 public:
  CatchUpEmitter(const EmitContext& context, const CatchUp& catch_up);

  absl::Status Emit();

 private:
  // A value that loops change. LLVM keeps it in registers.
  struct Cell {
    llvm::AllocaInst* memory;
    llvm::Type* type;
  };
  // A loop over numbers (i64), as long as they are below an end; and a value that it carries.
  struct Loop {
    llvm::PHINode* number;
    llvm::PHINode* carried;  // null without
    llvm::BasicBlock* head;
    llvm::BasicBlock* end;
  };
  Loop Begin(llvm::Value* first, llvm::Value* end, llvm::Value* carried = nullptr);
  // The builder is then behind the loop.
  void End(const Loop& loop, llvm::Value* next, llvm::Value* carried = nullptr);

  void EmitRow(llvm::Value* first, llvm::Value* last);

  // Arrivals alone: the synapses of a row in vectors. Those at hand run in passes, one for each of
  // the last arrivals that are not done: level 0 is the last one.
  void EmitArrivalsOfRow(llvm::Value* first, llvm::Value* last);
  void EmitArrivalsOfVector();
  llvm::Value* FindTimes();
  llvm::Value* TimesAt(llvm::Value* level);    // where `times_at_hand_` has those of a level
  llvm::Value* EntriesAt(llvm::Value* level);  // of rings (i64 lanes)
  // The fields of `Arrivals` of these targets, each in i32 lanes.
  std::vector<llvm::Value*> GatherArrivals(const std::vector<llvm::Value*>& targets);
  // The places of synapses from `first` on. Sets `inside_`: lanes behind the row have the place of
  // its last synapse.
  std::vector<llvm::Value*> SynapsesInside(llvm::Value* first, llvm::Value* last);
  // Lanes of `time` (i32 lanes) that are not done.
  llvm::Value* IsPending(llvm::Value* time);

  // Steps, and arrivals between them: the synapses of a row in vectors, with their states in
  // registers.
  void EmitStepsOfRow(llvm::Value* first, llvm::Value* last);
  void FindArrivals();
  void EmitStepsAndArrivals();
  // Runs the arrival in this lane (i64) that is next, at this time counted from `done_`. Returns
  // the time of the one behind it; ~0 where there is none.
  llvm::Value* EmitArrivalIn(llvm::Value* lane, llvm::Value* time);
  // The time of the next arrival in each lane, counted from `done_`; ~0 where there is none.
  llvm::Value* NextTimes();
  void LoadStates();
  void StoreStates();
  // The first step whose code runs at the time `begin_` + `halves` or later.
  llvm::Value* FirstStepFrom(llvm::Value* halves);

  // What is left out of the code of a step (StepShortcuts): nothing, idle flushes, or all but what
  // moves falling states.
  enum class Without : uint8_t { kNothing, kFlushes, kHeld };
  // The steps [from, to) without an arrival.
  void EmitSteps(llvm::Value* from, llvm::Value* to);
  void EmitEachStep(llvm::Value* from, llvm::Value* to, Without without);
  // Looks through what was captured of the steps [from, to).
  void LookAtCaptured(llvm::Value* from, llvm::Value* to);
  // A state that must not be tiny is, in some lane.
  llvm::Value* AnyTiny();
  // Held states stay as they are in all lanes.
  llvm::Value* AllHeld();
  // The same in one lane, or in all: lanes of bool.
  llvm::Value* Held(int lanes);
  // The greatest magnitude that a node of the on_step block can have within the stretch.
  llvm::Value* Greatest(ir::NodeId id, int lanes);
  // What a node on the way of a held state becomes by the largest step up, or down.
  llvm::Value* Extreme(ir::NodeId id, bool up, int lanes);
  // Of a state: the first lane, or all of them.
  llvm::Value* StateIn(ir::StateId state, int lanes);

  // Numbers, one for each lane (i64). Addresses are made of them.
  using Lanes = std::vector<llvm::Value*>;
  // Runs the on_post nodes for arrivals: at these entries of rings, at these times (i32 lanes).
  void EmitArrivals(const Lanes& entries, llvm::Value* times);
  void EmitNodes(ir::NodeId from, ir::NodeId to);

  llvm::Value* Load(ir::StateId state, int lanes) override;
  void Store(ir::StateId state, llvm::Value* value) override;
  void Check(ir::StateId state, llvm::Value* value) override;
  void FailIn(llvm::Value* lanes) override;
  llvm::Value* LoadPre(ir::StateId state) override;
  llvm::Value* LoadPost(ir::StateId state) override;
  llvm::Value* IndexPre() override;
  llvm::Value* IndexPost() override;
  llvm::Value* Weight() override;
  llvm::Value* Delay() override;
  llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes) override;
  llvm::Value* KeyOf(uint32_t stream, llvm::Value* occurrence);

  llvm::Type* LanesType(llvm::Type* type) const;
  llvm::Value* InLanes(llvm::Value* value);
  llvm::Value* Number(uint64_t number) { return InLanes(builder_.getInt64(number)); }
  llvm::Value* Zeros(llvm::Type* type) const;
  llvm::Value* Any(llvm::Value* lanes);
  Cell NewCell(llvm::Type* type) { return {Variable(type), type}; }
  llvm::Value* Get(const Cell& cell) { return builder_.CreateLoad(cell.type, cell.memory); }
  void Set(const Cell& cell, llvm::Value* value) { builder_.CreateStore(value, cell.memory); }
  // The elements of an array at these indices, one load a lane.
  llvm::Value* Gather(llvm::Type* type, llvm::Value* array, const Lanes& indices);
  Lanes LanesOfVector(llvm::Value* vector);
  // Fetches the rows of a later source.
  void EmitPrefetch(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count);
  void Prefetch(llvm::Type* type, llvm::Value* array, llvm::Value* index);
  llvm::Type* MemoryOf(ir::StateId state) const;
  // As values: a bool is i1.
  llvm::Value* FromMemory(ir::StateId state, llvm::Value* value);
  llvm::Value* ToMemory(ir::StateId state, llvm::Value* value);
  // The targets of the synapses in the lanes (i64).
  llvm::Value* Targets();

  const CatchUp& catch_up_;
  const Deferral& deferral_;
  int lanes_;
  StepShortcuts shortcuts_;
  std::vector<bool> deferred_;             // by node: computed here
  std::map<ir::NodeId, size_t> captured_;  // by node: its number among the captured values
  std::map<ir::StateId, Cell> states_;     // of the synapses at hand
  std::vector<ir::StateId> stored_;
  std::vector<llvm::Value*> values_;  // by node
  llvm::Value* row_begin_ = nullptr;
  llvm::Value* row_stride_ = nullptr;
  llvm::Value* row_count_ = nullptr;
  llvm::Value* others_ = nullptr;
  llvm::Value* weights_ = nullptr;
  llvm::Value* occurrences_ = nullptr;
  llvm::Value* arrivals_ = nullptr;
  llvm::Value* times_ = nullptr;
  llvm::Value* captures_ = nullptr;
  llvm::Value* window_ = nullptr;
  llvm::Value* window_last_ = nullptr;  // i64, of its places
  llvm::Value* until_ = nullptr;        // i64
  llvm::Value* until_low_ = nullptr;    // i32
  llvm::Value* delivers_ = nullptr;     // i64
  llvm::AllocaInst* fault_ = nullptr;
  llvm::AllocaInst* times_at_hand_ = nullptr;  // by level: i32 lanes
  // Of the row and the synapses at hand.
  llvm::Value* source_ = nullptr;     // i64
  llvm::Value* done_ = nullptr;       // i32
  llvm::Value* begin_ = nullptr;      // i64: the time `done_`
  llvm::Value* behind_ = nullptr;     // i32: from there to `until_`
  llvm::Value* greatest_ = nullptr;   // the greatest magnitude that was captured of these steps
  llvm::Value* none_tiny_ = nullptr;  // no value that was captured of them is tiny
  Without without_ = Without::kNothing;
  Lanes synapses_;                      // their places
  llvm::Value* targets_ = nullptr;      // i64 lanes, where they were asked for
  llvm::Value* active_ = nullptr;       // lanes in which nodes have an effect; null where all have
  llvm::Value* inside_ = nullptr;       // lanes within the row; null where all are
  llvm::Value* pending_ = nullptr;      // lanes with an arrival that is not done
  llvm::Value* count_ = nullptr;        // i32 lanes: arrivals at the target
  Cell next_ = {};                      // i32 lanes: the number of the next arrival
  llvm::AllocaInst* nexts_ = nullptr;   // the same by lane, where arrivals run one by one,
  llvm::AllocaInst* counts_ = nullptr;  // and `count_`
  llvm::Value* lane_ = nullptr;         // i64: the lane in which nodes run alone; null where all do
  llvm::Value* is_lane_ = nullptr;      // bool lanes: true in that one
  // The words that the synapses at hand have drawn, by stream and draw / 4.
  std::map<std::pair<uint32_t, uint32_t>, std::pair<llvm::Value*, llvm::Value*>> drawn_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_CATCH_UP_EMITTER_H_
