#include <string>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tools/describe.h"

namespace bnsyn::tools {
namespace {

// Text as troff prints it: a hyphen is one that can be copied into a shell, and no line begins a
// request.
std::string Troff(const std::string& text) {
  std::string escaped = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}, {"`", "\\`"}});
  if (!escaped.empty() && (escaped[0] == '.' || escaped[0] == '\'')) escaped.insert(0, "\\&");
  return escaped;
}

// Lines that begin with blanks, such as examples, are printed as they are, and others are filled,
// each for itself.
std::string Paragraphs(const std::string& text) {
  std::string page = ".PP\n";
  bool verbatim = false;
  bool follows = false;  // a line of text
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    const bool wanted = absl::StartsWith(line, "  ");
    if (wanted != verbatim) absl::StrAppend(&page, wanted ? ".RS\n.nf\n" : ".fi\n.RE\n.PP\n");
    if (follows && !wanted && !line.empty()) page += ".br\n";
    verbatim = wanted;
    follows = !wanted && !line.empty();
    absl::StrAppend(&page, line.empty() ? ".PP" : Troff(wanted ? line.substr(2) : line), "\n");
  }
  if (verbatim) page += ".fi\n.RE\n";
  return page;
}

// The value that an argument has without being given; empty for none.
std::string Default(const Argument& argument) {
  if (!argument.show_default) return "";
  struct Visitor {
    std::string operator()(const bool*) const { return ""; }
    std::string operator()(const std::vector<std::string>*) const { return ""; }
    std::string operator()(const std::string* value) const { return *value; }
    std::string operator()(const int* value) const { return absl::StrCat(*value); }
    std::string operator()(const int64_t* value) const { return absl::StrCat(*value); }
    std::string operator()(const uint64_t* value) const { return absl::StrCat(*value); }
  };
  return std::visit(Visitor(), argument.value);
}

std::string Limits(const Argument& argument) {
  std::vector<std::string> limits;
  if (!argument.one_of.empty()) {
    limits.push_back(absl::StrCat("one of ", absl::StrJoin(argument.one_of, ", ")));
  }
  if (argument.range) {
    limits.push_back(absl::StrCat("from ", argument.range->first, " to ", argument.range->second));
  }
  if (const std::string value = Default(argument); !value.empty()) {
    limits.push_back(absl::StrCat(value, " by default"));
  }
  if (argument.variable != nullptr) {
    limits.push_back(absl::StrCat("or by $", argument.variable));
  }
  if (!argument.excludes.empty()) {
    limits.push_back(absl::StrCat("not with ", absl::StrJoin(argument.excludes, ", ")));
  }
  return limits.empty() ? "" : absl::StrCat(" (", absl::StrJoin(limits, "; "), ")");
}

std::string Synopsis(const CommandText& command) {
  std::string synopsis = absl::StrCat(".B bnsyn ", Troff(command.name), "\n");
  for (const Argument& argument : command.arguments) {
    if (IsOption(argument)) continue;
    const std::string name = Troff(absl::AsciiStrToUpper(argument.name));
    absl::StrAppend(
        &synopsis,
        argument.required ? absl::StrCat(".I ", name) : absl::StrCat(".RI [ ", name, " ]"), "\n");
  }
  return absl::StrCat(synopsis, ".RI [ options ]\n");
}

std::string Item(const Argument& argument) {
  std::string head;
  if (!IsOption(argument)) {
    head = absl::StrCat(".I ", Troff(absl::AsciiStrToUpper(argument.name)));
  } else if (TakesValue(argument)) {
    head = absl::StrCat(".BI ", Troff(argument.name), " \" ",
                        Troff(argument.type == nullptr ? "VALUE" : argument.type), "\"");
  } else {
    head = absl::StrCat(".B ", Troff(argument.name));
  }
  return absl::StrCat(".TP\n", head, "\n", Troff(argument.help + Limits(argument)), "\n");
}

}  // namespace

std::string ManualPage(const LineText& line) {
  // "bnsyn compiles networks" reads in the list of all manuals as "bnsyn - compiles networks".
  const std::vector<std::string> parts = absl::StrSplit(line.description, absl::MaxSplits('\n', 1));
  std::string summary(absl::StripPrefix(parts[0], "bnsyn "));
  summary = std::string(absl::StripSuffix(summary, "."));
  std::string page =
      absl::StrCat(".\\\" Written by `bnsyn describe man`.\n.TH BNSYN 1 \"\" \"", line.version,
                   "\" \"User commands\"\n.SH NAME\nbnsyn \\- ", Troff(summary),
                   "\n.SH SYNOPSIS\n.B bnsyn\n.I command\n.RI [ options ]\n.SH DESCRIPTION\n",
                   Paragraphs(line.description), ".SH COMMANDS\n");
  for (const CommandText& command : line.commands) {
    absl::StrAppend(&page, ".SS bnsyn ", Troff(command.name), "\n", Synopsis(command), ".PP\n",
                    Troff(command.description), "\n");
    for (const Argument& argument : command.arguments) page += Item(argument);
    if (!command.footer.empty()) page += Paragraphs(command.footer);
  }
  absl::StrAppend(&page, ".SH EXIT STATUS\n.TP\n.B ", kDone, "\nThe command did what was asked.\n",
                  ".TP\n.B ", kNo, "\nThe answer is no: a comparison found a difference.\n",
                  ".TP\n.B ", kError, "\nAn error was reported.\n");
  return page;
}

}  // namespace bnsyn::tools
