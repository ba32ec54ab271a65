#include "server/config_file.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

absl::Status Flatten(const YAML::Node& node, const std::string& prefix, const std::string& file, Entries* out) {
  for (const auto& item : node) {
    const std::string name =
        prefix.empty() ? item.first.as<std::string>() : prefix + "." + item.first.as<std::string>();
    if (item.second.IsMap()) {
      RETURN_IF_ERROR(Flatten(item.second, name, file, out));
    } else if (item.second.IsScalar() || item.second.IsNull()) {
      out->emplace_back(name, item.second.IsNull() ? "" : item.second.as<std::string>());
    } else {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: \"%s\" is a list; settings are single values", file, name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Entries> ParseConfigText(const std::string& text, const std::string& name) {
  Entries entries;
  try {  // yaml-cpp reports by exception; they end here
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return entries;
    if (!root.IsMap()) return absl::InvalidArgumentError(absl::StrFormat("%s: expects `name: value` lines", name));
    RETURN_IF_ERROR(Flatten(root, "", name, &entries));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrFormat("%s is not valid YAML: %s", name, error.what()));
  }
  std::set<std::string> seen;
  for (const auto& entry : entries) {
    if (!seen.insert(entry.first).second) {
      return absl::InvalidArgumentError(absl::StrFormat("%s: \"%s\" is set twice", name, entry.first));
    }
  }
  return entries;
}

absl::StatusOr<Entries> ReadConfigFile(const std::string& path) {
  std::error_code unknown;  // then it cannot be opened either
  if (std::filesystem::is_directory(path, unknown)) {  // one can be opened, and reads like an empty file
    return absl::InvalidArgumentError(absl::StrFormat("the configuration file %s is a directory", path));
  }
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrFormat("cannot read the configuration file %s", path));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (file.bad()) return absl::UnavailableError(absl::StrFormat("cannot read the configuration file %s", path));
  return ParseConfigText(text, path);
}

std::string QuoteForConfigFile(std::string_view value) {
  std::string out = "'";
  for (const char c : value) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

}  // namespace cortex
