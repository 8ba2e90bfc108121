#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/attributes.h"
#include "ir/out_of_memory.h"
#include "ir/parser.h"
#include "ir/status_macros.h"
#include "ir/symbols.h"
#include "ir/table.h"
#include "ir/text.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

class Parser {
 public:
  Parser(const SourceText& source, const std::vector<Token>& tokens, absl::string_view directory)
      : source_(source), tokens_(tokens), reader_(source, tokens) {
    program_.directory = std::string(directory);
  }

  absl::StatusOr<Program> Run() {
    BNSYN_RETURN_IF_ERROR(FindStatements());
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for (const size_t statement : statements_) BNSYN_RETURN_IF_ERROR(Read(statement, sweep));
    }
    // The text may have them in any order.
    for (std::vector<Block>* blocks : {&program_.connect, &program_.synaptic, &program_.now}) {
      std::stable_sort(blocks->begin(), blocks->end(),
                       [](const Block& a, const Block& b) { return a.domain < b.domain; });
    }
    if (!named_) {
      return reader_.Error(tokens_[0], "the program has no name",
                           "begin with a line such as: program pair dt=0.1 seed=42");
    }
    if (const auto violation = FindViolation(program_)) return Draw(*violation);
    return std::move(program_);
  }

 private:
  struct Keyword {
    absl::string_view word;
    int sweep;  // statements of a later sweep may refer to those of earlier ones
    absl::Status (Parser::*read)();
  };
  static constexpr int kSweeps = 5;

  static absl::Span<const Keyword> Keywords() {
    static constexpr Keyword kKeywords[] = {
        {"program", 0, &Parser::ReadProgram},
        {"table", 0, &Parser::ReadTableLine},
        {"population", 0, &Parser::ReadPopulation},
        {"projection", 1, &Parser::ReadProjection},
        {"projection", 3, &Parser::ReadHeldVariables},
        {"group", 2, &Parser::ReadGroup},
        {"param", 2, &Parser::ReadParam},
        {"state", 2, &Parser::ReadState},
        {"temp", 2, &Parser::ReadState},
        {"input", 2, &Parser::ReadInput},
        {"reduction", 2, &Parser::ReadReduction},
        {"events", 3, &Parser::ReadEvents},
        {"init", 3, &Parser::ReadBlockInto},
        {"connect", 3, &Parser::ReadBlockInto},
        {"on_pre", 3, &Parser::ReadBlockInto},
        {"on_step", 3, &Parser::ReadBlockInto},
        {"on_post", 3, &Parser::ReadBlockInto},
        {"now", 3, &Parser::ReadBlockInto},
        {"loop", 3, &Parser::ReadBlockInto},
        {"clock", 3, &Parser::ReadBlockInto},
        {"step", 4, &Parser::ReadBlockInto},
        {"kernel", 4, &Parser::ReadBlockInto},
    };
    return kKeywords;
  }

  // The first tokens of all lines outside of braces.
  absl::Status FindStatements() {
    const Token* open = nullptr;
    bool line_start = true;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      const absl::string_view text = reader_.text(token);
      if (token.kind == TokenKind::kNewline || token.kind == TokenKind::kEnd) {
        line_start = true;
        continue;
      }
      if (line_start) lines_[token.line] = token.range;
      SourceRange& line = lines_[token.line];
      line.length = token.range.offset + token.range.length - line.offset;
      if (line_start && open == nullptr) statements_.push_back(i);
      line_start = false;
      if (token.kind != TokenKind::kPunctuation) continue;
      if (text == "{") {
        if (open != nullptr)
          return reader_.Error(token, "blocks do not nest", "close the one above");
        open = &token;
      } else if (text == "}") {
        if (open == nullptr) return reader_.Error(token, "there is no block to close");
        open = nullptr;
      }
    }
    if (open != nullptr)
      return reader_.Error(*open, "this block is not closed", "add a line with }");
    return absl::OkStatus();
  }

  // Reads the statement if it is of the sweep.
  absl::Status Read(size_t statement, int sweep) {
    const Token& token = tokens_[statement];
    const absl::string_view word = reader_.text(token);
    bool known = false;
    for (const Keyword& keyword : Keywords()) {
      if (keyword.word != word) continue;
      known = true;
      if (keyword.sweep != sweep) continue;
      reader_.set_position(statement);
      return (this->*keyword.read)();
    }
    if (known) return absl::OkStatus();
    std::vector<std::string> words;
    for (const Keyword& keyword : Keywords()) words.emplace_back(keyword.word);
    return reader_.Error(token, absl::StrCat("'", word, "' begins no declaration or block",
                                             DidYouMean(word, words)));
  }

  // Moves past the keyword and the name behind it, which it remembers for errors.
  absl::StatusOr<std::string> ReadName() {
    reader_.Take();
    const Token& token = reader_.peek();
    BNSYN_ASSIGN_OR_RETURN(std::string name, reader_.ReadWord("a name"));
    names_[name] = token.range;
    return name;
  }

  absl::Status ReadProgram() {
    const Token& keyword = reader_.Take();
    if (named_) return reader_.Error(keyword, "the program is named twice");
    named_ = true;
    names_[""] = keyword.range;
    if (reader_.peek().kind == TokenKind::kString) {
      BNSYN_ASSIGN_OR_RETURN(program_.name, reader_.ReadString());
    } else {
      BNSYN_ASSIGN_OR_RETURN(program_.name, reader_.ReadWord("the name of the program"));
    }
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, program_));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadTableLine() {
    BNSYN_ASSIGN_OR_RETURN(const std::string name, ReadName());
    const Token* file_token = nullptr;
    std::string file;
    std::optional<uint64_t> digest;
    std::string only;
    Table inline_table;
    inline_table.name = name;
    BNSYN_RETURN_IF_ERROR(reader_.ReadKeys({
        {"columns", [&] { return ReadColumnNames(inline_table); }},
        {"values", [&] { return ReadTableValues(inline_table); }},
        {"file",
         [&] {
           file_token = &reader_.peek();
           return ReadInto(file, [&] { return reader_.ReadString(); });
         }},
        {"only", [&] { return ReadInto(only, [&] { return reader_.ReadString(); }); }},
        {"digest", [&] { return ReadInto(digest, [&] { return reader_.ReadUnsigned(); }); }},
    }));
    if (!inline_table.columns.empty()) return AddInlineTable(std::move(inline_table), file_token);
    if (file_token == nullptr) {
      return reader_.Expected("file=\"NAME.csv\", or columns=[...] and values=[...],");
    }
    auto table = ReadTable(name, file, program_.directory, only);
    if (absl::IsNotFound(table.status())) {
      return reader_.Error(*file_token, std::string(table.status().message()));
    }
    BNSYN_RETURN_IF_ERROR(table.status());
    if (digest && *digest != table->digest) {
      return reader_.Error(
          *file_token, "this file is not the one the program was written with",
          absl::StrCat("its digest is 0x", absl::Hex(table->digest, absl::kZeroPad16),
                       "; leave out digest= to take it as it is"));
    }
    program_.tables.push_back(*std::move(table));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadColumnNames(Table& table) {
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("["));
    do {
      BNSYN_ASSIGN_OR_RETURN(std::string column, reader_.ReadWord("the name of a column"));
      table.columns.push_back(std::move(column));
    } while (reader_.TakePunctuation(","));
    return reader_.ReadPunctuation("]");
  }

  // The numbers row by row, behind the names of the columns.
  absl::Status ReadTableValues(Table& table) {
    const Token& open = reader_.peek();
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("["));
    if (table.columns.empty()) return reader_.Error(open, "values come behind columns=[...]");
    table.values.resize(table.columns.size());
    size_t count = 0;
    do {
      BNSYN_ASSIGN_OR_RETURN(const double value, reader_.ReadDouble());
      table.values[count++ % table.columns.size()].push_back(value);
    } while (reader_.TakePunctuation(","));
    if (count % table.columns.size() != 0) {
      return reader_.Error(open, absl::StrCat(count, " values do not fill rows of ",
                                              table.columns.size(), " columns"));
    }
    return reader_.ReadPunctuation("]");
  }

  absl::Status AddInlineTable(Table table, const Token* file) {
    if (file != nullptr) return reader_.Error(*file, "a table has a file or values, not both");
    if (table.values.empty()) return reader_.Expected("values=[...]");
    table.digest = TableDigest(table);
    program_.tables.push_back(std::move(table));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadPopulation() {
    Population population = {};
    BNSYN_ASSIGN_OR_RETURN(population.name, ReadName());
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, population));
    if (population.domain == DomainId::kNetwork) {
      program_.AddPopulation(population.name, population.size);
    } else {
      const PopulationId id = program_.AddEventPopulation(population.name, population.domain);
      program_.populations[id].size = population.size;
    }
    return reader_.ReadLineEnd();
  }

  absl::Status ReadGroup() {
    Group group;
    BNSYN_ASSIGN_OR_RETURN(group.name, ReadName());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
    BNSYN_ASSIGN_OR_RETURN(group.population, ReadSymbol(reader_, program_, AttrKind::kPopulation));
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, group));
    program_.groups.push_back(std::move(group));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadParam() {
    Param param;
    BNSYN_ASSIGN_OR_RETURN(param.name, ReadName());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
    const Token& token = reader_.peek();
    BNSYN_ASSIGN_OR_RETURN(const Type type, ReadType(reader_, program_));
    if (!type.uniform()) return reader_.Error(token, "a parameter is one value for the network");
    param.element = type.element;
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("="));
    BNSYN_ASSIGN_OR_RETURN(param.value, ReadValue(reader_, type.element));
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, param));
    program_.params.push_back(std::move(param));
    return reader_.ReadLineEnd();
  }

  // state NAME : TYPE = VALUE ..., or temp NAME : TYPE ...
  absl::Status ReadState() {
    State state;
    state.temporary = reader_.text(reader_.peek()) == "temp";
    BNSYN_ASSIGN_OR_RETURN(state.name, ReadName());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
    BNSYN_ASSIGN_OR_RETURN(state.type, ReadType(reader_, program_));
    if (!state.temporary || reader_.AtPunctuation("=")) {
      BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("="));
      if (AtColumn(reader_)) {
        BNSYN_ASSIGN_OR_RETURN(state.initial_column, ReadColumn(reader_, program_));
      } else {
        BNSYN_ASSIGN_OR_RETURN(state.initial, ReadValue(reader_, state.type.element));
      }
    }
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, state));
    if (state.repeats) program_.populations[*state.repeats].repeats = true;
    program_.states.push_back(std::move(state));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadInput() {
    Input input;
    BNSYN_ASSIGN_OR_RETURN(input.name, ReadName());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
    BNSYN_ASSIGN_OR_RETURN(input.population, ReadDomain(reader_, program_));
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, input));
    program_.inputs.push_back(std::move(input));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadReduction() {
    Reduction reduction;
    BNSYN_ASSIGN_OR_RETURN(reduction.name, ReadName());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
    BNSYN_ASSIGN_OR_RETURN(reduction.population, ReadDomain(reader_, program_));
    program_.reductions.push_back(std::move(reduction));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadProjection() {
    BNSYN_ASSIGN_OR_RETURN(Projection projection, ReadProjectionLine());
    program_.AddProjection(std::move(projection));
    return absl::OkStatus();
  }

  // Reads a projection once more, now that the states are known that hold its variables.
  absl::Status ReadHeldVariables() {
    BNSYN_ASSIGN_OR_RETURN(Projection projection, ReadProjectionLine());
    Projection& declared = program_.projections[projections_read_++];
    declared.of_source = std::move(projection.of_source);
    declared.of_target = std::move(projection.of_target);
    return absl::OkStatus();
  }

  absl::StatusOr<Projection> ReadProjectionLine() {
    Projection projection;
    BNSYN_ASSIGN_OR_RETURN(projection.name, ReadName());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
    BNSYN_ASSIGN_OR_RETURN(projection.source, ReadSymbol(reader_, program_, AttrKind::kPopulation));
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation("->"));
    BNSYN_ASSIGN_OR_RETURN(projection.target, ReadSymbol(reader_, program_, AttrKind::kPopulation));
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, projection));
    BNSYN_RETURN_IF_ERROR(reader_.ReadLineEnd());
    return projection;
  }

  absl::Status ReadEvents() {
    Events events;
    BNSYN_ASSIGN_OR_RETURN(events.name, ReadName());
    BNSYN_RETURN_IF_ERROR(reader_.ReadPunctuation(":"));
    BNSYN_ASSIGN_OR_RETURN(events.input, ReadSymbol(reader_, program_, AttrKind::kInput));
    constexpr TableId kNone = std::numeric_limits<TableId>::max();
    events.table = kNone;
    BNSYN_RETURN_IF_ERROR(ReadAttributes(reader_, program_, events));
    if (events.table == kNone) return reader_.Expected("table=NAME");
    program_.events.push_back(std::move(events));
    return reader_.ReadLineEnd();
  }

  absl::Status ReadBlockInto() {
    const Token& keyword = reader_.peek();
    BNSYN_ASSIGN_OR_RETURN(Block block, ReadBlock(reader_, program_));
    headers_[{block.kind, block.name, block.pathway}] = lines_[keyword.line];
    switch (block.kind) {
      case BlockKind::kInit:
        if (program_.init) return reader_.Error(keyword, "there are two init blocks");
        program_.init = std::move(block);
        break;
      case BlockKind::kConnect:
        program_.connect.push_back(std::move(block));
        break;
      case BlockKind::kOnPre:
      case BlockKind::kOnStep:
      case BlockKind::kOnPost:
        program_.synaptic.push_back(std::move(block));
        break;
      case BlockKind::kLoop:
      case BlockKind::kClock:
        program_.loops.push_back(std::move(block));
        break;
      case BlockKind::kNow:
        program_.now.push_back(std::move(block));
        break;
      case BlockKind::kStep:
      case BlockKind::kKernel:
        program_.step.push_back(std::move(block));
        break;
    }
    return absl::OkStatus();
  }

  // A violation, in the user's text.
  absl::Status Draw(const Violation& violation) const {
    SourceRange range;
    if (violation.block != nullptr) {
      const Block& block = *violation.block;
      if (violation.node < block.nodes.size()) {
        range = lines_.at(block.nodes[violation.node].line);
      } else {
        range = headers_.at({block.kind, block.name, block.pathway});
      }
    } else {
      range = names_.at(violation.symbol);
    }
    return ErrorAt(source_, range, violation.message, violation.note);
  }

  const SourceText& source_;
  const std::vector<Token>& tokens_;
  TokenReader reader_;
  Program program_;
  bool named_ = false;
  size_t projections_read_ = 0;     // once more, for their states
  std::vector<size_t> statements_;  // positions of their first tokens

  // Places in the text, for errors.
  std::map<uint32_t, SourceRange> lines_;
  std::map<std::string, SourceRange> names_;  // "" for the program
  std::map<std::tuple<BlockKind, std::string, std::string>, SourceRange> headers_;
};

}  // namespace

absl::StatusOr<Program> Parse(absl::string_view text, absl::string_view file,
                              absl::string_view directory) {
  return WithinMemory([&]() -> absl::StatusOr<Program> {
    const SourceText source = {std::string(file), std::string(text), 1, 1};
    BNSYN_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Lex(source));
    return Parser(source, tokens, directory).Run();
  });
}

}  // namespace bnsyn::ir
