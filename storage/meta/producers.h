// Which batches of which producers were applied. Numbers only; what they mean is decided by the producer registry.
#ifndef CORTEX_STORAGE_META_PRODUCERS_H_
#define CORTEX_STORAGE_META_PRODUCERS_H_

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/meta/manifest.h"
#include "storage/meta/meta_db.h"

namespace cortex {

// Puts one applied batch and makes it the producer's last; forgets those below `sequence.keep_from`.
// Errors: INTERNAL for a producer longer than 255 bytes.
absl::Status AddSequence(const MetaDb& db, const ProducerSequence& sequence, rocksdb::WriteBatch* batch);

// Errors of both: DATA_LOSS.
absl::StatusOr<std::optional<ProducerSequence>> ReadLastSequence(const MetaDb& db, std::string_view producer);
absl::StatusOr<std::optional<ProducerSequence>> ReadSequence(const MetaDb& db, std::string_view producer,
                                                             uint64_t sequence);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_PRODUCERS_H_
