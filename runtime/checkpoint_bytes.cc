#include "runtime/checkpoint_bytes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "compiler/emission/object_cache.h"
#include "ir/status_macros.h"
#include "reference/array.h"

namespace bnsyn {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr absl::string_view kMagic = "bnsyn checkpoint";
constexpr uint64_t kVersion = 1;
constexpr size_t kAlignment = 8;
constexpr size_t kHashDigits = 32;
// What the checksum is of begins behind it.
constexpr size_t kChecked = 48;
constexpr size_t kHeader = kChecked + kHashDigits + 16;
constexpr uint64_t kMostSteps = uint64_t{1} << 48;

struct Checksum {
  uint64_t high = 0;
  uint64_t low = 0;
};

// FNV-1a of 128 bits, by words of 64: each change of one word changes it.
Checksum ChecksumOf(absl::string_view bytes) {
  using Wide = unsigned __int128;
  constexpr Wide kPrime = (Wide{1} << 88) | 0x13b;
  Wide hash = (Wide{0x6c62272e07bb0142} << 64) | 0x62b821756295c58d;
  for (; bytes.size() >= kAlignment; bytes.remove_prefix(kAlignment)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), kAlignment);
    hash = (hash ^ word) * kPrime;
  }
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return {static_cast<uint64_t>(hash >> 64), static_cast<uint64_t>(hash)};
}

// Takes parts one after another: their bytes, or their number alone.
class Output {
 public:
  explicit Output(std::string* bytes) : bytes_(bytes) {}

  uint64_t size() const { return size_; }
  void Bytes(const void* data, size_t size) {
    size_ += size;
    if (bytes_ != nullptr) bytes_->append(static_cast<const char*>(data), size);
  }
  // A part that the caller fills in; null if it is only counted.
  char* Room(size_t size) {
    size_ += size;
    if (bytes_ == nullptr) return nullptr;
    bytes_->resize(size_);
    return bytes_->data() + (size_ - size);
  }
  template <typename T>
  void Number(T number) {
    static_assert(sizeof(T) == kAlignment);
    Bytes(&number, sizeof(number));
  }
  // To the next multiple of 8 bytes.
  void Align() {
    constexpr char kNothing[kAlignment] = {};
    Bytes(kNothing, (kAlignment - size_ % kAlignment) % kAlignment);
  }

 private:
  std::string* bytes_;
  uint64_t size_ = 0;
};

// Reads parts one after another. Beyond the end everything is 0, and failed() is true.
class Input {
 public:
  // The number of bytes must be a multiple of 8.
  explicit Input(absl::string_view bytes) : bytes_(bytes) {}

  bool failed() const { return failed_; }
  bool AtEnd() const { return bytes_.empty() && !failed_; }
  // Of `count` elements of so many bytes each.
  absl::string_view Bytes(uint64_t count, size_t size) {
    if (failed_ || count > bytes_.size() / size) {
      failed_ = true;
      return {};
    }
    const absl::string_view part = bytes_.substr(0, count * size);
    bytes_.remove_prefix(part.size());
    // What fills up the last word is 0, so that a moment has one way to be written.
    while (bytes_.size() % kAlignment != 0) {
      failed_ |= bytes_[0] != 0;
      bytes_.remove_prefix(1);
    }
    return part;
  }
  template <typename T>
  T Number() {
    static_assert(sizeof(T) == kAlignment);
    T number = {};
    const absl::string_view part = Bytes(1, sizeof(T));
    if (!failed_) std::memcpy(&number, part.data(), sizeof(T));
    return number;
  }
  // So many elements as there should be.
  template <typename T>
  std::vector<T> Numbers(uint64_t expected) {
    std::vector<T> numbers;
    failed_ |= Number<uint64_t>() != expected;
    const absl::string_view part = Bytes(expected, sizeof(T));
    if (failed_) return numbers;
    numbers.resize(expected);
    if (expected != 0) std::memcpy(numbers.data(), part.data(), part.size());
    return numbers;
  }
  void Fail() { failed_ = true; }

 private:
  absl::string_view bytes_;
  bool failed_ = false;
};

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      what, "\n  note: use an older checkpoint, or run the network from its beginning"));
}

absl::Status DoesNotFit(absl::string_view part) {
  return Damaged(absl::StrCat("the checkpoint does not fit the network: its ", part,
                              " are none that this network can have"));
}

// The bytes in which all of them can be written.
uint64_t BytesOfSums(const std::vector<reference::Quanta>& sums) {
  uint64_t bytes = 0;
  for (const reference::Quanta sum : sums) {
    if (sum == 0) continue;
    const bool narrow =
        sum >= std::numeric_limits<int64_t>::min() && sum <= std::numeric_limits<int64_t>::max();
    bytes = std::max(bytes, uint64_t{narrow ? 8u : 16u});
  }
  return bytes;
}

void WriteSums(const std::vector<reference::Quanta>& sums, Output& out) {
  const uint64_t bytes = BytesOfSums(sums);
  out.Number(bytes);
  if (bytes == 0) return;
  for (const reference::Quanta sum : sums) {
    out.Number(absl::Int128Low64(sum));
    if (bytes == 16) out.Number(absl::Int128High64(sum));
  }
}

std::vector<reference::Quanta> ReadSums(Input& in, uint32_t size) {
  std::vector<reference::Quanta> sums(size, 0);
  const auto bytes = in.Number<uint64_t>();
  if (bytes == 0) return sums;
  if (bytes != 8 && bytes != 16) in.Fail();
  for (reference::Quanta& sum : sums) {
    const auto low = in.Number<int64_t>();
    sum = bytes == 8 ? reference::Quanta(low)
                     : absl::MakeInt128(in.Number<int64_t>(), static_cast<uint64_t>(low));
    if (in.failed()) break;
  }
  if (BytesOfSums(sums) != bytes) in.Fail();
  return sums;
}

// True if an input can hold such sums between two steps.
bool AreSums(const std::vector<reference::Quanta>& sums, const ir::Accumulator& accumulator) {
  return std::all_of(sums.begin(), sums.end(), [&](const reference::Quanta sum) {
    return accumulator.decays() ? reference::Magnitude(sum) <= reference::kMaxExactSum
                                : reference::LimitsOf(accumulator).Holds(sum);
  });
}

// True if a host can have set such parameters.
bool AreParams(const std::vector<ir::Bits>& params, const ir::Program& program) {
  for (ir::ParamId id = 0; id < params.size(); ++id) {
    const ir::Param& declared = program.params[id];
    const bool finite =
        declared.element != ir::Element::kF64 || std::isfinite(ir::F64OfBits(params[id]));
    if (declared.tunable ? !finite : params[id] != declared.value) return false;
  }
  return true;
}

void WriteSpikes(const reference::Moment& moment, Output& out) {
  for (size_t p = 0; p < moment.spikes.size(); ++p) {
    out.Number(moment.spike_counts[p]);
    for (const std::vector<uint32_t>& step : moment.spikes[p]) {
      out.Number(uint64_t{step.size()});
      out.Bytes(step.data(), step.size() * sizeof(uint32_t));
      out.Align();
    }
  }
}

// True if a list can be that of the spikes of one step: sorted, no neuron more often than `most`.
bool AreSpikes(const std::vector<uint32_t>& spikes, uint32_t neurons, uint32_t most) {
  for (size_t i = 0; i < spikes.size(); ++i) {
    if (spikes[i] >= neurons || (i > 0 && spikes[i] < spikes[i - 1])) return false;
    if (i >= most && spikes[i] == spikes[i - most]) return false;
  }
  return true;
}

void ReadSpikes(Input& in, const ir::Program& program, reference::Moment& moment) {
  const reference::StepsInFlight steps = reference::InFlightBefore(program, moment.step);
  for (ir::PopulationId p = 0; p < program.populations.size() && !in.failed(); ++p) {
    // Where the step delivers, as many may be injected beside those that are found.
    const uint32_t most = program.MostRepeats(p) * (program.Delivers() ? 2 : 1);
    const uint32_t neurons = program.populations[p].size;
    moment.spike_counts.push_back(in.Number<uint64_t>());
    std::vector<std::vector<uint32_t>>& lists = moment.spikes.emplace_back();
    for (uint32_t i = 0; i < steps.count && !in.failed(); ++i) {
      const auto count = in.Number<uint64_t>();
      const absl::string_view part = in.Bytes(count, sizeof(uint32_t));
      std::vector<uint32_t>& list = lists.emplace_back(in.failed() ? 0 : count);
      if (!list.empty()) std::memcpy(list.data(), part.data(), part.size());
      if (!AreSpikes(list, neurons, most)) in.Fail();
    }
  }
}

void WriteCoarse(const reference::CoarseTallies& coarse, Output& out) {
  out.Number(uint64_t{coarse.size()});
  for (const auto& [source, tally] : coarse) {
    out.Number(static_cast<uint64_t>(source.kind));
    out.Number(uint64_t{source.index});
    out.Number(uint64_t{source.input});
    out.Number(tally.count);
    out.Number(tally.error);
    out.Number(tally.value);
  }
}

void ReadCoarse(Input& in, const ir::Program& program, reference::Moment& moment) {
  const auto count = in.Number<uint64_t>();
  for (uint64_t i = 0; i < count && !in.failed(); ++i) {
    const auto kind = in.Number<uint64_t>();
    const auto index = in.Number<uint64_t>();
    const auto input = in.Number<uint64_t>();
    reference::CoarseTally tally;
    tally.count = in.Number<uint64_t>();
    tally.error = in.Number<double>();
    tally.value = in.Number<double>();
    const size_t sources = kind == 0 ? program.projections.size() : program.events.size();
    if (kind > 1 || index >= sources || input >= program.inputs.size()) {
      in.Fail();
      break;
    }
    const reference::CoarseSource source = {static_cast<reference::CoarseSource::Kind>(kind),
                                            static_cast<uint32_t>(index),
                                            static_cast<ir::InputId>(input)};
    if (!moment.coarse.empty() && source <= moment.coarse.rbegin()->first) in.Fail();
    moment.coarse[source] = tally;
  }
}

void WriteStates(const Engine& engine, Output& out) {
  const ir::Program& program = engine.lowered();
  for (ir::StateId state = 0; state < program.states.size(); ++state) {
    if (program.states[state].temporary) continue;
    const uint64_t count = engine.ValueCount(state);
    const auto bytes = static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
    out.Number(count);
    char* const room = out.Room(count * bytes);
    if (room != nullptr) engine.ReadValues(state, room);
    out.Align();
  }
}

// The values of each state, in the bytes; of those that are temporary none.
std::vector<absl::string_view> ReadStates(Input& in, const Engine& engine) {
  const ir::Program& program = engine.lowered();
  std::vector<absl::string_view> values(program.states.size());
  for (ir::StateId state = 0; state < program.states.size() && !in.failed(); ++state) {
    if (program.states[state].temporary) continue;
    const ir::Element element = program.states[state].type.element;
    const uint64_t count = engine.ValueCount(state);
    if (in.Number<uint64_t>() != count) in.Fail();
    values[state] = in.Bytes(count, static_cast<size_t>(ir::ElementBytes(element)));
    const bool valid = element != ir::Element::kBool ||
                       std::all_of(values[state].begin(), values[state].end(),
                                   [](char value) { return value == 0 || value == 1; });
    if (!valid) in.Fail();
  }
  return values;
}

// The bytes of the largest copy that is made of past values, of which one is made at a time.
uint64_t LargestHistory(const Engine& engine) {
  const ir::Program& program = engine.lowered();
  uint64_t largest = 0;
  for (ir::StateId state = 0; state < program.states.size(); ++state) {
    const ir::State& declared = program.states[state];
    if (declared.temporary || declared.history == 0) continue;
    const auto bytes = static_cast<uint64_t>(ir::ElementBytes(declared.type.element));
    largest = std::max(largest, engine.ValueCount(state) * bytes);
  }
  return largest;
}

CheckpointHeader TakeHeader(absl::string_view bytes) {
  Input in(bytes.substr(kChecked));
  CheckpointHeader header;
  header.program = std::string(in.Bytes(kHashDigits, 1));
  header.step = in.Number<uint64_t>();
  header.dt = in.Number<double>();
  return header;
}

absl::string_view TakeText(Input& in) {
  const auto size = in.Number<uint64_t>();
  return in.Bytes(size, 1);
}

// What follows the declarations.
ChangedParameters TakeChanged(Input& in) {
  TakeText(in);
  ChangedParameters changed;
  const auto count = in.Number<uint64_t>();
  for (uint64_t i = 0; i < count && !in.failed(); ++i) {
    const std::string name(TakeText(in));
    const std::string value(TakeText(in));
    if (!changed.empty() && name <= changed.rbegin()->first) in.Fail();
    changed[name] = value;
  }
  return changed;
}

void WriteText(const std::string& text, Output& out) {
  out.Number(uint64_t{text.size()});
  out.Bytes(text.data(), text.size());
  out.Align();
}

void Write(const Engine& engine, const reference::Moment& moment, const SavedProgram& program,
           const ChangedParameters& changed, Output& out) {
  out.Bytes(kMagic.data(), kMagic.size());
  out.Number(kVersion);
  out.Number(uint64_t{0});  // the number of bytes and the checksum come last
  out.Number(uint64_t{0});
  out.Number(uint64_t{0});
  out.Bytes(program.hash.data(), kHashDigits);
  out.Number(moment.step);
  out.Number(engine.lowered().dt);
  WriteText(program.declarations, out);
  out.Number(uint64_t{changed.size()});
  for (const auto& [name, value] : changed) {
    WriteText(name, out);
    WriteText(value, out);
  }
  out.Number(uint64_t{moment.params.size()});
  for (const ir::Bits bits : moment.params) out.Number(uint64_t{bits});
  out.Number(uint64_t{moment.totals.size()});
  for (const double total : moment.totals) out.Number(total);
  for (const std::vector<reference::Quanta>& sums : moment.sums) WriteSums(sums, out);
  WriteSpikes(moment, out);
  out.Number(moment.spike_digest.high);
  out.Number(moment.spike_digest.low);
  WriteCoarse(moment.coarse, out);
  WriteStates(engine, out);
}

}  // namespace

SavedProgram SavedProgramOf(const std::string& text) {
  SavedProgram program;
  program.hash = compiler::HashText(text);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::EndsWith(line, " {")) break;
    const size_t end = absl::StartsWith(line, "table ") ? line.find(" values=[") : line.size();
    absl::StrAppend(&program.declarations, line.substr(0, end), "\n");
  }
  return program;
}

absl::StatusOr<CheckpointHeader> CheckBytes(absl::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return absl::InvalidArgumentError(
        "this is no checkpoint\n  note: Simulation::Save and `bnsyn run --checkpoint-every` make "
        "them");
  }
  uint64_t words[4] = {};  // the version, the number of bytes, and the checksum
  const absl::string_view rest = bytes.substr(kMagic.size());
  std::memcpy(words, rest.data(), std::min(rest.size(), sizeof(words)));
  const auto [version, size, high, low] = words;
  if (bytes.size() >= kHeader && version == uint64_t{kVersion} << 56) {
    return absl::InvalidArgumentError(
        "the checkpoint was saved on a machine with another byte order\n  note: continue on one "
        "with the byte order of the machine that saved it");
  }
  if (bytes.size() >= kHeader && version != kVersion) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the checkpoint has version ", version, " of its format, but this bnsyn reads ", "version ",
        kVersion, "\n  note: continue with the bnsyn that saved it"));
  }
  if (bytes.size() < kHeader || size != bytes.size() || size % kAlignment != 0) {
    return Damaged(absl::StrCat("the checkpoint has ", bytes.size(), " bytes, but ",
                                bytes.size() < kHeader
                                    ? absl::StrCat("its header alone has ", kHeader)
                                    : absl::StrCat("says that it has ", size),
                                ": it was not written or copied whole"));
  }
  const Checksum checksum = ChecksumOf(bytes.substr(kChecked));
  if (checksum.high != high || checksum.low != low) {
    return Damaged("the checksum of the checkpoint is wrong: some of its bytes have changed");
  }
  CheckpointHeader header = TakeHeader(bytes);
  if (header.step > kMostSteps || !(header.dt > 0) || !std::isfinite(header.dt)) {
    return DoesNotFit("step and its length");
  }
  return header;
}

absl::StatusOr<ChangedParameters> ReadChanged(absl::string_view bytes) {
  Input in(bytes.substr(kHeader));
  ChangedParameters changed = TakeChanged(in);
  if (in.failed()) return DoesNotFit("changed parameters");
  return changed;
}

absl::string_view ReadDeclarations(absl::string_view bytes) {
  Input in(bytes.substr(kHeader));
  return TakeText(in);
}

absl::StatusOr<CheckpointContents> ReadContents(absl::string_view bytes, const Engine& engine) {
  const CheckpointHeader header = TakeHeader(bytes);
  const ir::Program& program = engine.lowered();
  if (header.dt != program.dt) return DoesNotFit("steps");
  Input in(bytes.substr(kHeader));
  TakeChanged(in);
  CheckpointContents contents;
  reference::Moment& moment = contents.moment;
  moment.step = header.step;
  moment.params = in.Numbers<ir::Bits>(program.params.size());
  moment.totals = in.Numbers<double>(program.reductions.size());
  if (in.failed() || !AreParams(moment.params, program)) return DoesNotFit("parameters");
  for (const ir::Input& input : program.inputs) {
    moment.sums.push_back(ReadSums(in, program.Size(input.population)));
    if (!AreSums(moment.sums.back(), input.accumulator)) in.Fail();
  }
  if (in.failed()) return DoesNotFit("synaptic inputs");
  ReadSpikes(in, program, moment);
  if (in.failed()) return DoesNotFit("spikes");
  moment.spike_digest.high = in.Number<uint64_t>();
  moment.spike_digest.low = in.Number<uint64_t>();
  ReadCoarse(in, program, moment);
  if (in.failed()) return DoesNotFit("counts of coarse contributions");
  const std::vector<absl::string_view> states = ReadStates(in, engine);
  if (!in.AtEnd()) return DoesNotFit("states");
  contents.values = [states, &program](ir::StateId state) {
    const ir::Element element = program.states[state].type.element;
    const absl::string_view part = states[state];
    return reference::CopyOf(
        {element, part.data(), part.size() / static_cast<size_t>(ir::ElementBytes(element))});
  };
  return contents;
}

void Seal(std::string& bytes) {
  const uint64_t size = bytes.size();
  const Checksum checksum = ChecksumOf(absl::string_view(bytes).substr(kChecked));
  const uint64_t words[] = {size, checksum.high, checksum.low};
  std::memcpy(bytes.data() + kMagic.size() + sizeof(kVersion), words, sizeof(words));
}

absl::StatusOr<std::string> WriteCheckpoint(const Engine& engine, const SavedProgram& program,
                                            const ChangedParameters& changed,
                                            const MemoryCheck& check) {
  const reference::Moment moment = engine.Now();
  Output count(nullptr);
  Write(engine, moment, program, changed, count);
  BNSYN_RETURN_IF_ERROR(check(count.size() + LargestHistory(engine)));
  std::string bytes;
  bytes.reserve(count.size());
  Output out(&bytes);
  Write(engine, moment, program, changed, out);
  Seal(bytes);
  return bytes;
}

}  // namespace bnsyn
