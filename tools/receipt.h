// Receipts: what a run was and what came out, so that anyone can run it again and compare.
#ifndef BNSYN_TOOLS_RECEIPT_H_
#define BNSYN_TOOLS_RECEIPT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/record.h"

namespace bnsyn::tools {

// The settings name the network as it was given, so that a receipt is checked where the run was
// started. What is not set has the value that `bnsyn run` gives it.
struct Receipt {
  std::string program;  // 32 digits: a hash of the text of the program, seed and tables included
  std::string version;  // of bnsyn
  std::string digest;   // of the run
  uint64_t spikes = 0;

  // Settings.
  std::string network;  // the path
  std::vector<std::string> sets;
  uint64_t seed = 0;
  uint64_t steps = 0;
  Machine machine;
  RecordOptions record;
  std::vector<std::string> synapses;  // projections that were written

  std::map<std::string, std::string> files;  // written beside it, each with a hash
  bool interrupted = false;                  // it ended before its time
  bool slow = false;                         // `bnsyn check` runs it with --slow alone
};

// A receipt of a run that is to come: everything but digest, spikes and files.
Receipt ReceiptOf(const Source& source, const Machine& machine, const Loaded& loaded);

Json ToJson(const Receipt& receipt);
// The error says which key is missing or wrong. `where` names the receipt: "receipt.json", or
// "digests.json[3]".
absl::StatusOr<Receipt> ReadReceipt(const Json& json, const std::string& where);

// Hash of the bytes of a file, 32 digits; of a file of HDF5, of what it holds.
absl::StatusOr<std::string> HashOfFile(const std::string& path);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_RECEIPT_H_
