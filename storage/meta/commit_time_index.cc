#include "storage/meta/commit_time_index.h"

#include <memory>
#include <string>

#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;  // flipped, so that times before 1970 sort first

uint64_t SortableTime(int64_t time_ns) { return static_cast<uint64_t>(time_ns) ^ kSignBit; }
int64_t TimeFromSortable(uint64_t sortable) { return static_cast<int64_t>(sortable ^ kSignBit); }

// The entry under the iterator, or nothing if it left keys of `kind`.
absl::StatusOr<std::optional<CommitTime>> EntryAt(const rocksdb::Iterator& entry, CommitTimeKeyKind kind) {
  RETURN_IF_ERROR(FromRocksDb(entry.status(), "cannot read the commit times"));
  if (!entry.Valid()) return std::optional<CommitTime>();
  const auto key = ParseCommitTimeKey(ToView(entry.key()), ToView(entry.value()));
  if (!key.has_value()) return absl::DataLossError("meta store has a commit time of no known form");
  if (key->kind != kind) return std::optional<CommitTime>();
  const bool by_time = kind == CommitTimeKeyKind::kByTime;
  return std::optional<CommitTime>({.commit = by_time ? key->value : key->key,
                                    .time_ns = TimeFromSortable(by_time ? key->key : key->value)});
}

}  // namespace

absl::Status WriteCommitTime(MetaDb* db, const CommitTime& entry) {
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* const family = db->family(MetaFamily::kCommitTimes);
  const uint64_t time = SortableTime(entry.time_ns);
  RETURN_IF_ERROR(FromRocksDb(
      batch.Put(family, CommitTimeKey(CommitTimeKeyKind::kByTime, time), BigEndianBytes(entry.commit)),
      "cannot build a batch"));
  RETURN_IF_ERROR(FromRocksDb(
      batch.Put(family, CommitTimeKey(CommitTimeKeyKind::kByCommit, entry.commit), BigEndianBytes(time)),
      "cannot build a batch"));
  return db->Write(&batch, /*synced=*/false);
}

absl::StatusOr<std::optional<CommitTime>> ReadLastCommitTime(const MetaDb& db) {
  const std::unique_ptr<rocksdb::Iterator> entry = db.Scan(MetaFamily::kCommitTimes);
  entry->SeekForPrev(CommitTimeKey(CommitTimeKeyKind::kByTime, UINT64_MAX));
  return EntryAt(*entry, CommitTimeKeyKind::kByTime);
}

absl::StatusOr<std::optional<CommitTime>> ReadFirstCommitTimeAfter(const MetaDb& db, int64_t time_ns) {
  if (time_ns == INT64_MAX) return std::optional<CommitTime>();
  const std::unique_ptr<rocksdb::Iterator> entry = db.Scan(MetaFamily::kCommitTimes);
  entry->Seek(CommitTimeKey(CommitTimeKeyKind::kByTime, SortableTime(time_ns) + 1));
  return EntryAt(*entry, CommitTimeKeyKind::kByTime);
}

absl::StatusOr<std::optional<CommitTime>> ReadCommitTimeOf(const MetaDb& db, Commit commit) {
  const std::unique_ptr<rocksdb::Iterator> entry = db.Scan(MetaFamily::kCommitTimes);
  entry->SeekForPrev(CommitTimeKey(CommitTimeKeyKind::kByCommit, commit));
  return EntryAt(*entry, CommitTimeKeyKind::kByCommit);
}

}  // namespace cortex
