#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tools/describe.h"

namespace bnsyn::tools {
namespace {

// What a shell can offer for the value of an argument.
enum class Offer { kNothing, kWords, kFiles, kFolders };

Offer OfferFor(const Argument& argument) {
  if (!argument.one_of.empty()) return Offer::kWords;
  const std::string type = argument.type == nullptr ? "" : argument.type;
  if (type == "DIR") return Offer::kFolders;
  // Arguments by position are files, but for the name of a model.
  if (type == "FILE" || (!IsOption(argument) && type != "NAME")) return Offer::kFiles;
  return Offer::kNothing;
}

std::string Words(const Argument& argument) { return absl::StrJoin(argument.one_of, " "); }

std::string BashValue(const Argument& argument) {
  switch (OfferFor(argument)) {
    case Offer::kWords:
      return absl::StrCat("words='", Words(argument), "'");
    case Offer::kFiles:
      return "how=-f";
    case Offer::kFolders:
      return "how=-d";
    case Offer::kNothing:
      break;
  }
  return "return";
}

std::string BashCommand(const CommandText& command) {
  std::vector<std::string> options = {"--help"};
  std::string values;
  std::string otherwise = "return";
  for (const Argument& argument : command.arguments) {
    if (!IsOption(argument)) {
      otherwise = BashValue(argument);
      continue;
    }
    options.push_back(argument.name);
    if (!TakesValue(argument)) continue;
    absl::StrAppend(&values, "        ", argument.name, ") ", BashValue(argument), " ;;\n");
  }
  return absl::StrCat("    ", command.name, ")\n      case $previous in\n", values,
                      "        *) if [[ $current == -* ]]; then words='",
                      absl::StrJoin(options, " "), "'; else ", otherwise,
                      "; fi ;;\n      esac ;;\n");
}

// Within single quotes.
std::string Quoted(const std::string& text) { return absl::StrReplaceAll(text, {{"'", "'\\''"}}); }

// What stands between brackets in a specification of _arguments.
std::string ZshText(const std::string& text) {
  return absl::StrReplaceAll(Quoted(text), {{"[", "\\["}, {"]", "\\]"}, {":", "\\:"}});
}

std::string ZshValue(const Argument& argument) {
  const std::string type = argument.type == nullptr ? argument.name : argument.type;
  const std::string head = absl::StrCat(":", ZshText(type), ":");
  switch (OfferFor(argument)) {
    case Offer::kWords:
      return absl::StrCat(head, "(", Words(argument), ")");
    case Offer::kFiles:
      return absl::StrCat(head, "_files");
    case Offer::kFolders:
      return absl::StrCat(head, "_files -/");
    case Offer::kNothing:
      break;
  }
  return absl::StrCat(head, " ");
}

std::string ZshArgument(const Argument& argument) {
  if (!IsOption(argument)) return absl::StrCat("'", ZshValue(argument), "'");
  std::string specification;
  if (!argument.excludes.empty()) {
    specification = absl::StrCat("(", absl::StrJoin(argument.excludes, " "), ")");
  }
  if (IsRepeatable(argument)) specification += "*";
  absl::StrAppend(&specification, argument.name, "[", ZshText(argument.help), "]");
  if (TakesValue(argument)) specification += ZshValue(argument);
  return absl::StrCat("'", specification, "'");
}

}  // namespace

std::string BashCompletion(const LineText& line) {
  std::vector<std::string> names;
  std::string cases;
  for (const CommandText& command : line.commands) {
    names.push_back(command.name);
    cases += BashCommand(command);
  }
  return absl::StrCat(
      "# Completion of bnsyn for bash, written by `bnsyn describe bash`.\n_bnsyn() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words= how=\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n    words='",
      absl::StrJoin(names, " "), " --help --version'\n  else\n    case ${COMP_WORDS[1]} in\n",
      cases,
      "    *) return ;;\n    esac\n  fi\n"
      "  if [ -n \"$how\" ]; then\n    compopt -o filenames 2> /dev/null\n"
      "    mapfile -t COMPREPLY < <(compgen \"$how\" -- \"$current\")\n"
      "  else\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n  fi\n}\n"
      "complete -F _bnsyn bnsyn\n");
}

std::string ZshCompletion(const LineText& line) {
  std::string names;
  std::string cases;
  for (const CommandText& command : line.commands) {
    absl::StrAppend(&names, "    '", command.name, ":", ZshText(command.description), "'\n");
    absl::StrAppend(&cases, "    ", command.name, ")\n      _arguments '--help[print help]'");
    for (const Argument& argument : command.arguments) {
      absl::StrAppend(&cases, " \\\n        ", ZshArgument(argument));
    }
    cases += " ;;\n";
  }
  return absl::StrCat(
      "#compdef bnsyn\n# Completion of bnsyn for zsh, written by `bnsyn describe zsh`.\n_bnsyn() "
      "{\n"
      "  local -a commands=(\n",
      names,
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n",
      cases, "  esac\n}\n_bnsyn \"$@\"\n");
}

}  // namespace bnsyn::tools
