// Which batches of which producers were applied. Numbers only; what they mean is decided by the producer registry.
#ifndef CORTEX_STORAGE_META_PRODUCERS_H_
#define CORTEX_STORAGE_META_PRODUCERS_H_

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/meta/manifest.h"
#include "storage/meta/meta_db.h"
#include "storage/meta/meta_store.h"

namespace cortex {

// Puts one applied batch and makes it the producer's last; forgets those below `sequence.keep_from`. `in_files`: its rows
// are in segment files that the same write makes live, not in the WAL.
// Errors: INTERNAL for a producer longer than 255 bytes.
absl::Status AddSequence(const MetaDb& db, const ProducerSequence& sequence, bool in_files, rocksdb::WriteBatch* batch);

// Takes back every batch that needs a WAL record above `kept_through`, and those behind it; synced. Reads the whole family.
absl::StatusOr<std::vector<RewoundProducer>> RewindSequences(MetaDb* db, Commit kept_through);

// Errors of both: DATA_LOSS.
absl::StatusOr<std::optional<ProducerSequence>> ReadLastSequence(const MetaDb& db, std::string_view producer);
absl::StatusOr<std::optional<ProducerSequence>> ReadSequence(const MetaDb& db, std::string_view producer,
                                                             uint64_t sequence);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_PRODUCERS_H_
