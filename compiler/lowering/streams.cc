#include "compiler/lowering/streams.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"

namespace bnsyn::compiler {
namespace {

// Calls `visit` with every stream that a program draws from, as a value to read or replace.
template <typename Visit>
void ForEachStream(ir::Program& program, const Visit& visit) {
  for (ir::Projection& projection : program.projections) {
    if (ir::TraitsOf(projection.rule.kind).is_random) visit(projection.rule.stream);
  }
  const auto visit_block = [&](ir::Block& block) {
    for (ir::Node& node : block.nodes) {
      if (ir::Info(node.op).attr != ir::AttrKind::kStream) continue;
      auto stream = static_cast<uint32_t>(node.attr >> 32);
      visit(stream);
      node.attr = ir::StreamAttr(stream, static_cast<uint32_t>(node.attr));
    }
  };
  if (program.init.has_value()) visit_block(*program.init);
  for (ir::Block& block : program.connect) visit_block(block);
  for (ir::Block& block : program.synaptic) visit_block(block);
  for (ir::Block& block : program.loops) visit_block(block);
  for (ir::Block& block : program.step) visit_block(block);
}

}  // namespace

std::string StreamName::ToString() const { return absl::StrCat(code, " ", owner, " ", draw); }

uint32_t StreamHash(absl::string_view text) {
  uint32_t hash = 2166136261;
  for (const char c : text) {
    hash =
        (hash ^ static_cast<unsigned char>(c)) * (Mutant("R3.stream_hash") ? 16777617 : 16777619);
  }
  return hash;
}

std::vector<uint32_t> AssignStreams(const std::vector<std::string>& names) {
  std::vector<size_t> order(names.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return names[a] < names[b]; });
  std::vector<uint32_t> streams(names.size());
  std::set<uint32_t> taken;
  std::vector<size_t> colliding;
  for (const size_t name : order) {
    streams[name] = StreamHash(names[name]);
    if (!taken.insert(streams[name]).second) colliding.push_back(name);
  }
  for (const size_t name : colliding) {
    while (!taken.insert(streams[name]).second) streams[name] += Mutant("R3.clash") ? 2 : 1;
  }
  return streams;
}

uint32_t StreamNames::Find(const StreamName& name) {
  const auto [entry, is_new] =
      numbers_.try_emplace(name.ToString(), static_cast<uint32_t>(names_.size()));
  if (is_new) names_.push_back(entry->first);
  return entry->second;
}

void StreamNames::Settle(ir::Program& program) const {
  std::set<uint32_t> used;
  ForEachStream(program, [&](uint32_t stream) { used.insert(stream); });
  std::vector<std::string> names;
  for (const uint32_t number : used) names.push_back(names_[number]);
  const std::vector<uint32_t> streams = AssignStreams(names);
  std::map<uint32_t, uint32_t> settled;
  size_t next = 0;
  for (const uint32_t number : used) settled[number] = streams[next++];
  ForEachStream(program, [&](uint32_t& stream) { stream = settled.at(stream); });
}

}  // namespace bnsyn::compiler
