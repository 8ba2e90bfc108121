// What names mean in the code of synapses: when they are made, and when a spike arrives.
#ifndef BNSYN_COMPILER_LOWERING_SYNAPSE_H_
#define BNSYN_COMPILER_LOWERING_SYNAPSE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "compiler/language/code.h"
#include "compiler/lowering/lowering.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// In steps. Spikes of the longest delay are kept, so this is also a bound on memory.
inline constexpr uint32_t kLongestDelay = 1'000'000;

// The end of names that mean something of the target, and of the source.
inline constexpr absl::string_view kPost = "_post";
inline constexpr absl::string_view kPre = "_pre";

// A projection on its way into the program.
struct SynapseContext {
  Lowering& lowering;
  const Network::ProjectionDescription& description;
  const Section& source;
  Section& target;
  // Of constant expressions: those of the projection, N_pre, N_post, and the network's.
  std::vector<Constant> constants;
};

// What all kinds of code read: constants; i and j, the numbers of the source and the target;
// variables and parameters of the source as NAME_pre and of the target as NAME_post; the network
// level; tables.
class SynapseScope : public Scope {
 public:
  SynapseScope(SynapseContext& context, ir::DomainId domain, ir::Builder& builder)
      : context_(context), domain_(domain), builder_(builder) {}

  ir::Builder& builder() override { return builder_; }
  MathMode math() const override { return context_.lowering.math; }
  ir::DomainId domain() const override { return domain_; }
  uint32_t NextStream() override {
    const uint32_t stream = context_.lowering.streams.Find(next_draw_);
    ++next_draw_.draw;
    return stream;
  }
  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override;
  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override;
  std::vector<std::string> Names() const override;

  // What follows is code of this kind, for which and of which variable of the synapses it is: its
  // draws are numbered from 0 on (R3).
  void EnterCode(std::string kind, absl::string_view variable = "") {
    next_draw_ = {std::move(kind), context_.description.name};
    if (!variable.empty()) absl::StrAppend(&next_draw_.owner, ".", variable);
  }

 protected:
  // Whether the code runs once, before the run.
  virtual bool once() const = 0;

  SynapseContext& context_;

 private:
  absl::StatusOr<std::optional<TypedValue>> ReadNeuron(const std::string& name, bool post,
                                                       const ir::SourceText& source,
                                                       ir::SourceRange range);
  TypedValue Index(ir::Op op);

  const ir::DomainId domain_;
  ir::Builder& builder_;
  StreamName next_draw_;
};

// Code of probabilities, weights, delays and of what variables of synapses begin with: variables of
// neurons have their initial values, and draws are one a synapse.
class ConnectScope : public SynapseScope {
 public:
  using SynapseScope::SynapseScope;

  // Makes `name` mean what a variable of the synapse begins with.
  void Know(const std::string& name, TypedValue value) { known_[name] = value; }

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override;
  std::vector<std::string> Names() const override;

 protected:
  bool once() const override { return true; }

 private:
  std::map<std::string, TypedValue> known_;
};

// Code that runs while the network does: variables have their present values.
class RunningScope : public SynapseScope {
 public:
  using SynapseScope::SynapseScope;

 protected:
  bool once() const override { return false; }
};

// The probability, the weight and the delay of projection `id`, and what variables of its synapses
// begin with: numbers where they are one for all synapses, else its connect block. What such a
// block may set is bounded later, by BoundProjections. Tells the model what weights are.
struct SynapseModel;
absl::Status LowerConnect(SynapseContext& context, ir::ProjectionId id, SynapseModel& model);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_SYNAPSE_H_
