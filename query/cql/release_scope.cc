#include "query/cql/release_scope.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/nearest_name.h"

namespace cortex::cql {
namespace {

absl::Status CheckOptions(const std::vector<Option>& options) {
  const std::vector<std::string> known = {"history",        "approx_recall", "lossy",  "tiers",
                                          "max_cold_bytes", "timeout",       "promote"};
  bool history = false;
  for (const Option& option : options) {
    if (std::find(known.begin(), known.end(), option.name) == known.end()) {
      return InvalidAt(option.position,
                       absl::StrFormat("unknown option \"%s\"%s", option.name, DidYouMean(option.name, known)));
    }
    if (option.name != "history") return UnsupportedAt(option.position, absl::StrFormat("WITH (%s = ..)", option.name));
    if (history) return InvalidAt(option.position, "option \"history\" is given twice");
    history = true;
  }
  return absl::OkStatus();
}

class Checker {
 public:
  explicit Checker(Position at) : at_(at) {}

  absl::Status operator()(const Select& select) const {
    return CheckOptions(select.options);
  }
  absl::Status operator()(const CreateReference&) const { return UnsupportedAt(at_, "CREATE REFERENCE"); }
  absl::Status operator()(const Show& show) const {
    if (show.target == ShowTarget::kQueries) return UnsupportedAt(at_, "SHOW QUERIES");
    return absl::OkStatus();
  }
  absl::Status operator()(const CreateTable& create) const {
    for (const Option& option : create.options) {
      return InvalidAt(option.position, absl::StrFormat("unknown table option \"%s\"", option.name));
    }
    return absl::OkStatus();
  }
  absl::Status operator()(const Explain& explain) const {
    const Statement& inner = *explain.statement;
    if (std::holds_alternative<Insert>(inner.node)) return UnsupportedAt(inner.position, "EXPLAIN INSERT");
    if (explain.analyze && !std::holds_alternative<Select>(inner.node)) {
      return UnsupportedAt(at_, "EXPLAIN ANALYZE of a statement that changes rows", "EXPLAIN shows its plan");
    }
    return CheckReleaseScope(inner);
  }
  absl::Status operator()(const Insert&) const { return absl::OkStatus(); }
  absl::Status operator()(const DropTable&) const { return absl::OkStatus(); }
  absl::Status operator()(const Update&) const { return absl::OkStatus(); }
  absl::Status operator()(const Delete&) const { return absl::OkStatus(); }
  absl::Status operator()(const AlterTable&) const { return absl::OkStatus(); }

 private:
  Position at_;
};

}  // namespace

absl::Status CheckReleaseScope(const Statement& statement) {
  return std::visit(Checker(statement.position), statement.node);
}

}  // namespace cortex::cql
