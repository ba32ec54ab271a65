#include "storage/segment/key_entries.h"

#include <algorithm>
#include <cstring>

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

}  // namespace

std::vector<uint64_t> BuildKeyEntries(absl::Span<const uint64_t> hashes) {
  std::vector<uint64_t> entries(hashes.size());
  for (size_t row = 0; row < hashes.size(); ++row) entries[row] = (hashes[row] >> 32 << 32) | row;
  std::sort(entries.begin(), entries.end());
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
