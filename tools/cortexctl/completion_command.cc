// completion: shell completion scripts, made from the registered commands so that they cannot go stale.
#include <iostream>
#include <memory>

#include "absl/strings/str_format.h"
#include "tools/cortexctl/command.h"

namespace cortex::ctl {
namespace {

// "--format --stats --param -p": every option of one command.
std::string OptionNames(const CLI::App* command) {
  std::string names;
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) names += (names.empty() ? "--" : " --") + name;
    for (const std::string& name : option->get_snames()) names += (names.empty() ? "-" : " -") + name;
  }
  return names;
}

std::string SubcommandNames(const CLI::App* command) {
  std::string names;
  for (const CLI::App* sub : command->get_subcommands({})) names += (names.empty() ? "" : " ") + sub->get_name();
  return names;
}

// One function serves both shells: zsh runs it through bashcompinit.
std::string BashScript(const CLI::App* app) {
  std::string cases;
  for (const CLI::App* command : app->get_subcommands({})) {
    const std::string subcommands = SubcommandNames(command);
    cases += absl::StrFormat("    %s) words=\"%s%s%s\" ;;\n", command->get_name(), subcommands, subcommands.empty() ? "" : " ",
                             OptionNames(command));
  }
  return absl::StrFormat(
      "_cortexctl() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" command= word words\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \" %s \" in *\" $word \"*) command=$word; break ;; esac\n"
      "  done\n"
      "  case $previous in\n"
      "    --format) COMPREPLY=($(compgen -W 'table csv json' -- \"$current\")); return ;;\n"
      "    --tier) COMPREPLY=($(compgen -W 'hot warm cold' -- \"$current\")); return ;;\n"
      "    --mode) COMPREPLY=($(compgen -W 'replace merge' -- \"$current\")); return ;;\n"
      "  esac\n"
      "  case $command in\n"
      "    '') words=\"%s %s\" ;;\n"
      "%s"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "}\n"
      "complete -o default -F _cortexctl cortexctl\n",
      SubcommandNames(app), SubcommandNames(app), OptionNames(app), cases);
}

}  // namespace

void AddCompletionCommand(CLI::App* app, Action* action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = app->add_subcommand("completion", "Print a completion script: source <(cortexctl completion bash)");
  completion->add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
  completion->callback([=] {
    *action = [=] {
      if (*shell == "zsh") std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
      std::cout << BashScript(app);
      return absl::OkStatus();
    };
  });
}

}  // namespace cortex::ctl
