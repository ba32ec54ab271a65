// Reads the whole manifest from disk and checks that its parts fit together.
#ifndef CORTEX_STORAGE_META_MANIFEST_LOADER_H_
#define CORTEX_STORAGE_META_MANIFEST_LOADER_H_

#include "absl/status/statusor.h"
#include "storage/meta/manifest.h"
#include "storage/meta/meta_db.h"

namespace cortex {

// One consistent version, even while commits go on. Errors: DATA_LOSS.
absl::StatusOr<ManifestState> LoadManifest(const MetaDb& db);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_MANIFEST_LOADER_H_
