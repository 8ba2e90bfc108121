// What models of point neurons of other simulators are here.
#ifndef BNSYN_RECORDING_SONATA_MODELS_H_
#define BNSYN_RECORDING_SONATA_MODELS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "bnsyn/network.h"
#include "compiler/description/model_library.h"

namespace bnsyn::sonata {

// How synapses act on a model, as the first comments of its file say.
struct Receptors {
  std::string unit;        // of a weight: "pA", "nS" or "mV"
  std::string excited;     // the variable to which positive weights add: "I_ex"
  std::string inhibited;   // the one of negative weights; the same where there is no other
  bool keeps_sign = true;  // false where inhibition adds the magnitude of a weight
};
std::optional<Receptors> ReceptorsOf(const compiler::LibraryModel& model);

// The model that has this name in another simulator: "iaf_psc_exp".
std::optional<compiler::LibraryModel> FindElsewhere(absl::string_view simulator,
                                                    absl::string_view name);

}  // namespace bnsyn::sonata

#endif  // BNSYN_RECORDING_SONATA_MODELS_H_
