#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ir/attributes.h"
#include "ir/symbols.h"
#include "ir/text.h"

namespace bnsyn::ir {
namespace {

// The %k of each node of a block; -1 for those that are not printed or yield nothing.
std::vector<int> Numbers(const Block& block) {
  std::vector<int> numbers(block.nodes.size(), -1);
  int next = 0;
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    const Node& node = block.nodes[i];
    if (node.op != Op::kLiteral && HasResult(node.op)) numbers[i] = next++;
  }
  return numbers;
}

// An operand; "%?" for one that is broken.
std::string Operand(const Block& block, const std::vector<int>& numbers, NodeId operand) {
  if (operand >= block.nodes.size()) return "%?";
  const Node& node = block.nodes[operand];
  if (node.op == Op::kLiteral) return PrintLiteral(node.element, node.attr);
  return numbers[operand] < 0 ? "%?" : absl::StrCat("%", numbers[operand]);
}

std::string NodeText(const Program& program, const Block& block, const std::vector<int>& numbers,
                     NodeId id) {
  const Node& node = block.nodes[id];
  if (node.op == Op::kLiteral) return PrintLiteral(node.element, node.attr);
  const OpInfo& info = Info(node.op);

  std::string text = HasResult(node.op) ? absl::StrCat("%", numbers[id], " = ") : "";
  absl::StrAppend(&text, info.name);
  std::vector<std::string> arguments;
  if (IsSymbol(info.attr)) {
    arguments.emplace_back(SymbolName(program, info.attr, node.attr));
  }
  for (const NodeId operand : node.inputs()) {
    arguments.push_back(Operand(block, numbers, operand));
  }
  if (!arguments.empty()) absl::StrAppend(&text, " ", absl::StrJoin(arguments, ", "));
  if (info.attr == AttrKind::kStream) {
    absl::StrAppend(&text, " stream=", node.attr >> 32, " draw=", node.attr & 0xffffffff);
  }
  if (HasResult(node.op)) absl::StrAppend(&text, " : ", TypeName(program, node.type()));
  return text;
}

std::string Number(double value) { return PrintLiteral(Element::kF64, BitsOfF64(value)); }

// A table with its numbers, row by row, or the file that has them.
std::string TableText(const Table& table) {
  if (!table.file.empty()) {
    return absl::StrCat("table ", table.name, " file=", Quoted(table.file),
                        table.only.empty() ? "" : absl::StrCat(" only=", Quoted(table.only)),
                        " digest=0x", absl::Hex(table.digest, absl::kZeroPad16), "\n");
  }
  std::vector<std::string> numbers;
  for (size_t row = 0; row < table.rows(); ++row) {
    for (const std::vector<double>& column : table.values) numbers.push_back(Number(column[row]));
  }
  return absl::StrCat("table ", table.name, " columns=[", absl::StrJoin(table.columns, ", "),
                      "] values=[", absl::StrJoin(numbers, ", "), "]\n");
}

std::string StateText(const Program& program, const State& state) {
  std::string text = absl::StrCat(state.temporary ? "temp " : "state ", state.name, " : ",
                                  TypeName(program, state.type));
  if (state.initial_column) {
    absl::StrAppend(&text, " = ", ColumnText(program, *state.initial_column));
  } else if (!state.temporary || state.initial != 0) {
    absl::StrAppend(&text, " = ", PrintLiteral(state.type.element, state.initial));
  }
  return absl::StrCat(text, AttributesText(program, state), "\n");
}

std::string ParamText(const Program& program, const Param& param) {
  return absl::StrCat("param ", param.name, " : ", ElementName(param.element), " = ",
                      PrintLiteral(param.element, param.value), AttributesText(program, param),
                      "\n");
}

std::string ProjectionText(const Program& program, const Projection& projection) {
  return absl::StrCat("projection ", projection.name, " : ",
                      SymbolName(program, AttrKind::kPopulation, projection.source), " -> ",
                      SymbolName(program, AttrKind::kPopulation, projection.target),
                      AttributesText(program, projection), "\n");
}

std::string BlockHeader(const Program& program, const Block& block) {
  std::string text(BlockKindName(block.kind));
  if (!block.name.empty()) absl::StrAppend(&text, " ", block.name);
  if (block.kind == BlockKind::kKernel || block.kind == BlockKind::kLoop ||
      block.kind == BlockKind::kClock) {
    absl::StrAppend(&text, " : ", SafeDomainName(program, block.domain));
  }
  if (!block.pathway.empty()) absl::StrAppend(&text, " pathway=", block.pathway);
  if (block.delay.has_value()) absl::StrAppend(&text, " delay=", *block.delay);
  if (block.spikes.has_value()) {
    absl::StrAppend(&text, " spikes=", SymbolName(program, AttrKind::kPopulation, *block.spikes));
  }
  if (block.kind == BlockKind::kKernel) absl::StrAppend(&text, " phase=", block.phase);
  if (block.kind == BlockKind::kLoop || block.times != 1) {
    absl::StrAppend(&text, " times=", block.times);
  }
  if (block.kind == BlockKind::kClock || block.HasClock()) {
    absl::StrAppend(&text, " every=", block.every, " offset=", block.offset);
  }
  if (block.sums.has_value()) {
    absl::StrAppend(&text, " sums=", SymbolName(program, AttrKind::kInput, *block.sums));
  }
  if (block.deferred) absl::StrAppend(&text, " deferred");
  if (!block.code.empty()) absl::StrAppend(&text, " code=", block.code);
  if (!block.code.empty() || !block.slots.empty()) {
    const auto slot = [&program](std::string* out, const Slot& s) {
      if (s.kind == AttrKind::kStream) {
        absl::StrAppend(out, "stream ", s.index);
      } else {
        absl::StrAppend(out, SymbolWord(s.kind), " ", SymbolName(program, s.kind, s.index));
      }
    };
    absl::StrAppend(&text, " slots=[", absl::StrJoin(block.slots, ", ", slot), "]");
  }
  return text;
}

}  // namespace

std::string PrintNode(const Program& program, const Block& block, NodeId node) {
  return NodeText(program, block, Numbers(block), node);
}

std::string PrintBlock(const Program& program, const Block& block) {
  std::string text = absl::StrCat(BlockHeader(program, block), " {\n");
  const std::vector<int> numbers = Numbers(block);
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    if (block.nodes[i].op == Op::kLiteral) continue;
    absl::StrAppend(&text, "  ", NodeText(program, block, numbers, static_cast<NodeId>(i)), "\n");
  }
  absl::StrAppend(&text, "}\n");
  return text;
}

std::string Print(const Program& program) {
  std::string text =
      absl::StrCat("program ", IsName(program.name) ? program.name : Quoted(program.name),
                   AttributesText(program, program), "\n");
  for (const Table& table : program.tables) text += TableText(table);
  for (const Population& population : program.populations) {
    absl::StrAppend(&text, "population ", population.name, AttributesText(program, population),
                    "\n");
  }
  for (const Group& group : program.groups) {
    absl::StrAppend(&text, "group ", group.name, " : ",
                    SymbolName(program, AttrKind::kPopulation, group.population),
                    AttributesText(program, group), "\n");
  }
  for (const Param& param : program.params) text += ParamText(program, param);
  for (const State& state : program.states) text += StateText(program, state);
  for (const Input& input : program.inputs) {
    absl::StrAppend(&text, "input ", input.name, " : ", program.DomainName(input.population),
                    AttributesText(program, input), "\n");
  }
  for (const Reduction& reduction : program.reductions) {
    absl::StrAppend(&text, "reduction ", reduction.name, " : ",
                    program.DomainName(reduction.population), "\n");
  }
  for (const Projection& projection : program.projections) {
    text += ProjectionText(program, projection);
  }
  for (const Events& events : program.events) {
    absl::StrAppend(&text, "events ", events.name, " : ",
                    SymbolName(program, AttrKind::kInput, events.input),
                    AttributesText(program, events), "\n");
  }
  if (program.init) text += PrintBlock(program, *program.init);
  for (const Block& block : program.connect) text += PrintBlock(program, block);
  for (const Block& block : program.synaptic) text += PrintBlock(program, block);
  for (const Block& block : program.loops) text += PrintBlock(program, block);
  for (const Block& block : program.now) text += PrintBlock(program, block);
  for (const Block& block : program.step) text += PrintBlock(program, block);
  return text;
}

}  // namespace bnsyn::ir
