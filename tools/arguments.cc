// The only file that includes CLI11, which takes the compiler longer than all others together.
#include "tools/arguments.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/describe.h"

namespace bnsyn::tools {
namespace {

class ParsedCommand : public Command {
 public:
  ParsedCommand(CLI::App* app, std::function<int()>& chosen) : app_(app), chosen_(chosen) {}

  void Add(const Argument& argument) override {
    arguments_.push_back(argument);
    CLI::Option* const option =
        std::visit([&](auto* value) { return AddOption(argument, value); }, argument.value);
    if (argument.type != nullptr) option->type_name(argument.type);
    if (!argument.one_of.empty()) option->check(CLI::IsMember(argument.one_of));
    if (argument.range) option->check(CLI::Range(argument.range->first, argument.range->second));
    if (argument.variable != nullptr) option->envname(argument.variable);
    if (argument.positive) option->check(CLI::PositiveNumber);
    if (argument.required) option->required();
    if (argument.show_default) option->capture_default_str();
    for (const std::string& other : argument.excludes) option->excludes(app_->get_option(other));
  }

  void SetFooter(const std::string& text) override { app_->footer(text); }
  void SetAction(std::function<int()> action) override {
    app_->callback([this, action = std::move(action)] { chosen_ = action; });
  }

  bool hidden() const { return app_->get_group().empty(); }
  CommandText Text() const {
    return {app_->get_name(), app_->get_description(), arguments_, app_->get_footer()};
  }

 private:
  template <typename T>
  CLI::Option* AddOption(const Argument& argument, T* value) {
    return app_->add_option(argument.name, *value, argument.help);
  }
  CLI::Option* AddOption(const Argument& argument, bool* value) {
    return app_->add_flag(argument.name, *value, argument.help);
  }
  CLI::Option* AddOption(const Argument& argument, std::vector<std::string>* values) {
    return app_->add_option(argument.name, *values, argument.help)->allow_extra_args(false);
  }

  CLI::App* const app_;
  std::function<int()>& chosen_;
  std::vector<Argument> arguments_;
};

}  // namespace

bool IsOption(const Argument& argument) { return argument.name[0] == '-'; }

bool TakesValue(const Argument& argument) { return !std::holds_alternative<bool*>(argument.value); }

bool IsRepeatable(const Argument& argument) {
  return std::holds_alternative<std::vector<std::string>*>(argument.value);
}

struct CommandLine::Impl {
  Impl(const std::string& description, const std::string& shown_version)
      : app(description), version(shown_version) {}

  CLI::App app;
  std::string version;
  std::function<int()> chosen;
  std::vector<std::unique_ptr<ParsedCommand>> commands;
};

CommandLine::CommandLine(const std::string& description, const std::string& version)
    : impl_(std::make_unique<Impl>(description, version)) {
  impl_->app.require_subcommand(1);
  impl_->app.set_version_flag("--version", version);
}

CommandLine::~CommandLine() = default;

Command& CommandLine::Add(const std::string& name, const std::string& description) {
  CLI::App* const app = impl_->app.add_subcommand(name, description);
  impl_->commands.push_back(std::make_unique<ParsedCommand>(app, impl_->chosen));
  return *impl_->commands.back();
}

Command& CommandLine::AddHidden(const std::string& name, const std::string& description) {
  Command& command = Add(name, description);
  impl_->app.get_subcommand(name)->group("");
  return command;
}

LineText CommandLine::Text() const {
  LineText text = {impl_->app.get_description(), impl_->version, {}};
  for (const std::unique_ptr<ParsedCommand>& command : impl_->commands) {
    if (!command->hidden()) text.commands.push_back(command->Text());
  }
  return text;
}

int CommandLine::Run(int argc, char** argv) {
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return impl_->app.exit(error) == 0 ? kDone : kError;
  }
  const int code = impl_->chosen();
  // What was printed may still fail to arrive, as on a full disk.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    std::fprintf(stderr, "error: cannot write to standard output\n");
    return kError;
  }
  return code;
}

}  // namespace bnsyn::tools
