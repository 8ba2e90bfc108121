// What names mean in the code of synapses: when they are made, and when a spike arrives.
#ifndef BNSYN_COMPILER_NETWORK_LOWER_SYNAPSE_H_
#define BNSYN_COMPILER_NETWORK_LOWER_SYNAPSE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/language/code.h"
#include "compiler/network/lower.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// In steps. Spikes of the longest delay are kept, so this is also a bound on memory.
inline constexpr uint32_t kLongestDelay = 1'000'000;

// A projection on its way into the program.
struct SynapseContext {
  Lowering& lowering;
  const Network::ProjectionDescription& description;
  const Section& source;
  Section& target;
  // Of constant expressions: those of the projection, N_pre, N_post, and the network's.
  std::vector<Constant> constants;
};

// What both kinds of code read: constants; i and j, the numbers of the source and the target;
// variables and parameters of the source as NAME_pre and of the target as NAME_post; the network
// level; tables.
class SynapseScope : public Scope {
 public:
  SynapseScope(SynapseContext& context, ir::DomainId domain, ir::Builder& builder)
      : context_(context), domain_(domain), builder_(builder) {}

  ir::Builder& builder() override { return builder_; }
  MathMode math() const override { return context_.lowering.math; }
  ir::DomainId domain() const override { return domain_; }
  uint32_t NextStream() override { return context_.lowering.streams++; }
  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override;
  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override;
  std::vector<std::string> Names() const override;

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
};

// Code of probabilities, weights and delays: variables have their initial values, and draws are one
// a synapse.
class ConnectScope : public SynapseScope {
 public:
  using SynapseScope::SynapseScope;

 protected:
  bool once() const override { return true; }
};

// on_pre code: statements that add to variables of the target; `w` is the weight.
class OnPreScope : public SynapseScope {
 public:
  OnPreScope(SynapseContext& context, ir::DomainId domain, TypedValue weight, ir::Builder& builder)
      : SynapseScope(context, domain, builder), weight_(weight) {}

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override;
  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override;
  std::vector<std::string> Names() const override;
  absl::Status Assign(const Statement& statement, TypedValue right,
                      const ir::SourceText& source) override;

 protected:
  bool once() const override { return false; }

 private:
  absl::Status Accumulate(const Statement& statement, TypedValue right,
                          const ir::SourceText& source);

  TypedValue weight_;
  std::map<std::string, TypedValue> locals_;
};

// The probability, the weight and the delay of projection `id`: numbers where they are one for all
// synapses, else its connect block. What such a block may set is bounded later, by
// BoundProjections. Returns the dimension of the weight, and what on_pre code multiplies the
// weights of the program by.
absl::StatusOr<Quantity> LowerConnect(SynapseContext& context, ir::ProjectionId id);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_NETWORK_LOWER_SYNAPSE_H_
