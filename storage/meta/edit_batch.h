// A manifest edit on its way to disk: checked against what is live, then turned into one RocksDB batch.
#ifndef CORTEX_STORAGE_META_EDIT_BATCH_H_
#define CORTEX_STORAGE_META_EDIT_BATCH_H_

#include <rocksdb/write_batch.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "storage/meta/live_set.h"
#include "storage/meta/manifest.h"
#include "storage/meta/meta_db.h"

namespace cortex {

// One edit, one thread. Borrows both.
class EditBatch {
 public:
  EditBatch(const MetaDb* db, LiveSetChange* live) : db_(*db), live_(*live) {}

  // Errors: INTERNAL if the edit contradicts the live set or holds what cannot be encoded.
  absl::Status AddAll(const ManifestEdit& edit);
  // A number of the manifest itself.
  absl::Status PutNumber(std::string_view key, uint64_t number);

  rocksdb::WriteBatch* batch() { return &batch_; }
  // One above the highest id the edit put; 0 if none.
  TableId table_id_end() const { return table_id_end_; }
  SegmentId segment_id_end() const { return segment_id_end_; }

 private:
  absl::Status Add(const ManifestEdit::PutTableOp& op);
  absl::Status Add(const ManifestEdit::RemoveTableOp& op);
  absl::Status Add(const ManifestEdit::AddSegmentOp& op);
  absl::Status Add(const ManifestEdit::RemoveSegmentOp& op);
  absl::Status Add(const ManifestEdit::PutEndsOp& op);
  absl::Status Add(const ManifestEdit::SealPointOp& op);
  absl::Status Add(const ManifestEdit::ColdIndexOp& op);
  absl::Status Add(const ManifestEdit::CounterOp& op);
  absl::Status Add(const ManifestEdit::SequenceOp& op);
  absl::Status Put(MetaFamily family, std::string_view key, std::string_view value);
  absl::Status Delete(MetaFamily family, std::string_view key);

  const MetaDb& db_;
  LiveSetChange& live_;
  rocksdb::WriteBatch batch_;
  TableId table_id_end_;
  SegmentId segment_id_end_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_EDIT_BATCH_H_
