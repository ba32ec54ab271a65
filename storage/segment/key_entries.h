// Finds rows by key in a segment that is not sorted by key: one 8-byte entry per row, (upper half of the key's hash,
// row number within the segment), in ascending order.
//
// Why not the keys themselves, sorted: hashes sort as integers, take 8 bytes a row whatever the keys, and, being evenly
// spread, tell where to look without a search over the file. The price is that a candidate must be compared with the
// key column: the rows of the key, and one row in 2^32 by chance.
#ifndef CORTEX_STORAGE_SEGMENT_KEY_ENTRIES_H_
#define CORTEX_STORAGE_SEGMENT_KEY_ENTRIES_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/codec.h"

namespace cortex {

// Entries of rows 0, 1, ... with these HashKey values.
std::vector<uint64_t> BuildKeyEntries(absl::Span<const uint64_t> hashes);
// Distinct hash halves among sorted entries: the number of distinct keys, but for one collision in 2^32.
uint64_t CountDistinctKeys(absl::Span<const uint64_t> entries);

// Appends, ascending, the rows whose key may hash to `hash`. Reads about two pages of `entries`, whose size is
// row_count * 8. Errors: those of `entries`; DATA_LOSS for a row number beyond row_count.
absl::Status FindKeyEntries(const ByteSource& entries, uint64_t row_count, uint64_t hash, std::vector<uint64_t>* rows);

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_KEY_ENTRIES_H_
