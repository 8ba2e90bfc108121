#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/builder.h"
#include "ir/parser.h"
#include "ir/status_macros.h"
#include "ir/symbols.h"

namespace bnsyn::ir {
namespace {

class BlockReader {
 public:
  BlockReader(TokenReader& reader, const Program& program) : reader_(reader), program_(program) {}

  absl::StatusOr<Block> Run() {
    BNSYN_RETURN_IF_ERROR(Header());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("{"));
    BNSYN_RETURN_IF_ERROR(reader_.ReadLineEnd());
    while (!reader_.TakePunctuation("}")) {
      if (reader_.AtLineEnd()) {
        reader_.Take();
        continue;
      }
      BNSYN_RETURN_IF_ERROR(ReadNode());
      BNSYN_RETURN_IF_ERROR(reader_.ReadLineEnd());
    }
    BNSYN_RETURN_IF_ERROR(reader_.ReadLineEnd());
    return std::move(block_);
  }

 private:
  absl::Status Header() {
    const std::string word(reader_.text(reader_.Take()));
    if (word == "init") {
      block_.kind = BlockKind::kInit;
    } else if (word == "step") {
      block_.kind = BlockKind::kStep;
    } else if (const auto kind = SynapseBlockKind(word)) {
      block_.kind = *kind;
      const Token& token = reader_.peek();
      block_.name = std::string(reader_.text(token));
      BNSYN_ASSIGN_OR_RETURN(block_.domain, ReadDomain(reader_, program_));
      if (!program_.FindProjection(block_.name)) {
        return reader_.Error(token, absl::StrCat("'", block_.name, "' is not a projection"));
      }
    } else {
      block_.kind = word == "loop"    ? BlockKind::kLoop
                    : word == "clock" ? BlockKind::kClock
                                      : BlockKind::kKernel;
      BNSYN_ASSIGN_OR_RETURN(block_.name, reader_.ReadWord(absl::StrCat("the name of the ", word)));
      BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
      BNSYN_ASSIGN_OR_RETURN(block_.domain, ReadDomain(reader_, program_));
    }
    return reader_.ReadKeys({
        {"pathway",
         [&] {
           return ReadInto(block_.pathway, [&] { return reader_.ReadWord("a name of a pathway"); });
         }},
        {"delay", [&] { return ReadInto(block_.delay, [&] { return reader_.ReadUnsigned32(); }); }},
        {"spikes",
         [&] {
           return ReadInto(block_.spikes,
                           [&] { return ReadSymbol(reader_, program_, AttrKind::kPopulation); });
         }},
        {"phase", [&] { return ReadInto(block_.phase, [&] { return reader_.ReadUnsigned32(); }); }},
        {"times", [&] { return ReadInto(block_.times, [&] { return reader_.ReadUnsigned32(); }); }},
        {"every", [&] { return ReadInto(block_.every, [&] { return reader_.ReadUnsigned32(); }); }},
        {"offset",
         [&] { return ReadInto(block_.offset, [&] { return reader_.ReadUnsigned32(); }); }},
        {"sums",
         [&] {
           return ReadInto(block_.sums,
                           [&] { return ReadSymbol(reader_, program_, AttrKind::kInput); });
         }},
        {"code",
         [&] { return ReadInto(block_.code, [&] { return reader_.ReadWord("a name of code"); }); }},
        {"slots", [&] { return Slots(); }},
        {"deferred",
         [&] {
           block_.deferred = true;
           return absl::OkStatus();
         },
         /*flag=*/true},
    });
  }

  // The kinds of blocks that are named after their projection.
  static std::optional<BlockKind> SynapseBlockKind(absl::string_view word) {
    for (const BlockKind kind : {BlockKind::kConnect, BlockKind::kOnPre, BlockKind::kOnStep,
                                 BlockKind::kOnPost, BlockKind::kNow}) {
      if (word == BlockKindName(kind)) return kind;
    }
    return std::nullopt;
  }

  absl::Status Slots() {
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("["));
    while (!reader_.TakePunctuation("]")) {
      if (!block_.slots.empty()) BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(","));
      BNSYN_ASSIGN_OR_RETURN(const Slot slot, ReadSlot());
      block_.slots.push_back(slot);
    }
    return absl::OkStatus();
  }

  // A symbol behind its kind, or a random stream by its number.
  absl::StatusOr<Slot> ReadSlot() {
    const absl::string_view word = reader_.text(reader_.peek());
    const auto kind = SymbolKindFromWord(word);
    if (!kind && word != "stream") {
      return reader_.Expected("state, param, input, population, reduction or stream");
    }
    reader_.Take();
    Slot slot;
    if (kind) {
      slot.kind = *kind;
      BNSYN_ASSIGN_OR_RETURN(slot.index, ReadSymbol(reader_, program_, *kind));
    } else {
      slot.kind = AttrKind::kStream;
      BNSYN_ASSIGN_OR_RETURN(slot.index, reader_.ReadUnsigned32());
    }
    return slot;
  }

  // [%k =] op [symbol][, operands] [stream=S draw=D] [: type]
  absl::Status ReadNode() {
    Node node;
    node.line = reader_.peek().line;
    const Token* value = nullptr;
    if (reader_.peek().kind == TokenKind::kValue) {
      value = &reader_.Take();
      BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("="));
    }
    const Token& op = reader_.peek();
    BNSYN_ASSIGN_OR_RETURN(node.op, ReadOp());
    BNSYN_RETURN_IF_ERROR(Result(op, node.op, value));
    BNSYN_RETURN_IF_ERROR(Arguments(op, node));
    BNSYN_RETURN_IF_ERROR(Stream(node));
    if (HasResult(node.op)) {
      BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
      BNSYN_ASSIGN_OR_RETURN(const Type type, ReadType(reader_, program_));
      node.element = type.element;
      node.domain = type.domain;
    } else {
      SetEffectType(node);
    }
    if (value != nullptr) {
      values_[std::string(reader_.text(*value))] = static_cast<NodeId>(block_.nodes.size());
    }
    block_.nodes.push_back(node);
    return absl::OkStatus();
  }

  absl::StatusOr<Op> ReadOp() {
    const Token& token = reader_.peek();
    BNSYN_ASSIGN_OR_RETURN(const std::string name, reader_.ReadWord("an op"));
    const auto op = OpFromName(name);
    if (op == Op::kLiteral) {
      return reader_.Error(token, "a literal is written in place of the operand");
    }
    if (op) return *op;
    std::vector<std::string> names;
    for (const OpInfo& info : AllOps()) names.emplace_back(info.name);
    return reader_.Error(token,
                         absl::StrCat("there is no op '", name, "'", DidYouMean(name, names)));
  }

  // True if the op stands behind the "%k =" it needs.
  absl::Status Result(const Token& token, Op op, const Token* value) const {
    if (!HasResult(op) && value != nullptr) {
      return reader_.Error(token, absl::StrCat(Info(op).name, " yields no value"),
                           "leave out what stands before it");
    }
    if (HasResult(op) && value == nullptr) {
      return reader_.Error(token, absl::StrCat(Info(op).name, " yields a value"),
                           absl::StrCat("write %", values_.size(), " = before it"));
    }
    if (value != nullptr && values_.contains(std::string(reader_.text(*value)))) {
      return reader_.Error(*value,
                           absl::StrCat(reader_.text(*value), " is defined twice in this block"));
    }
    return absl::OkStatus();
  }

  // The symbol and the operands, separated by commas.
  absl::Status Arguments(const Token& op, Node& node) {
    const OpInfo& info = Info(node.op);
    const bool symbol = IsSymbol(info.attr);
    if (symbol) {
      BNSYN_ASSIGN_OR_RETURN(node.attr, ReadSymbol(reader_, program_, info.attr));
    }
    int count = 0;
    while (symbol || count > 0 ? reader_.TakePunctuation(",") : AtOperand()) {
      BNSYN_ASSIGN_OR_RETURN(const NodeId operand, Operand(node.line));
      if (count < info.arity) node.operands[count] = operand;
      ++count;
    }
    if (count == info.arity) return absl::OkStatus();
    return reader_.Error(op,
                         absl::StrCat(info.name, " takes ", info.arity,
                                      info.arity == 1 ? " operand" : " operands", ", not ", count),
                         absl::StrCat(info.name, ": ", info.meaning));
  }

  bool AtOperand() const {
    const TokenKind kind = reader_.peek().kind;
    return kind == TokenKind::kValue || kind == TokenKind::kNumber ||
           (kind == TokenKind::kWord && ParseLiteral(reader_.text(reader_.peek())).has_value());
  }

  absl::StatusOr<NodeId> Operand(uint32_t line) {
    const Token& token = reader_.peek();
    if (token.kind == TokenKind::kValue) {
      const auto known = values_.find(std::string(reader_.text(token)));
      if (known == values_.end()) {
        return reader_.Error(token,
                             absl::StrCat(reader_.text(token), " is not defined before its use"));
      }
      reader_.Take();
      return known->second;
    }
    if (token.kind == TokenKind::kWord && !AtOperand()) {
      return reader_.Error(token,
                           absl::StrCat("'", reader_.text(token), "' is neither %k nor a literal"),
                           "a state is read by load, a parameter by param");
    }
    BNSYN_ASSIGN_OR_RETURN(const Literal literal, reader_.ReadLiteral());
    Node node;
    node.op = Op::kLiteral;
    node.element = literal.element;
    node.attr = literal.bits;
    node.line = line;
    block_.nodes.push_back(node);
    return static_cast<NodeId>(block_.nodes.size() - 1);
  }

  absl::Status Stream(Node& node) {
    if (Info(node.op).attr != AttrKind::kStream) return absl::OkStatus();
    uint32_t stream = 0;
    uint32_t draw = 0;
    BNSYN_RETURN_IF_ERROR(reader_.ReadKeys({
        {"stream", [&] { return ReadInto(stream, [&] { return reader_.ReadUnsigned32(); }); }},
        {"draw", [&] { return ReadInto(draw, [&] { return reader_.ReadUnsigned32(); }); }},
    }));
    node.attr = StreamAttr(stream, draw);
    return absl::OkStatus();
  }

  // Effects are written without a type: it follows from their symbol and operand. Where it does
  // not, the verifier says why.
  void SetEffectType(Node& node) const {
    std::vector<Type> operands;
    for (const NodeId operand : node.inputs()) operands.push_back(block_.nodes[operand].type());
    const auto type = ResultType(program_, block_, node.op, operands, node.attr, Type{});
    if (!type.ok()) return;
    node.element = type->element;
    node.domain = type->domain;
  }

  TokenReader& reader_;
  const Program& program_;
  Block block_;
  std::map<std::string, NodeId> values_;  // by their text, "%3"
};

}  // namespace

absl::StatusOr<Block> ReadBlock(TokenReader& reader, const Program& program) {
  return BlockReader(reader, program).Run();
}

}  // namespace bnsyn::ir
