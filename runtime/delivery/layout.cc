#include "runtime/delivery/layout.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/analysis/contributions.h"
#include "compiler/analysis/deferral.h"
#include "ir/access.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/connectivity.h"
#include "runtime/delivery/group_history.h"

namespace bnsyn {
namespace {

constexpr absl::string_view kLayoutNames[] = {"best",      "code", "quanta64",
                                              "targets32", "far",  "apart"};

// Bytes of the sums of a near block, as a power of two: the first-level cache holds them and the
// rows that are read meanwhile. Without near blocks brunel takes 1.24 of its time,
// coba40k-dense 1.08.
constexpr int kNearBytesLog2 = 15;

int NearBlockBits(const ir::Accumulator& sum) {
  int bits = kNearBytesLog2;
  for (size_t bytes = sum.bytes(); bytes > 1; bytes /= 2) --bits;
  return bits;
}

// The mean number of synapses of a row by near blocks. With fewer, rows cost more than near sums
// save.
constexpr double kMeanOfNearRows = 256;

const ir::Block* OnPre(const ir::Program& program, ir::ProjectionId id) {
  return program.FindSynaptic(ir::BlockKind::kOnPre, id);
}

// True if the synapses of a projection do nothing but add contributions that are known now, and
// have at most 64 bits.
bool OnlyAdds(const ir::Program& program, ir::ProjectionId id, bool has_states) {
  const ir::Block* const on_pre = OnPre(program, id);
  if (on_pre == nullptr || has_states || program.SynapticOf(id).size() != 1 ||
      ir::Program::HasOwnDelay(*on_pre) ||
      program.SpikesOf(*on_pre) != program.projections[id].source) {
    return false;
  }
  for (const ir::Node& node : on_pre->nodes) {
    if (!ir::HasResult(node.op) && node.op != ir::Op::kAccumulate) return false;
  }
  const auto is_stored = [&](const compiler::Contribution& c) {
    return c.is_static && !program.inputs[c.input].accumulator.wide;
  };
  const std::vector<compiler::Contribution> all = compiler::FindContributions(program, id);
  return !all.empty() && std::all_of(all.begin(), all.end(), is_stored);
}

// What synapses may add, known before any is drawn.
struct Adding {
  std::vector<compiler::Contribution> contributions;
  std::vector<compiler::Range> ranges;  // by contribution
  std::vector<bool> has_states;         // by domain: it has states of its own
};

// True if a contribution fits 32 bits, whatever the weights are.
bool Fits32Bits(const ir::Program& program, const compiler::Contribution& contribution,
                const compiler::Range& range) {
  const int scale = program.inputs[contribution.input].accumulator.scale_log2;
  return range.bounded() &&
         reference::ToQuanta(range.magnitude(), scale) <= std::numeric_limits<int32_t>::max();
}

bool HasStates(const ir::Program& program, const Adding& adding, ir::ProjectionId id) {
  return adding.has_states[static_cast<size_t>(program.projections[id].domain)];
}

// Sets the form of a group of one projection, and its terms if it is constant.
void ChooseForm(const ir::Program& program, const LayoutLimits& limits, const Adding& adding,
                SynapseGroup& group) {
  const ir::ProjectionId id = group.projections[0];
  group.form = SynapseForm::kCode;
  if (limits.code || !OnlyAdds(program, id, HasStates(program, adding, id))) return;
  // As synapses only add, all contributions are of on_pre; they stand in the order of projections.
  const auto first = std::partition_point(
      adding.contributions.begin(), adding.contributions.end(),
      [id](const compiler::Contribution& contribution) { return contribution.projection < id; });
  auto end = first;
  while (end != adding.contributions.end() && end->projection == id) ++end;
  group.input = first->input;
  if (!program.HasOwnWeights(id)) {
    group.form = SynapseForm::kConstant;
    for (auto term = first; term != end; ++term) {
      const ir::Accumulator& sum = program.inputs[term->input].accumulator;
      const auto quanta = static_cast<int64_t>(reference::ToQuanta(*term->value, sum.scale_log2));
      group.terms.push_back({term->input, quanta / sum.unit});
    }
    return;
  }
  // Synapses with their own weights store the weight if they add to several inputs, or to an input
  // where its value in units differs from step to step.
  if (end - first > 1 || program.inputs[group.input].accumulator.decays()) return;
  const compiler::Range& range =
      adding.ranges[static_cast<size_t>(first - adding.contributions.begin())];
  group.form = limits.quanta64 || !Fits32Bits(program, *first, range) ? SynapseForm::kQuanta64
                                                                      : SynapseForm::kQuanta32;
}

// True if a contribution has the same value in units at both inputs, in every step.
bool DecayAlike(const ir::Accumulator& a, const ir::Accumulator& b) {
  return a.decay == b.decay && a.period == b.period;
}

bool MayShareRows(const ir::Program& program, const SynapseGroup& a, const SynapseGroup& b) {
  if (a.source != b.source || a.form != b.form || a.form == SynapseForm::kCode) return false;
  const ir::Accumulator& one = program.inputs[a.input].accumulator;
  const ir::Accumulator& other = program.inputs[b.input].accumulator;
  if (one.width() != other.width() || !DecayAlike(one, other)) return false;
  if (a.form != SynapseForm::kConstant) return true;
  return a.terms.size() == 1 && b.terms.size() == 1 && a.terms[0].units == b.terms[0].units;
}

void Join(SynapseGroup& group, const SynapseGroup& other) {
  group.projections.push_back(other.projections[0]);
  group.min_delay = std::min(group.min_delay, other.min_delay);
  group.max_delay = std::max(group.max_delay, other.max_delay);
  group.expected += other.expected;
  group.expected_each.push_back(other.expected);
}

// Rows of a group on all threads: those of a thread end in one more, which is empty.
double Rows(const ir::Program& program, const SynapseGroup& group, const SumPlaces& places,
            int threads) {
  const double rows = program.populations[group.source].size * double{1} * group.delays();
  double all = 0;
  for (int thread = 0; thread < threads; ++thread) {
    all += rows * TargetSumsOf(program, group, places, thread).blocks + 1;
  }
  return all;
}

// The cost of one more row and its index, as the bytes of synapses that are read in that time;
// measured on networks of 80 synapses a neuron, whose rows by block hold 2 to 16 synapses.
constexpr double kRowBytes = 90;

// Sets 16 bits unless rows by block cost more than that saves, and near blocks if rows stay long.
void ChooseBlocks(const ir::Program& program, const SumPlaces& places, int threads,
                  const LayoutLimits& limits, SynapseGroup& group) {
  if (group.form == SynapseForm::kCode || limits.targets32) return;
  const double long_rows = Rows(program, group, places, threads);
  group.target_bits = 16;
  const double saved = group.expected * 2;
  if ((Rows(program, group, places, threads) - long_rows) * kRowBytes > saved) {
    group.target_bits = 32;
    return;
  }
  if (limits.far) return;
  group.block_bits = NearBlockBits(program.inputs[group.input].accumulator);
  const double rows = Rows(program, group, places, threads);
  if (group.expected < rows * kMeanOfNearRows) group.block_bits = kFarBlockBits;
}

double GroupBytes(const ir::Program& program, const SynapseGroup& group) {
  return group.expected * SynapseBytes(program, group);
}

}  // namespace

size_t Layout::GroupOf(ir::ProjectionId projection) const {
  const auto holds = [projection](const SynapseGroup& group) {
    return std::find(group.projections.begin(), group.projections.end(), projection) !=
           group.projections.end();
  };
  return static_cast<size_t>(std::find_if(groups.begin(), groups.end(), holds) - groups.begin());
}

absl::string_view FormName(SynapseForm form) {
  switch (form) {
    case SynapseForm::kConstant:
      return "constant";
    case SynapseForm::kQuanta32:
      return "quanta32";
    case SynapseForm::kQuanta64:
      return "quanta64";
    case SynapseForm::kCode:
      return "code";
  }
  return "";
}

absl::Span<const absl::string_view> LayoutNames() { return kLayoutNames; }

absl::StatusOr<LayoutLimits> LimitsByName(absl::string_view name) {
  LayoutLimits limits;
  limits.code = name == "code";
  limits.quanta64 = name == "quanta64";
  limits.targets32 = name == "targets32";
  limits.far = name == "far";
  limits.apart = name == "apart";
  const auto names = LayoutNames();
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return limits;
  const std::vector<std::string> known(names.begin(), names.end());
  return absl::InvalidArgumentError(absl::StrCat("there is no layout '", name, "'",
                                                 ir::DidYouMean(name, known), "; they are ",
                                                 absl::StrJoin(known, ", ")));
}

double SynapsesWithMargin(double expected) { return expected + 6 * std::sqrt(expected) + 64; }

bool KeepsOccurrences(const ir::Program& program, ir::ProjectionId projection) {
  const ir::Rule& rule = program.projections[projection].rule;
  if (!rule.multiple && rule.kind != ir::RuleKind::kList) return false;
  return ir::SynapsesDraw(program, projection) ||
         (program.HasOwnDelays(projection) && !program.SynapseStates(projection).empty());
}

std::vector<SynapseColumn> SynapseColumns(const ir::Program& program, const SynapseGroup& group) {
  std::vector<SynapseColumn> columns = {{"target", static_cast<size_t>(group.target_bits) / 8}};
  const auto add = [&](absl::string_view name, size_t bytes) {
    columns.push_back({std::string(name), bytes});
  };
  if (group.form == SynapseForm::kQuanta32) add("quanta", sizeof(int32_t));
  if (group.form == SynapseForm::kQuanta64) add("quanta", sizeof(int64_t));
  if (group.form != SynapseForm::kCode) return columns;
  const ir::ProjectionId id = group.projections[0];
  if (program.HasOwnWeights(id)) add("weight", sizeof(double));
  if (KeepsOccurrences(program, id)) add("occurrence", sizeof(uint32_t));
  for (const ir::StateId state : program.SynapseStates(id)) {
    const ir::State& declared = program.states[state];
    add(declared.name, static_cast<size_t>(ir::ElementBytes(declared.type.element)));
  }
  if (compiler::NeedsRowsByTarget(program, id)) {
    add("place by target", sizeof(uint32_t));
    add("source by target", sizeof(uint32_t));
  }
  return columns;
}

double SynapseBytes(const ir::Program& program, const SynapseGroup& group) {
  double bytes = 0;
  for (const SynapseColumn& column : SynapseColumns(program, group)) {
    bytes += static_cast<double>(column.bytes);
  }
  return bytes;
}

TargetSums TargetSumsOf(const ir::Program& program, const SynapseGroup& group,
                        const SumPlaces& places, int thread) {
  TargetSums sums;
  if (group.form == SynapseForm::kCode) return sums;
  uint64_t end = 0;
  sums.begin = std::numeric_limits<uint64_t>::max();
  for (const ir::ProjectionId id : group.projections) {
    // A target is a place in the first input that the synapse adds to.
    const ir::InputId input = compiler::FindContributions(program, id)[0].input;
    sums.begin = std::min(sums.begin, places.Begin(input, thread));
    end = std::max(end, places.End(input, thread));
  }
  sums.size = end - sums.begin;
  if (group.target_bits == 16) {
    const uint64_t block = uint64_t{1} << group.block_bits;
    sums.blocks = static_cast<uint32_t>(std::max<uint64_t>(1, (sums.size + block - 1) / block));
  }
  return sums;
}

double IndexBytes(const ir::Program& program, const SynapseGroup& group,
                  const Partition& partition) {
  const SumPlaces places(program, partition);
  double rows = Rows(program, group, places, partition.threads());
  const ir::ProjectionId id = group.projections[0];
  if (group.form == SynapseForm::kCode && compiler::NeedsRowsByTarget(program, id)) {
    const double targets = program.populations[program.projections[id].target].size;
    rows += (targets + 1) * partition.threads();
  }
  return rows * sizeof(uint32_t);
}

absl::StatusOr<Layout> ChooseLayout(const ir::Program& program, const Partition& partition,
                                    const LayoutLimits& limits) {
  Layout layout;
  Adding adding = {
      compiler::FindContributions(program), {}, std::vector<bool>(program.domains.size())};
  for (const ir::State& state : program.states) {
    adding.has_states[static_cast<size_t>(state.type.domain)] = true;
  }
  adding.ranges = compiler::FindContributionRanges(program, adding.contributions);
  std::vector<std::vector<size_t>> groups_of(program.populations.size());  // by source
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Projection& projection = program.projections[id];
    BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                           reference::Connectivity::Create(program, id, {}));
    SynapseGroup group;
    group.projections = {id};
    group.source = projection.source;
    group.min_delay = projection.delay;
    group.max_delay = program.HasOwnDelays(id) ? projection.max_delay : projection.delay;
    group.expected = connectivity.ExpectedSynapses();
    group.expected_each = {group.expected};
    ChooseForm(program, limits, adding, group);
    // Only groups of one source may share rows.
    std::vector<size_t>& candidates = groups_of[group.source];
    const auto other = std::find_if(candidates.begin(), candidates.end(), [&](size_t g) {
      return MayShareRows(program, layout.groups[g], group);
    });
    if (other != candidates.end() && !limits.apart) {
      Join(layout.groups[*other], group);
    } else {
      candidates.push_back(layout.groups.size());
      layout.groups.push_back(std::move(group));
    }
  }
  const SumPlaces places(program, partition);
  for (SynapseGroup& group : layout.groups) {
    ChooseBlocks(program, places, partition.threads(), limits, group);
  }
  std::stable_sort(layout.groups.begin(), layout.groups.end(),
                   [&](const SynapseGroup& a, const SynapseGroup& b) {
                     return GroupBytes(program, a) > GroupBytes(program, b);
                   });
  return layout;
}

namespace {

// What the synapses of a group of form code take, column by column.
std::string DescribeColumns(const ir::Program& program, const SynapseGroup& group, double index,
                            double histories) {
  std::string text = "  each";
  size_t copied = 0;
  for (const SynapseColumn& column : SynapseColumns(program, group)) {
    absl::StrAppend(&text, text == "  each" ? " " : ", ", column.name, " ", column.bytes);
  }
  for (const ir::StateId state : program.SynapseStates(group.projections[0])) {
    copied += static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  }
  const double synapses = std::max(group.expected, 1.0);
  absl::StrAppendFormat(&text, ", index %.2f", index / synapses);
  if (histories != 0) absl::StrAppendFormat(&text, ", histories %.2f", histories / synapses);
  absl::StrAppendFormat(&text, ": %.2f bytes in all",
                        SynapseBytes(program, group) + (index + histories) / synapses);
  if (copied != 0) absl::StrAppendFormat(&text, ", and %d of a copy to find faults by", copied);
  return text + "\n";
}

}  // namespace

std::string DescribeLayout(const ir::Program& program, const Layout& layout,
                           const Partition& partition) {
  std::string text = absl::StrCat("layout of synapses on ", partition.threads(), " thread",
                                  partition.threads() == 1 ? "" : "s", "\n");
  double synapses = 0;
  double bytes = 0;
  for (const SynapseGroup& group : layout.groups) {
    const double index = IndexBytes(program, group, partition);
    const double histories = HistoryBytes(program, group.projections[0], group, partition);
    synapses += group.expected;
    bytes += GroupBytes(program, group) + index + histories;
    absl::StrAppendFormat(
        &text,
        "group %s: %s, targets of %d bits%s, %s%g bytes a synapse, delays %u to %u, index %.0f "
        "bytes%s\n",
        program.populations[group.source].name, FormName(group.form), group.target_bits,
        group.near() ? absl::StrCat(" in blocks of ", 1 << group.block_bits) : "",
        group.form == SynapseForm::kCode
            ? ""
            : absl::StrCat("sums of ", program.inputs[group.input].accumulator.width(), ", "),
        SynapseBytes(program, group), group.min_delay, group.max_delay, index,
        histories == 0 ? "" : absl::StrFormat(", histories %.0f bytes", histories));
    for (const ir::ProjectionId id : group.projections) {
      absl::StrAppend(&text, "  ", program.projections[id].name, "\n");
    }
    if (group.form == SynapseForm::kCode) {
      absl::StrAppend(&text, DescribeColumns(program, group, index, histories));
    }
  }
  absl::StrAppendFormat(&text, "%.0f synapses expected, %.0f bytes, %.2f bytes a synapse\n",
                        synapses, bytes, synapses > 0 ? bytes / synapses : 0.0);
  return text;
}

}  // namespace bnsyn
