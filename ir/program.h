// ir::Program: the whole of a network as data. It is self-contained: printed to text (ir/text.h)
// and parsed again it runs and gives the same bits. Units are gone: numbers are in the coherent
// system of ms, mV, nS, pF, pA.
#ifndef BNSYN_IR_PROGRAM_H_
#define BNSYN_IR_PROGRAM_H_

#include <bit>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bnsyn/off_grid.h"
#include "ir/op.h"
#include "ir/rule.h"
#include "ir/selection.h"
#include "ir/type.h"

namespace bnsyn::ir {

// Indices into the vectors of Program.
using StateId = uint32_t;
using ParamId = uint32_t;
using InputId = uint32_t;
using PopulationId = uint32_t;
using ProjectionId = uint32_t;
using ReductionId = uint32_t;
using LoopId = uint32_t;
using TableId = uint32_t;

enum class DomainKind : uint8_t { kNetwork, kPopulation, kProjection };

struct Domain {
  DomainKind kind = DomainKind::kNetwork;
  uint32_t index = 0;  // into populations or projections
};

// A population of neurons, or a further kind of event of such a population. An event population
// shares the domain and the size of its neurons, has spikes of its own, and can be the source of
// projections but not the target.
struct Population {
  std::string name;
  DomainId domain;
  uint32_t size = 0;     // > 0
  bool repeats = false;  // true if a state says how often its neurons spike (State::repeats)
};

// Columns of numbers: written in the text, or read from a CSV file that the text names with a
// digest of its contents, so that a program still means the same when it is parsed again elsewhere.
struct Table {
  std::string name;
  std::string file;     // as given, relative to the program's directory; empty for one without
  std::string only;     // of a file of recorded spikes, those of this population; empty for all
  uint64_t digest = 0;  // of names and values, see ir/table.h
  std::vector<std::string> columns;
  std::vector<std::vector<double>> values;  // one vector a column, of equal length

  // The name for people: the file's, or the table's own.
  const std::string& title() const { return file.empty() ? name : file; }
  size_t rows() const { return values.empty() ? 0 : values[0].size(); }
};

// A named column of a table.
struct ColumnRef {
  TableId table;
  uint32_t column;
};

// A value that lives from step to step: one per element of its domain.
struct State {
  // "exc.V", or "sigma" for a uniform one. A name of three parts, as "ee.last.step", is the
  // compiler's own: hosts do not see such a state.
  std::string name;
  Type type;
  Bits initial = 0;                         // unless `initial_column` or the init block says more
  std::optional<ColumnRef> initial_column;  // one value an element
  // R10: the run stops when a `check` sees a value that is not finite or outside [lower, upper].
  double lower = -std::numeric_limits<double>::max();
  double upper = std::numeric_limits<double>::max();
  std::string unit;  // for people only: "mV"; empty for none
  // Carries a value within a step: between the passes of a loop, or between the kernels that the
  // fuse pass makes. Not part of the digest.
  bool temporary = false;
  // A population whose neurons may spike several times in a step: where a neuron spikes, this i64
  // state says how often, as it stands at the spike op. The upper bound is the most that it may be.
  std::optional<PopulationId> repeats;
  // Steps for which the values of the past are kept, for `past`; 0 for none. Such a state is of a
  // population or of the network, and is stored once in each step. Before step 0 it had the initial
  // value in every step.
  uint32_t history = 0;

  // The values that are kept of an element: a power of two, the value of step k in place k modulo
  // it. The present step overwrites none that `past` may still read.
  uint32_t places() const { return std::bit_ceil(history + 1); }
};
// The longest history, in steps.
inline constexpr uint32_t kLongestHistory = 1 << 20;

// A uniform number. The specialise pass makes a literal of it unless it is tunable: then it may
// be changed between steps without recompiling.
struct Param {
  std::string name;  // "exc.tau_m"
  Element element = Element::kF64;
  Bits value = 0;
  bool tunable = false;
  std::string unit;
};

// The integer in which an element of an input sums what synapses and events add to it (R6).
//
//   input exc.g : exc scale=2^-33
//   input exc.g : exc scale=2^-33 bits=16 unit=3
//   input exc.g : exc scale=2^-52 limit=2^52
//   input exc.g : exc scale=2^-64 wide
//   input exc.g.in : exc scale=2^-41 decay=0.98 period=32 state=exc.g
//
// reference/accumulator.h says how a contribution becomes quanta, how quanta become a number, and
// what a step leaves of a sum.
struct Accumulator {
  int scale_log2 = -40;  // a quantum is worth 2^scale_log2

  // The sum is an integer of 64 bits, or of 128 bits where it is wide. A contribution that is not
  // static has at most 2^limit() quanta. The less that is, the more such synapses may a neuron
  // have.
  bool wide = false;
  int limit_log2 = 0;  // from least_limit() to greatest_limit(); 0 for the least

  // Compiled code counts units of several quanta in an integer of so many bits, signed. All that
  // arrives must be multiples of the unit, and their sum must fit. With 52 bits, the integer has
  // 64, but its magnitude is known to be at most 2^51, so that it converts to a double without a
  // check.
  int bits = 0;      // 16, 32, 52, 64, or 128 where wide; 0 until the narrow_sums pass decides
  int64_t unit = 1;  // quanta, at most kMaxAccumulatorUnit; 1 where there are 52 bits or more

  // A decaying accumulator keeps its sum. Each step lowers the value of its quanta, and the end of
  // a period expresses the sum in full quanta again.
  double decay = 0;     // what a step leaves of 1, below 1; 0 where `take` empties the sum instead
  uint32_t period = 1;  // steps, a power of two, at most kLongestDecayPeriod
  StateId state = 0;    // holds the value of a decaying sum between steps

  bool decays() const { return decay != 0; }
  int least_limit() const { return wide ? 104 : 40; }
  int greatest_limit() const { return wide ? 125 : 62; }
  int limit() const { return limit_log2 == 0 ? least_limit() : limit_log2; }
  // The bits of the integer in memory: 16, 32, 64 or 128.
  int width() const { return wide ? 128 : bits == 0 || bits == kExactBits ? 64 : bits; }
  size_t bytes() const { return static_cast<size_t>(width()) / 8; }
  // True if the narrow_sums pass has found that all sums fit the bits.
  bool is_narrow() const { return bits != 0 && bits <= kExactBits; }
  // The greatest sum of a narrow accumulator, in units.
  int64_t most() const { return std::numeric_limits<int64_t>::max() >> (64 - bits); }
  friend bool operator==(const Accumulator&, const Accumulator&) = default;

  static constexpr int kExactBits = 52;
};
inline constexpr int64_t kMaxAccumulatorUnit = int64_t{1} << 40;
inline constexpr uint32_t kLongestDecayPeriod = 1024;

// Where synapses and events add to the neurons of a population.
struct Input {
  std::string name;  // "exc.s_exc"
  DomainId population;
  Accumulator accumulator = {};
  std::string unit = {};  // of what arrives, for people: "pA"; empty for none
  friend bool operator==(const Input&, const Input&) = default;
};

// A sum over a population (R7): written by `reduce`, read by `total`.
struct Reduction {
  std::string name;
  DomainId population;
};

// Synapses from one population to another. Weight and delay are one for all, unless a column of the
// list's table gives each synapse its own, or the connect block of the projection does.
struct Projection {
  std::string name;
  DomainId domain;
  PopulationId source = 0;
  PopulationId target = 0;
  // Those that the rule joins. It draws by their numbers in the populations (R8).
  Selection sources;
  Selection targets;
  Rule rule;
  double weight = 1.0;
  std::optional<ColumnRef> weight_column;
  uint32_t delay = 1;                     // steps; where synapses have their own, none has less,
  uint32_t max_delay = 0;                 // and none more than this; 0 where they have not
  std::optional<ColumnRef> delay_column;  // milliseconds
  // Variables of its synapses that are equal for all synapses of a source, or of a target, and so
  // are states of those neurons: a reader of the variable finds the value of each synapse there.
  std::vector<StateId> of_source;
  std::vector<StateId> of_target;
};

// Neurons with a name of their own, for those who look at a run: no block names them.
struct Group {
  std::string name;
  PopulationId population = 0;
  Selection neurons;
};

// Events from a table: for each row (step, index[, value]) the input of neuron `index` receives
// `value` (1 without the column) at that step. In place of steps a column `time` may hold
// milliseconds, which must be whole numbers of steps: where steps begin, or end if `ends`.
struct Events {
  std::string name;
  InputId input = 0;
  TableId table = 0;
  bool ends = false;
  OffGrid off_grid = OffGrid::kError;  // what becomes of a time that is no whole number of steps
  Selection neurons = {};              // `index` counts among them
};

// A node's operands are indices of earlier nodes in its block.
using NodeId = uint32_t;
inline constexpr NodeId kNoNode = 0xffffffff;

struct Node {
  Op op = Op::kLiteral;
  Element element = Element::kF64;       // of the result; for effects, of the operand
  DomainId domain = DomainId::kNetwork;  // of the result; for effects, of what they act on: the
                                         // state, the spiking or summed population, the synapses
  NodeId operands[3] = {kNoNode, kNoNode, kNoNode};
  uint64_t attr = 0;      // literal bits, index of a symbol, or stream << 32 | draw
  uint32_t line = 0;      // of the text it was parsed from, 0 when built
  uint32_t reserved = 0;  // keeps a node at 32 bytes

  Type type() const { return {element, domain}; }
  absl::Span<const NodeId> inputs() const {
    return absl::MakeConstSpan(operands, static_cast<size_t>(Info(op).arity));
  }
};
static_assert(sizeof(Node) == 32);

constexpr uint64_t StreamAttr(uint32_t stream, uint32_t draw) {
  return (static_cast<uint64_t>(stream) << 32) | draw;
}

enum class BlockKind : uint8_t {
  kInit,     // once, before step 0: initial values that are drawn or computed
  kConnect,  // once, after init, over the synapses of one projection, or over all pairs to find
             // which are joined: what a synapse begins with
  kOnPre,    // when spikes arrive, for every synapse of a source that spiked `delay` steps before
  kOnStep,   // where run_on_step stands, for every synapse of one projection
  kOnPost,   // when spikes arrive, for every synapse onto a target that spiked `delay` steps before
  kLoop,     // where run stands: passes over one domain, as the substeps of equations are
  kClock,    // where run stands, in the steps that are due: code of a population or the network
             // with a clock of its own
  kNow,      // between steps, where a host reads or sets variables: brings the event-driven ones of
             // a projection to the beginning of the next step
  kStep,     // every step: everything else, before the fuse pass
  kKernel,   // every step: the nodes of one domain, after it
};

// The word that begins such a block: "on_pre", "kernel", ...
absl::string_view BlockKindName(BlockKind kind);

// A symbol or a random stream that a kernel takes as an argument. The place pass assigns slots.
struct Slot {
  // kState, kParam, kInput, kPopulation (its count), kReduction; kStream: a cell holding the number
  // of the random stream `index`, so that kernels that draw from different streams can share code.
  AttrKind kind = AttrKind::kNone;
  uint32_t index = 0;  // of the symbol, or the number of the stream
  friend bool operator==(const Slot&, const Slot&) = default;
};

// The most passes of a loop. Each pass draws with numbers of its own (R3), which have 16 bits.
inline constexpr uint32_t kMostPasses = 1 << 14;

// A dataflow graph in execution order; nodes run one after another over their whole domain.
struct Block {
  BlockKind kind = BlockKind::kStep;
  std::string name;  // of the loop or kernel, or of the projection; empty for init and step
  DomainId domain = DomainId::kNetwork;  // of a loop, kernel or projection
  // Passes over the nodes, one after another. Only loops, and kernels made of them, have more than
  // one; what one pass leaves to the next is in temporary states.
  uint32_t times = 1;

  // Of on_pre and on_post blocks, of which a projection may have several. Each is a pathway.
  std::string pathway;  // empty for the main one
  // Steps from the spike to the run of the block. Without, on_pre blocks run after the delay of the
  // projection, or of the synapse, and on_post blocks after one step.
  std::optional<uint32_t> delay;
  // Whose spikes run the block: a population of the domain of the source, or of the target.
  // Without, the source or the target.
  std::optional<PopulationId> spikes;

  // A block with a clock runs in the steps offset, offset + every, ... alone, where something of
  // the step runs it: clocks, kernels made of them, and on_step blocks.
  uint32_t every = 1;
  uint32_t offset = 0;
  // An on_step block that sums what synapses are, and changes none of them: it runs where run_sums
  // of this input stands, and not where run_on_step does.
  std::optional<InputId> sums;
  std::vector<Node> nodes;

  // Annotations of the passes on kernels and synaptic blocks.
  uint32_t phase = 0;       // fuse: a barrier separates kernels of different phases
  std::string code;         // place: kernels with equal code share one compiled function
  std::vector<Slot> slots;  // place
  // defer: an engine may run on_post and on_step code later, before anything reads what it stores.
  bool deferred = false;

  // True if the block runs in a step.
  bool IsDue(uint64_t step) const {
    return !HasClock() || (step >= offset && (step - offset) % every == 0);
  }
  bool HasClock() const { return every != 1 || offset != 0; }
};

struct Program {
  std::string name;
  double dt = 0.1;  // ms
  uint64_t seed = 0;
  // A contribution that is coarse (R6) is an error.
  bool strict_sums = false;
  // A spike of step k has the time k dt, that of the start of its step, in place of (k + 1) dt.
  bool spikes_at_start = false;
  std::string directory;  // that table files are relative to; not part of the text

  std::vector<Domain> domains = {Domain{}};  // [0] is the network
  std::vector<Table> tables;
  std::vector<Population> populations;
  std::vector<Group> groups;
  std::vector<Param> params;
  std::vector<State> states;
  std::vector<Input> inputs;
  std::vector<Reduction> reductions;
  std::vector<Projection> projections;
  std::vector<Events> events;

  std::optional<Block> init;
  std::vector<Block> connect;  // in the order of projections, at most one of each
  // on_pre, on_step and on_post, in the order of projections. Where spikes arrive, the on_pre and
  // on_post blocks of a projection run in this order.
  std::vector<Block> synaptic;
  std::vector<Block> now;    // like connect; no pass changes them
  std::vector<Block> loops;  // loops and clocks of the step; none once the fuse pass has run
  std::vector<Block> step;   // one block of kind kStep, or kernels in execution order

  PopulationId AddPopulation(std::string population_name, uint32_t size);
  // A further kind of event of the neurons of a population, given by its domain.
  PopulationId AddEventPopulation(std::string population_name, DomainId domain);
  // True if a population has neurons of its own, and is no event population.
  bool HasNeurons(PopulationId population) const;
  // The number of neurons in all populations.
  uint64_t Neurons() const;
  // Takes everything but `domain`, which it fills in.
  ProjectionId AddProjection(Projection projection);

  // Number of elements of a domain; for projections, which are not counted here, 0.
  uint32_t Size(DomainId domain) const;
  // Number of values that a state holds: one an element, and of a state with a history one for each
  // place and element, place after place. 0 for a state of synapses.
  size_t Values(StateId state) const;
  // "network", or the name of the population or projection.
  absl::string_view DomainName(DomainId domain) const;

  // Index of the symbol with that name, or nullopt.
  std::optional<TableId> FindTable(absl::string_view table_name) const;
  std::optional<StateId> FindState(absl::string_view state_name) const;
  std::optional<ParamId> FindParam(absl::string_view param_name) const;
  std::optional<InputId> FindInput(absl::string_view input_name) const;
  std::optional<ReductionId> FindReduction(absl::string_view reduction_name) const;
  std::optional<LoopId> FindLoop(absl::string_view loop_name) const;
  std::optional<PopulationId> FindPopulation(absl::string_view population_name) const;
  const Group* FindGroup(absl::string_view group_name) const;  // null if there is none
  std::optional<ProjectionId> FindProjection(absl::string_view projection_name) const;

  // The input whose decaying sum a state holds, or nullopt.
  std::optional<InputId> FindInputHeldBy(StateId state) const;

  // The block of a projection, or null.
  const Block* FindConnect(ProjectionId projection) const;
  const Block* FindNow(ProjectionId projection) const;
  // The first block of kind kOnPre, kOnStep or kOnPost, or null; of several on_step blocks the one
  // without a clock, or else the first. Blocks that sum are left out.
  const Block* FindSynaptic(BlockKind kind, ProjectionId projection) const;
  // The synaptic blocks of a projection, in order.
  absl::Span<const Block> SynapticOf(ProjectionId projection) const;
  // The projection of a block over synapses.
  ProjectionId ProjectionOf(const Block& block) const {
    return domains[static_cast<size_t>(block.domain)].index;
  }
  // The population whose spikes run an on_pre or on_post block.
  PopulationId SpikesOf(const Block& block) const;
  // True if an on_pre or on_post block has one delay of its own, rather than those of the synapses.
  static bool HasOwnDelay(const Block& block) {
    return block.kind == BlockKind::kOnPost || block.delay.has_value();
  }
  // The delay of an on_pre or on_post block in steps: the least, where synapses have their own.
  uint32_t DelayOf(const Block& block) const;
  // True if spikes arrive where `deliver` stands in the step, rather than before it.
  bool Delivers() const;
  // All blocks of that kind, in order, but those that sum: of kind kOnStep, there may be several
  // with clocks.
  std::vector<const Block*> SynapticOf(BlockKind kind, ProjectionId projection) const;
  // The block that sums into an input, or null.
  const Block* FindSums(InputId input) const;
  // The state that says how often the neurons of a population spike in a step, or nullopt where
  // each spikes once at most.
  std::optional<StateId> FindRepeats(PopulationId population) const;
  // The most times that a synaptic block runs for one synapse in a step. `delivers` is what
  // Delivers() says, which takes a look at the whole step.
  uint32_t MostRuns(const Block& block, bool delivers) const;
  // The most spikes of one neuron of a population in a step.
  uint32_t MostRepeats(PopulationId population) const;
  // True if hosts see a state as a variable.
  bool IsVariable(StateId state) const;
  // True for a kernel over synapses, or of `deliver`. Such a kernel only runs the blocks of
  // synapses, so that it has no code of its own.
  bool RunsSynapses(const Block& block) const;
  // The states of a projection's synapses, in order.
  std::vector<StateId> SynapseStates(ProjectionId projection) const;
  // True when the rule leaves out the synapses of neurons to themselves.
  bool ExcludesSelf(ProjectionId projection) const;
  // The neurons of the two populations that the rule joins.
  SelectedNeurons SourcesOf(ProjectionId projection) const;
  SelectedNeurons TargetsOf(ProjectionId projection) const;
  // True when the connect block sets a number for each pair.
  bool SetsPairs(ProjectionId projection) const;
  // The numbers on which the number of synapses of a projection depends.
  RuleSizes SizesOf(ProjectionId projection) const;
  // True if each synapse has a weight or delay of its own.
  bool HasOwnWeights(ProjectionId projection) const;
  bool HasOwnDelays(ProjectionId projection) const {
    return projections[projection].max_delay != 0;
  }

  // The steps from the start of the step of a spike to its time, 1 or 0. What people call a delay
  // counts from there, and is so much less than the delay of a projection (R4).
  uint32_t spike_lag() const { return spikes_at_start ? 0 : 1; }

  // The longest delay of all projections and pathways, in steps (at least 1).
  uint32_t MaxDelay() const;
};

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_PROGRAM_H_
