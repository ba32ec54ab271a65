// A number for what an ingest request says, so that a producer's sequence reused for something else is noticed.
//
// Equal requests have equal numbers however they came in: packed or as JSON-like rows, strings plain or as codes, before
// or after a column was added (in whole rows, one that holds its default everywhere, or NULL without one, counts as
// absent). The tier does not count: it says where rows go, not what they are. The number is stored with the sequence: it
// is part of the format.
#ifndef CORTEX_STORAGE_CONTENT_HASH_H_
#define CORTEX_STORAGE_CONTENT_HASH_H_

#include <cstdint>

#include "storage/database.h"

namespace cortex {

// XXH3 over table, mode, columns and values. Cost: one pass.
uint64_t ContentHash(const IngestRequest& request);

}  // namespace cortex

#endif  // CORTEX_STORAGE_CONTENT_HASH_H_
