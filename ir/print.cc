#include <limits>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

std::string Number(double value) { return PrintLiteral(Element::kF64, BitsOfF64(value)); }

std::string Column(const Program& program, const ColumnRef& ref) {
  const Table& table = program.tables[ref.table];
  return absl::StrCat(table.name, ".", table.columns[ref.column]);
}

std::string Unit(const std::string& unit) {
  return unit.empty() ? "" : absl::StrCat(" unit=", Quoted(unit));
}

// A table with its numbers, row by row, or the file that has them.
std::string TableText(const Table& table) {
  if (!table.file.empty()) {
    return absl::StrCat("table ", table.name, " file=", Quoted(table.file), " digest=0x",
                        absl::Hex(table.digest, absl::kZeroPad16), "\n");
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
    absl::StrAppend(&text, " = ", Column(program, *state.initial_column));
  } else if (!state.temporary || state.initial != 0) {
    absl::StrAppend(&text, " = ", PrintLiteral(state.type.element, state.initial));
  }
  constexpr double kMost = std::numeric_limits<double>::max();
  if (state.lower != -kMost || state.upper != kMost) {
    absl::StrAppend(&text, " bounds=[", Number(state.lower), ", ", Number(state.upper), "]");
  }
  return absl::StrCat(text, Unit(state.unit), "\n");
}

std::string ParamText(const Param& param) {
  return absl::StrCat("param ", param.name, " : ", ElementName(param.element), " = ",
                      PrintLiteral(param.element, param.value), param.tunable ? " tunable" : "",
                      Unit(param.unit), "\n");
}

std::string RuleText(const Program& program, const Rule& rule) {
  const RuleTraits& traits = TraitsOf(rule.kind);
  std::string text = absl::StrCat(" rule=", traits.name);
  if (traits.takes_p) absl::StrAppend(&text, " p=", Number(rule.p));
  if (traits.takes_n) absl::StrAppend(&text, " n=", rule.count);
  if (traits.takes_table) {
    absl::StrAppend(&text, " table=", rule.table ? program.tables[*rule.table].name : "?");
  }
  if (!rule.self) absl::StrAppend(&text, " self=false");
  if (rule.multiple) absl::StrAppend(&text, " multiple=true");
  if (traits.is_random) absl::StrAppend(&text, " stream=", rule.stream);
  return text;
}

std::string DelayText(const Program& program, const Projection& projection) {
  if (projection.max_delay == 0) return absl::StrCat(projection.delay);
  const std::string text = absl::StrCat("[", projection.delay, ", ", projection.max_delay, "]");
  if (!projection.delay_column) return text;
  return absl::StrCat(text, " delays=", Column(program, *projection.delay_column));
}

std::string ProjectionText(const Program& program, const Projection& projection) {
  return absl::StrCat("projection ", projection.name, " : ",
                      SymbolName(program, AttrKind::kPopulation, projection.source), " -> ",
                      SymbolName(program, AttrKind::kPopulation, projection.target),
                      RuleText(program, projection.rule), " weight=",
                      projection.weight_column ? Column(program, *projection.weight_column)
                                               : Number(projection.weight),
                      " delay=", DelayText(program, projection), "\n");
}

std::string BlockHeader(const Program& program, const Block& block) {
  std::string text(BlockKindName(block.kind));
  if (!block.name.empty()) absl::StrAppend(&text, " ", block.name);
  if (block.kind == BlockKind::kKernel) {
    absl::StrAppend(&text, " : ", SafeDomainName(program, block.domain), " phase=", block.phase);
  }
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
                   " dt=", Number(program.dt), " seed=", program.seed, "\n");
  for (const Table& table : program.tables) text += TableText(table);
  for (PopulationId p = 0; p < program.populations.size(); ++p) {
    const Population& population = program.populations[p];
    absl::StrAppend(&text, "population ", population.name, " size=", population.size);
    if (!program.HasNeurons(p)) {
      absl::StrAppend(&text, " domain=", program.DomainName(population.domain));
    }
    absl::StrAppend(&text, "\n");
  }
  for (const Param& param : program.params) text += ParamText(param);
  for (const State& state : program.states) text += StateText(program, state);
  for (const Input& input : program.inputs) {
    const Accumulator& sum = input.accumulator;
    absl::StrAppend(&text, "input ", input.name, " : ", program.DomainName(input.population),
                    " scale=2^", sum.scale_log2);
    if (sum.bits != 0) absl::StrAppend(&text, " bits=", sum.bits);
    if (sum.unit != 1) absl::StrAppend(&text, " unit=", sum.unit);
    if (sum.decays()) {
      absl::StrAppend(&text, " decay=", PrintLiteral(Element::kF64, BitsOfF64(sum.decay)),
                      " period=", sum.period, " state=", program.states[sum.state].name);
    }
    text += "\n";
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
                    " table=", program.tables[events.table].name, "\n");
  }
  if (program.init) text += PrintBlock(program, *program.init);
  for (const Block& block : program.connect) text += PrintBlock(program, block);
  for (const Block& block : program.synaptic) text += PrintBlock(program, block);
  for (const Block& block : program.step) text += PrintBlock(program, block);
  return text;
}

}  // namespace bnsyn::ir
