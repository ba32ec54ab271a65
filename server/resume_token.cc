#include "server/resume_token.h"

#include <charconv>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

// The numbers between the dots; nothing if something else stands there.
std::vector<uint64_t> Numbers(std::string_view token) {
  std::vector<uint64_t> numbers;
  const char* at = token.data();
  const char* const end = at + token.size();
  for (;;) {
    uint64_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc()) return {};
    numbers.push_back(number);
    if (next == end) return numbers;
    if (*next != '.') return {};
    at = next + 1;
  }
}

}  // namespace

std::string EncodeResumeToken(const ResumePlace& place) {
  const std::string whole = absl::StrFormat("%d.%d", place.table.value(), place.commit);
  if (place.shard == UINT32_MAX) return whole;
  return absl::StrFormat("%s.%d.%d", whole, place.shard, place.ordinal);
}

absl::StatusOr<ResumePlace> DecodeResumeToken(std::string_view token) {
  const std::vector<uint64_t> numbers = Numbers(token);
  const bool of_row = numbers.size() == 4;
  if ((!of_row && numbers.size() != 2) || numbers[0] > UINT32_MAX ||
      (of_row && (numbers[2] >= kShardCount || numbers[3] >= UINT32_MAX))) {
    return InvalidField("resume_token", "resume_token is none that a subscription gave out");
  }
  ResumePlace place{.table = TableId(static_cast<uint32_t>(numbers[0])), .commit = numbers[1]};
  if (!of_row) return place;
  place.shard = static_cast<uint32_t>(numbers[2]);
  place.ordinal = static_cast<uint32_t>(numbers[3]);
  return place;
}

}  // namespace cortex
