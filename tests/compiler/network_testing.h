// Networks in tests: from text to program, and running on the oracle.
#ifndef BNSYN_TESTS_COMPILER_NETWORK_TESTING_H_
#define BNSYN_TESTS_COMPILER_NETWORK_TESTING_H_

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "reference/interpreter.h"

namespace bnsyn {

inline ir::Program MustLower(const std::string& text, const std::string& directory = ".") {
  const absl::StatusOr<Network> network = ParseNetwork(text, "test.toml", directory);
  EXPECT_TRUE(network.ok()) << network.status().message();
  if (!network.ok()) return {};
  absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  EXPECT_TRUE(program.ok()) << program.status().message();
  return program.ok() ? *std::move(program) : ir::Program();
}

// Runs a program on the oracle.
class Oracle {
 public:
  explicit Oracle(ir::Program program) {
    auto made = reference::Interpreter::Create(std::move(program), reference::Propagation::kCsr);
    EXPECT_TRUE(made.ok()) << made.status().message();
    if (made.ok()) interpreter_ = *std::move(made);
  }

  // Also counts spikes, and notes the steps at which neuron 0 of population 0 spiked.
  void Steps(int n) {
    for (int k = 0; k < n; ++k) {
      const absl::Status status = interpreter_->Step();
      ASSERT_TRUE(status.ok()) << status.message();
      for (size_t p = 0; p < interpreter_->program().populations.size(); ++p) {
        const auto spikes = interpreter_->LastSpikes(static_cast<ir::PopulationId>(p));
        count_ += spikes.size();
        if (p == 0 && !spikes.empty() && spikes[0] == 0) {
          first_.push_back(static_cast<int>(interpreter_->step()) - 1);
        }
      }
    }
  }
  double Get(const char* name, size_t element = 0) const {
    const std::optional<ir::StateId> id = interpreter_->program().FindState(name);
    EXPECT_TRUE(id.has_value()) << name;
    if (!id.has_value()) return NAN;
    const ir::Bits bits = interpreter_->State(*id).bits(element);
    const bool integer = interpreter_->program().states[*id].type.element == ir::Element::kI64;
    return integer ? static_cast<double>(static_cast<int64_t>(bits)) : ir::F64OfBits(bits);
  }
  void Set(const char* name, double value) {
    const ir::StateId id = *interpreter_->program().FindState(name);
    ASSERT_TRUE(interpreter_->SetState(id, 0, ir::BitsOfF64(value)).ok());
  }
  const std::vector<int>& first() const { return first_; }
  size_t count() const { return count_; }

 private:
  std::unique_ptr<reference::Interpreter> interpreter_;
  std::vector<int> first_;
  size_t count_ = 0;
};

// A population "p" of one neuron with this model.
inline std::string One(const std::string& model, const std::string& population = "") {
  return absl::StrCat("[models.m]\n", model, "\n[populations.p]\nmodel = \"m\"\nsize = 1\n",
                      population, "\n");
}

}  // namespace bnsyn

#endif  // BNSYN_TESTS_COMPILER_NETWORK_TESTING_H_
