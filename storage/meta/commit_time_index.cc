#include "storage/meta/commit_time_index.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

using Kind = CommitTimeKeyKind;

constexpr uint64_t kSignBit = uint64_t{1} << 63;  // flipped, so that times before 1970 sort first

uint64_t SortableTime(int64_t time_ns) { return static_cast<uint64_t>(time_ns) ^ kSignBit; }
int64_t TimeFromSortable(uint64_t sortable) { return static_cast<int64_t>(sortable ^ kSignBit); }

absl::Status Malformed() { return absl::DataLossError("meta store has a commit time of no known form"); }

// The key under `cursor`, or nothing if the cursor left keys of `kind`.
absl::StatusOr<std::optional<uint64_t>> NumberAt(const rocksdb::Iterator& cursor, Kind kind) {
  RETURN_IF_ERROR(FromRocksDb(cursor.status(), "cannot read the commit times"));
  if (!cursor.Valid()) return std::optional<uint64_t>();
  const auto key = ParseCommitTimeKey(ToView(cursor.key()));
  if (!key.has_value()) return Malformed();
  if (key->kind != kind) return std::optional<uint64_t>();
  return std::optional<uint64_t>(key->number);
}

// The entry that stands by itself under `cursor`, or nothing if the cursor left keys of `kind`.
absl::StatusOr<std::optional<CommitTime>> SingleAt(const rocksdb::Iterator& cursor, Kind kind) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> key, NumberAt(cursor, kind));
  if (!key.has_value()) return std::optional<CommitTime>();
  const std::optional<uint64_t> value = ParseBigEndian(ToView(cursor.value()));
  if (!value.has_value()) return Malformed();
  const bool by_time = kind == Kind::kByTime;
  return std::optional<CommitTime>(
      {.commit = by_time ? *value : *key, .time_ns = TimeFromSortable(by_time ? *key : *value)});
}

std::string EncodeRun(const std::vector<CommitTime>& entries) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.PutVarint(entries[0].commit);
  for (size_t i = 1; i < entries.size(); ++i) {
    writer.PutVarint(SortableTime(entries[i].time_ns) - SortableTime(entries[i - 1].time_ns));
    writer.PutVarint(entries[i].commit - entries[i - 1].commit);
  }
  return bytes;
}

absl::StatusOr<std::vector<CommitTime>> DecodeRun(uint64_t first_time, std::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t time = first_time, commit = 0;
  RETURN_IF_ERROR(reader.ReadVarint(&commit));
  std::vector<CommitTime> entries = {{.commit = commit, .time_ns = TimeFromSortable(time)}};
  while (reader.remaining() > 0) {
    uint64_t later = 0, commits = 0;
    RETURN_IF_ERROR(reader.ReadVarint(&later));
    RETURN_IF_ERROR(reader.ReadVarint(&commits));
    if (later == 0 || commits == 0 || time + later < time || commit + commits < commit) return Malformed();
    time += later;
    commit += commits;
    entries.push_back({.commit = commit, .time_ns = TimeFromSortable(time)});
  }
  return entries;
}

// The run under `cursor`, by time; empty if the cursor left the runs.
absl::StatusOr<std::vector<CommitTime>> RunAt(const rocksdb::Iterator& cursor) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> first_time, NumberAt(cursor, Kind::kRunByTime));
  if (!first_time.has_value()) return std::vector<CommitTime>();
  return DecodeRun(*first_time, ToView(cursor.value()));
}

// Moves `cursor` to the first entry that stands by itself. Right behind the last run: before that lie the tombstones of
// all that was packed, and walking over them made packing four times slower.
absl::Status SeekFirstSingle(rocksdb::Iterator* cursor) {
  cursor->SeekForPrev(CommitTimeKey(Kind::kRunByTime, UINT64_MAX));
  ASSIGN_OR_RETURN(const std::vector<CommitTime> last_run, RunAt(*cursor));
  cursor->Seek(CommitTimeKey(Kind::kByTime, last_run.empty() ? 0 : SortableTime(last_run.back().time_ns) + 1));
  return absl::OkStatus();
}

}  // namespace

absl::Status CommitTimeIndex::Put(const CommitTime& entry) {
  if (!singles_.has_value()) {
    ASSIGN_OR_RETURN(singles_, CountSingles());
  }
  rocksdb::WriteBatch batch;
  rocksdb::ColumnFamilyHandle* const family = db_->family(MetaFamily::kCommitTimes);
  const uint64_t time = SortableTime(entry.time_ns);
  RETURN_IF_ERROR(FromRocksDb(batch.Put(family, CommitTimeKey(Kind::kByTime, time), BigEndianBytes(entry.commit)),
                              "cannot build a batch"));
  RETURN_IF_ERROR(FromRocksDb(batch.Put(family, CommitTimeKey(Kind::kByCommit, entry.commit), BigEndianBytes(time)),
                              "cannot build a batch"));
  const bool pack = *singles_ >= 2 * kRunEntries;
  if (pack) RETURN_IF_ERROR(PackOldest(&batch));
  RETURN_IF_ERROR(db_->Write(&batch, /*synced=*/false));
  *singles_ += 1 - (pack ? kRunEntries : 0);
  return absl::OkStatus();
}

absl::StatusOr<size_t> CommitTimeIndex::CountSingles() const {
  const std::unique_ptr<rocksdb::Iterator> cursor = db_->Scan(MetaFamily::kCommitTimes);
  RETURN_IF_ERROR(SeekFirstSingle(cursor.get()));
  for (size_t count = 0;; ++count, cursor->Next()) {
    ASSIGN_OR_RETURN(const std::optional<CommitTime> entry, SingleAt(*cursor, Kind::kByTime));
    if (!entry.has_value()) return count;
  }
}

// One batch moves the entries: a reader, and a start after a crash, finds each in one place.
absl::Status CommitTimeIndex::PackOldest(rocksdb::WriteBatch* batch) const {
  const std::unique_ptr<rocksdb::Iterator> cursor = db_->Scan(MetaFamily::kCommitTimes);
  rocksdb::ColumnFamilyHandle* const family = db_->family(MetaFamily::kCommitTimes);
  std::vector<CommitTime> entries;
  RETURN_IF_ERROR(SeekFirstSingle(cursor.get()));
  for (; entries.size() < kRunEntries; cursor->Next()) {
    ASSIGN_OR_RETURN(const std::optional<CommitTime> entry, SingleAt(*cursor, Kind::kByTime));
    if (!entry.has_value()) return absl::DataLossError("meta store has fewer commit times than were counted");
    entries.push_back(*entry);
    RETURN_IF_ERROR(FromRocksDb(batch->Delete(family, cursor->key()), "cannot build a batch"));
    RETURN_IF_ERROR(FromRocksDb(batch->Delete(family, CommitTimeKey(Kind::kByCommit, entry->commit)),
                                "cannot build a batch"));
  }
  const uint64_t first_time = SortableTime(entries[0].time_ns);
  RETURN_IF_ERROR(FromRocksDb(batch->Put(family, CommitTimeKey(Kind::kRunByTime, first_time), EncodeRun(entries)),
                              "cannot build a batch"));
  return FromRocksDb(
      batch->Put(family, CommitTimeKey(Kind::kRunByCommit, entries[0].commit), BigEndianBytes(first_time)),
      "cannot build a batch");
}

// One cursor each: it sees one state of the store, whatever is packed meanwhile. Entries that stand by themselves are
// later than all runs.
absl::StatusOr<std::optional<CommitTime>> CommitTimeIndex::Last() const {
  const std::unique_ptr<rocksdb::Iterator> cursor = db_->Scan(MetaFamily::kCommitTimes);
  cursor->SeekForPrev(CommitTimeKey(Kind::kByTime, UINT64_MAX));
  return SingleAt(*cursor, Kind::kByTime);
}

absl::StatusOr<std::optional<CommitTime>> CommitTimeIndex::FirstAfter(int64_t time_ns) const {
  if (time_ns == INT64_MAX) return std::optional<CommitTime>();
  const uint64_t time = SortableTime(time_ns);
  const std::unique_ptr<rocksdb::Iterator> cursor = db_->Scan(MetaFamily::kCommitTimes);
  cursor->SeekForPrev(CommitTimeKey(Kind::kRunByTime, time));
  ASSIGN_OR_RETURN(const std::vector<CommitTime> around, RunAt(*cursor));
  for (const CommitTime& entry : around) {
    if (entry.time_ns > time_ns) return std::optional<CommitTime>(entry);
  }
  cursor->Seek(CommitTimeKey(Kind::kRunByTime, time + 1));
  ASSIGN_OR_RETURN(const std::vector<CommitTime> next, RunAt(*cursor));
  if (!next.empty()) return std::optional<CommitTime>(next.front());
  cursor->Seek(CommitTimeKey(Kind::kByTime, time + 1));
  return SingleAt(*cursor, Kind::kByTime);
}

absl::StatusOr<std::optional<CommitTime>> CommitTimeIndex::Of(Commit commit) const {
  const std::unique_ptr<rocksdb::Iterator> cursor = db_->Scan(MetaFamily::kCommitTimes);
  cursor->SeekForPrev(CommitTimeKey(Kind::kRunByCommit, commit));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> run, NumberAt(*cursor, Kind::kRunByCommit));
  std::optional<CommitTime> found;
  uint64_t singles_from = 0;
  if (run.has_value()) {
    const std::optional<uint64_t> first_time = ParseBigEndian(ToView(cursor->value()));
    if (!first_time.has_value()) return Malformed();
    cursor->Seek(CommitTimeKey(Kind::kRunByTime, *first_time));
    ASSIGN_OR_RETURN(const std::vector<CommitTime> entries, RunAt(*cursor));
    const auto end = std::partition_point(entries.begin(), entries.end(),
                                          [&](const CommitTime& entry) { return entry.commit <= commit; });
    if (end == entries.begin()) return absl::DataLossError("meta store has lost a run of commit times");
    found = *(end - 1);
    if (end != entries.end()) return found;
    singles_from = entries.back().commit + 1;
  }
  // Never over the tombstones of what was packed: only where an entry of its own lies in between.
  cursor->Seek(CommitTimeKey(Kind::kByCommit, singles_from));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> single, NumberAt(*cursor, Kind::kByCommit));
  if (!single.has_value() || *single > commit) return found;
  cursor->SeekForPrev(CommitTimeKey(Kind::kByCommit, commit));
  return SingleAt(*cursor, Kind::kByCommit);
}

}  // namespace cortex
