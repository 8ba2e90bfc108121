// The rules of connectivity: which pairs of neurons a projection joins.
#ifndef BNSYN_RULE_KIND_H_
#define BNSYN_RULE_KIND_H_

#include <cstdint>

namespace [[gnu::visibility("default")]] bnsyn {

enum class RuleKind : uint8_t {
  kAllToAll,
  kOneToOne,
  kBernoulli,       // joins each pair independently with a probability
  kFixedInDegree,   // draws a fixed number of sources for each target
  kFixedOutDegree,  // draws a fixed number of targets for each source
  kFixedTotal,      // draws a fixed number of pairs in all
  kWeightedTotal,   // kFixedTotal with a probability or a condition for each pair; made by the
                    // compiler
  kList,            // joins the pairs that a file lists
};

}  // namespace bnsyn

#endif  // BNSYN_RULE_KIND_H_
