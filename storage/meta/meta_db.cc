#include "storage/meta/meta_db.h"

#include <cstdarg>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/file_system.h"
#include "storage/meta/rocksdb_file_system.h"
#include "storage/meta/rocksdb_options.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

// RocksDB would take a directory without CURRENT for an empty one and start afresh; with table files or logs in it the
// store has lost that file. (A first start that was killed leaves neither.)
absl::Status CheckNotHalfGone(FileSystem* fs, const std::string& dir) {
  ASSIGN_OR_RETURN(const bool has_current, fs->Exists(JoinPath(dir, "CURRENT")));
  if (has_current) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs->ListDir(dir));
  for (const DirEntry& entry : entries) {
    if (absl::EndsWith(entry.name, ".sst") || absl::EndsWith(entry.name, ".log")) {
      return absl::DataLossError(absl::StrFormat("meta store: file CURRENT is missing in %s but %s is there", dir,
                                                 entry.name));
    }
  }
  return absl::OkStatus();
}

// RocksDB says which of its logs is bad nowhere but in its own log: "<path>/000004.log: dropping 12 bytes; ...".
class BadLogLogger final : public rocksdb::Logger {
 public:
  BadLogLogger() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    char line[1024];
    std::vsnprintf(line, sizeof(line), format, arguments);
    const std::string_view text = line;
    const size_t end = text.find(".log: dropping");
    if (end == std::string_view::npos || !bad_log_.empty()) return;
    const size_t slash = text.rfind('/', end);
    const size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    bad_log_ = std::string(text.substr(begin, end + 4 - begin));
  }
  const std::string& bad_log() const { return bad_log_; }

 private:
  std::string bad_log_;  // the first; RocksDB opens on one thread
};

// The log that is bad, or the manifest that CURRENT names.
std::string DamagedFile(FileSystem* fs, const std::string& dir, const std::string& bad_log) {
  if (!bad_log.empty()) return bad_log;
  const absl::StatusOr<std::string> current = ReadFile(fs, JoinPath(dir, "CURRENT"), 4 << 10);
  if (!current.ok() || current->empty()) return "CURRENT";
  return current->substr(0, current->size() - 1);
}

absl::Status OpenError(const rocksdb::Status& status, const std::string& dir) {
  // A column family that is not ours is the sign of a program after us.
  if (status.IsInvalidArgument()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "meta store: cannot open %s, it was written by a newer program: %s", dir, status.ToString()));
  }
  const absl::Status error = FromRocksDb(status, absl::StrFormat("cannot open %s", dir));
  if (!absl::IsDataLoss(error)) return error;
  return absl::DataLossError(absl::StrFormat("%s; restore a backup", std::string(error.message())));
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetaDb>> MetaDb::Open(const MetaStoreOptions& options, FileSystem* fs) {
  auto db = std::unique_ptr<MetaDb>(new MetaDb);
  if (options.budget != nullptr) {
    ASSIGN_OR_RETURN(db->memory_, MemoryReservation::Make(options.budget, MemoryUse::kMeta,
                                                          options.cache_bytes + kMetaMemtableBytes));
  }
  RETURN_IF_ERROR(fs->CreateDirs(options.dir));
  RETURN_IF_ERROR(CheckNotHalfGone(fs, options.dir));
  RETURN_IF_ERROR(db->OpenFamilies(options, fs));
  return db;
}

absl::Status MetaDb::OpenFamilies(const MetaStoreOptions& options, FileSystem* file_system) {
  cache_ = MakeMetaCache(options.cache_bytes);
  write_buffers_ = MakeMetaWriteBuffers();
  env_ = rocksdb::NewCompositeEnv(MakeRocksDbFileSystem(file_system));
  const rocksdb::DBOptions db_options = MetaDbOptions(env_.get(), write_buffers_, options.repair);
  const std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = MetaFamilies(cache_);

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(db_options, options.dir, descriptors, &handles, &opened);
  if (!status.ok()) return OpenError(status, options.dir);
  db_.reset(opened);
  for (size_t i = 0; i < kMetaFamilyCount; ++i) families_[i] = handles[i];
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<MetaDb>> MetaDb::OpenReadOnly(FileSystem* fs, const std::string& dir, bool strict) {
  auto db = std::unique_ptr<MetaDb>(new MetaDb);
  db->cache_ = MakeMetaCache(1 << 20);
  db->write_buffers_ = MakeMetaWriteBuffers();
  db->env_ = rocksdb::NewCompositeEnv(MakeRocksDbFileSystem(fs));
  rocksdb::DBOptions options = MetaDbOptions(db->env_.get(), db->write_buffers_, /*repair=*/false);
  const auto logger = std::make_shared<BadLogLogger>();
  options.info_log = logger;
  if (strict) options.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(options, dir, MetaFamilies(db->cache_), &handles, &opened);
  if (status.IsCorruption()) {
    return absl::DataLossError(absl::StrFormat("meta store file %s: %s", DamagedFile(fs, dir, logger->bad_log()),
                                               status.ToString()));
  }
  if (!status.ok()) return OpenError(status, dir);
  db->db_.reset(opened);
  for (size_t i = 0; i < kMetaFamilyCount; ++i) db->families_[i] = handles[i];
  return db;
}

MetaDb::~MetaDb() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : families_) db_->DestroyColumnFamilyHandle(handle);
}

absl::StatusOr<std::optional<std::string>> MetaDb::Get(MetaFamily family, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), this->family(family), ToSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  RETURN_IF_ERROR(FromRocksDb(status, "cannot read"));
  return value;
}

absl::Status MetaDb::Write(rocksdb::WriteBatch* batch, bool synced) {
  rocksdb::WriteOptions options;
  options.sync = synced;
  return FromRocksDb(db_->Write(options, batch), "cannot write");
}

absl::Status MetaDb::PutSynced(std::string_view key, std::string_view value) {
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocksDb(db_->Put(options, family(MetaFamily::kManifest), ToSlice(key), ToSlice(value)), "cannot write");
}

// Not a synced write of nothing: that would need space on a disk that may have none.
absl::Status MetaDb::Sync() { return FromRocksDb(db_->SyncWAL(), "cannot sync"); }

absl::Status MetaDb::Resume() {
  const rocksdb::Status resumed = db_->Resume();
  // After ENOSPC it looks for space itself every five seconds, and lets nobody else try meanwhile.
  if (resumed.IsBusy()) return absl::ResourceExhaustedError("meta store: disk full; goes on when there is space");
  if (resumed.severity() >= rocksdb::Status::Severity::kFatalError) {
    return absl::FailedPreconditionError(
        absl::StrFormat("meta store cannot go on after a full disk, restart to reopen it: %s", resumed.ToString()));
  }
  return FromRocksDb(resumed, "cannot go on");
}

absl::Status MetaDb::Flush() {
  return FromRocksDb(db_->Flush(rocksdb::FlushOptions(), {families_.begin(), families_.end()}), "cannot flush");
}

std::unique_ptr<rocksdb::Iterator> MetaDb::Scan(MetaFamily family) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, this->family(family)));
}

}  // namespace cortex
