#include "recording/record_source.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/language/expression.h"
#include "compiler/lowering/select_neurons.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "runtime/conversion.h"
#include "runtime/named_neurons.h"
#include "runtime/simulation_internal.h"

namespace bnsyn {
namespace {

using compiler::Constant;

// A text given in C++ has no file; it is its own name in errors.
ir::SourceText Named(const ir::SourceText& text) {
  ir::SourceText named = text;
  if (named.name.empty()) named.name = named.text;
  return named;
}

// A group has a file of its own name, "left.V"; neurons without a name have that of their variable.
std::string FileName(const ir::Program& program, const std::string& text,
                     const std::string& variable) {
  const size_t point = text.find('.');
  const std::string before = text.substr(0, text.find_first_of(".["));
  if (point == std::string::npos || program.FindGroup(before) == nullptr) return variable;
  return absl::StrCat(before, variable.substr(variable.find('.')));
}

absl::Status CheckFileName(const Record& record, const std::string& name) {
  const bool fine =
      !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), [](const char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' ||
               c == '-';
      });
  if (fine) return absl::OkStatus();
  ir::SourceText place = record.place;
  if (place.name.empty()) place = {"record", name, 1, 1};
  return compiler::ErrorIn(place, absl::StrCat("'", name, "' cannot name a record"),
                           "files have its name: letters, digits, '_', '-' and '.' within");
}

absl::StatusOr<uint64_t> Steps(const std::optional<Setting>& time, uint64_t otherwise,
                               const std::vector<Constant>& constants, absl::string_view what) {
  if (!time.has_value()) return otherwise;
  return compiler::EvaluateSteps(*time, constants, constants[0].value, what);
}

}  // namespace

absl::StatusOr<RecordSource> RecordSource::Create(const Simulation& simulation,
                                                  const Record& record) {
  const ir::Program& program = ProgramOf(simulation);
  RecordSource source;
  RecordShape& shape = source.shape_;
  shape.kind = record.kind;
  shape.dt_ms = program.dt;
  shape.seed = program.seed;
  source.spike_lag_ = program.spike_lag();
  const std::vector<Constant> constants = {{"dt", Quantity(program.dt, Unit{dimension::kTime, 0})}};
  BNSYN_ASSIGN_OR_RETURN(shape.start, Steps(record.start, 0, constants, "start"));
  BNSYN_ASSIGN_OR_RETURN(shape.stop, Steps(record.stop, UINT64_MAX, constants, "stop"));
  BNSYN_ASSIGN_OR_RETURN(shape.every, Steps(record.every, 1, constants, "every"));
  if (shape.every == 0) {
    return compiler::ErrorIn(compiler::NamePlace(*record.every, "every"),
                             "the time between samples is at least one step");
  }
  if (record.kind == RecordKind::kSpikes) {
    BNSYN_RETURN_IF_ERROR(source.ChooseSpikes(simulation, record));
  } else {
    BNSYN_RETURN_IF_ERROR(source.ChooseVariable(simulation, record));
  }
  if (record.kind == RecordKind::kStatistics) {
    BNSYN_ASSIGN_OR_RETURN(const ir::StateId state, source.sampler_->State());
    BNSYN_RETURN_IF_ERROR(source.ChooseBins(program.states[state], record, constants));
    shape.type = RecordedType::kF64;
    shape.columns = ColumnsOf(source.bins_);
    shape.elements.clear();
    absl::StrAppend(&shape.name, ".statistics");
  }
  if (!record.name.empty()) shape.name = record.name;
  BNSYN_RETURN_IF_ERROR(CheckFileName(record, shape.name));
  return source;
}

absl::Status RecordSource::ChooseSpikes(const Simulation& simulation, const Record& record) {
  const ir::Program& program = ProgramOf(simulation);
  chosen_.resize(program.populations.size());
  std::vector<std::vector<bool>> masks(program.populations.size());
  std::vector<bool> taken(program.populations.size(), record.of.empty());
  std::string first;
  for (const ir::SourceText& text : record.of) {
    const ir::SourceText named = Named(text);
    BNSYN_ASSIGN_OR_RETURN(const compiler::Expr expr, compiler::ParseExpression(named));
    BNSYN_ASSIGN_OR_RETURN(const compiler::NeuronSet set,
                           compiler::SelectNeurons(expr, named, NamedNeuronsOf(program), {}));
    taken[set.section] = true;
    std::vector<bool>& mask = masks[set.section];
    mask.resize(program.populations[set.section].size);
    for (const uint32_t neuron : NumbersOf(set)) mask[neuron] = true;
    if (first.empty()) first = text.text.substr(0, text.text.find('['));
  }
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    if (!taken[p]) continue;
    chosen_[p].number = static_cast<uint32_t>(shape_.populations.size());
    if (std::find(masks[p].begin(), masks[p].end(), false) != masks[p].end()) {
      chosen_[p].neurons = std::move(masks[p]);
    }
    shape_.populations.push_back(program.populations[p].name);
    shape_.sizes.push_back(program.populations[p].size);
  }
  shape_.name = first.empty() ? "spikes" : absl::StrCat(first, ".spikes");
  return absl::OkStatus();
}

absl::Status RecordSource::ChooseVariable(const Simulation& simulation, const Record& record) {
  if (record.of.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a record of a variable names one, as in exc.V, not ", record.of.size()));
  }
  const ir::Program& program = ProgramOf(simulation);
  BNSYN_ASSIGN_OR_RETURN(sampler_, Sampler::Create(simulation, Named(record.of[0])));
  BNSYN_ASSIGN_OR_RETURN(const ir::StateId id, sampler_->State());
  const ir::State& state = program.states[id];
  shape_.variable = state.name;
  shape_.unit = state.unit;
  shape_.name = FileName(program, record.of[0].text, state.name);
  const bool whole = state.type.element == ir::Element::kI64;
  shape_.type = record.single ? RecordedType::kF32
                : whole       ? RecordedType::kI64
                              : RecordedType::kF64;
  for (const ir::Population& population : program.populations) {
    if (state.type.uniform() || population.domain != state.type.domain) continue;
    shape_.populations = {population.name};
    shape_.sizes = {population.size};
  }
  if (state.type.uniform()) return absl::OkStatus();
  if (sampler_->elements().has_value()) {
    shape_.elements = *sampler_->elements();
    return absl::OkStatus();
  }
  return sampler_->Read([&](reference::ArrayView values) {
    for (uint32_t i = 0; i < values.size; ++i) shape_.elements.push_back(i);
    return absl::OkStatus();
  });
}

absl::Status RecordSource::ChooseBins(const ir::State& state, const Record& record,
                                      const std::vector<Constant>& constants) {
  constexpr double kMax = std::numeric_limits<double>::max();
  Bins bins;
  const bool bounded = state.lower > -kMax && state.upper < kMax && state.lower < state.upper;
  if (bounded) {
    bins.low = state.lower;
    bins.high = state.upper;
  }
  const std::optional<Unit> unit = ParseUnit(state.unit.empty() ? "1" : state.unit);
  const auto edge = [&](const std::optional<Setting>& setting, const char* what,
                        double& value) -> absl::Status {
    if (!setting.has_value()) return absl::OkStatus();
    BNSYN_ASSIGN_OR_RETURN(const Quantity given, compiler::Evaluate(*setting, constants, what));
    value = given.value;
    if (!unit.has_value() || unit->dimension == given.dimension) return absl::OkStatus();
    return compiler::ErrorIn(
        compiler::NamePlace(*setting, what),
        absl::StrCat("'", compiler::NamePlace(*setting, what).text, "' is ",
                     DescribeDimension(given.dimension), ", but the variable is ",
                     DescribeDimension(unit->dimension)));
  };
  BNSYN_RETURN_IF_ERROR(edge(record.low, "low", bins.low));
  BNSYN_RETURN_IF_ERROR(edge(record.high, "high", bins.high));
  if (record.bins.has_value()) {
    BNSYN_ASSIGN_OR_RETURN(const Quantity number,
                           compiler::Evaluate(*record.bins, constants, Dimension{}, "bins"));
    if (!(number.value >= 1 && number.value <= kMostBins) ||
        number.value != std::floor(number.value)) {
      return compiler::ErrorIn(compiler::NamePlace(*record.bins, "bins"),
                               absl::StrCat("the number of bins is from 1 to ", kMostBins));
    }
    bins.number = static_cast<uint32_t>(number.value);
  }
  if (!bounded && record.low.has_value() != record.high.has_value()) {
    const Setting& given = record.low.has_value() ? *record.low : *record.high;
    return compiler::ErrorIn(compiler::NamePlace(given, "bins"),
                             "bins have two ends, low and high, and the variable has no bounds");
  }
  const bool has = bounded || (record.low.has_value() && record.high.has_value());
  if (!has) return absl::OkStatus();
  if (!(bins.low < bins.high)) {
    const Setting& given = record.low.has_value() ? *record.low : *record.high;
    return compiler::ErrorIn(compiler::NamePlace(given, "low"),
                             "the bins go from a lower to a higher number");
  }
  bins_ = bins;
  return absl::OkStatus();
}

uint64_t RecordSource::NextSample(uint64_t step) const {
  if (takes_spikes()) return UINT64_MAX;
  if (step <= shape_.start) return shape_.start <= shape_.stop ? shape_.start : UINT64_MAX;
  const uint64_t since = step - shape_.start;
  const uint64_t rest = since % shape_.every;
  const uint64_t wait = rest == 0 ? 0 : shape_.every - rest;
  return wait > UINT64_MAX - step || step + wait > shape_.stop ? UINT64_MAX : step + wait;
}

absl::StatusOr<Statistics> RecordSource::PresentStatistics() const {
  std::vector<double> values;
  const std::optional<std::vector<uint32_t>>& elements = sampler_->elements();
  BNSYN_RETURN_IF_ERROR(sampler_->Read([&](reference::ArrayView view) -> absl::Status {
    values.reserve(elements.has_value() ? elements->size() : view.size);
    for (size_t i = 0; i < (elements.has_value() ? elements->size() : view.size); ++i) {
      BNSYN_ASSIGN_OR_RETURN(
          const double value,
          ToExactDouble(view.element, view.bits(elements.has_value() ? (*elements)[i] : i),
                        shape_.variable));
      values.push_back(value);
    }
    return absl::OkStatus();
  }));
  return StatisticsOf(values, bins_);
}

absl::Status RecordSource::Sample(uint64_t step, RecordData& data) const {
  if (shape_.kind == RecordKind::kStatistics) {
    BNSYN_ASSIGN_OR_RETURN(const Statistics statistics, PresentStatistics());
    const std::vector<double> numbers = bnsyn::NumbersOf(statistics);
    data.f64.insert(data.f64.end(), numbers.begin(), numbers.end());
  } else {
    const std::optional<std::vector<uint32_t>>& elements = sampler_->elements();
    BNSYN_RETURN_IF_ERROR(sampler_->Read([&](reference::ArrayView view) -> absl::Status {
      const size_t size = elements.has_value() ? elements->size() : view.size;
      if (view.element == ir::Element::kF64 && shape_.type == RecordedType::kF64 &&
          !elements.has_value()) {
        const auto* const values = static_cast<const double*>(view.data);
        data.f64.insert(data.f64.end(), values, values + size);
        return absl::OkStatus();
      }
      for (size_t i = 0; i < size; ++i) {
        const ir::Bits bits = view.bits(elements.has_value() ? (*elements)[i] : i);
        if (shape_.type == RecordedType::kI64) {
          data.i64.push_back(static_cast<int64_t>(bits));
          continue;
        }
        BNSYN_ASSIGN_OR_RETURN(const double value,
                               ToExactDouble(view.element, bits, shape_.variable));
        if (shape_.type == RecordedType::kF32) {
          data.f32.push_back(static_cast<float>(value));
        } else {
          data.f64.push_back(value);
        }
      }
      return absl::OkStatus();
    }));
  }
  data.steps.push_back(step);
  data.times.push_back(static_cast<double>(step) * shape_.dt_ms);
  return absl::OkStatus();
}

void RecordSource::AddSpikes(ir::PopulationId population, uint64_t step,
                             absl::Span<const uint32_t> neurons, absl::Span<const double> before,
                             RecordData& data) const {
  const Chosen& chosen = chosen_[population];
  if (!chosen.number.has_value() || step < shape_.start || step >= shape_.stop) return;
  const double time = static_cast<double>(step + spike_lag_) * shape_.dt_ms;
  for (size_t i = 0; i < neurons.size(); ++i) {
    if (!chosen.neurons.empty() && !chosen.neurons[neurons[i]]) continue;
    data.steps.push_back(step);
    data.times.push_back(before.empty() ? time : time - before[i]);
    data.neurons.push_back(neurons[i]);
    data.populations.push_back(*chosen.number);
  }
}

uint64_t BytesOf(const RecordData& data) {
  return 8 * (data.steps.size() + data.times.size() + data.f64.size() + data.i64.size()) +
         4 * (data.neurons.size() + data.populations.size() + data.f32.size());
}

}  // namespace bnsyn
