#include "query/cql/nearest_name.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "absl/strings/str_format.h"

namespace cortex::cql {
namespace {

constexpr size_t kLongestCompared = 128;  // keeps the cost of a hostile name bounded

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours each cost 1.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_previous(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = Lower(a[i - 1]) == Lower(b[j - 1]);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && Lower(a[i - 1]) == Lower(b[j - 2]) && Lower(a[i - 2]) == Lower(b[j - 1]);
      if (swapped) current[j] = std::min(current[j], before_previous[j - 2] + 1);
    }
    std::swap(before_previous, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

}  // namespace

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > kLongestCompared) return {};
  const size_t allowed = std::max<size_t>(2, name.size() / 3);
  std::string nearest;
  size_t nearest_distance = allowed + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > name.size() + allowed || name.size() > candidate.size() + allowed) continue;
    const size_t distance = EditDistance(name, candidate);
    // A name of two letters is "near" everything; at least one letter must survive.
    if (distance < nearest_distance && distance < std::max(name.size(), candidate.size())) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = NearestName(name, candidates);
  return nearest.empty() ? std::string() : absl::StrFormat("; did you mean \"%s\"?", nearest);
}

}  // namespace cortex::cql
