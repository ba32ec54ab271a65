#include "storage/meta/meta_checkpoint.h"

#include <rocksdb/file_checksum.h>
#include <rocksdb/utilities/checkpoint.h>

#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/directory_tree.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

constexpr uint64_t kReadBytes = 1 << 20;
constexpr uint64_t kMaxSmallFileBytes = 4 << 10;
constexpr int kAttempts = 4;

absl::Status Damaged(std::string_view file, std::string_view why) {
  return absl::DataLossError(absl::StrFormat("meta store file %s: %s", file, why));
}

// Files that may not go while somebody reads them.
class DeletionHold {
 public:
  explicit DeletionHold(rocksdb::DB* db) : db_(db), status_(db->DisableFileDeletions()) {}
  ~DeletionHold() {
    if (status_.ok()) db_->EnableFileDeletions(/*force=*/false).PermitUncheckedError();
  }
  absl::Status status() const { return FromRocksDb(status_, "cannot hold its files"); }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Status status_;
};

// A table file against the checksum over all of it that the store's manifest keeps.
absl::Status CheckTableFile(FileSystem* fs, const std::string& dir, const rocksdb::LiveFileMetaData& file) {
  const std::string& name = file.relative_filename;
  rocksdb::FileChecksumGenContext context;
  const auto generator = rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator(context);
  if (file.file_checksum_func_name != generator->Name()) return Damaged(name, "no checksum is known of it");
  ASSIGN_OR_RETURN(const auto opened, fs->OpenReadable(JoinPath(dir, name)));
  std::vector<std::byte> buffer(kReadBytes);
  uint64_t offset = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const size_t read, opened->ReadAt(offset, buffer.size(), buffer.data()));
    if (read == 0) break;
    generator->Update(reinterpret_cast<const char*>(buffer.data()), read);
    offset += read;
  }
  generator->Finalize();
  if (offset != file.size) return Damaged(name, absl::StrFormat("%d bytes instead of %d", offset, file.size));
  if (generator->GetChecksum() == file.file_checksum) return absl::OkStatus();
  return Damaged(name, "checksum mismatch");
}

// CURRENT and IDENTITY have no checksum; what they must say is known.
absl::Status CheckCurrent(FileSystem* fs, const std::string& dir) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(fs, JoinPath(dir, "CURRENT"), kMaxSmallFileBytes));
  const bool well_formed = text.size() > 10 && text.starts_with("MANIFEST-") && text.back() == '\n';
  if (!well_formed) return Damaged("CURRENT", "names no manifest");
  ASSIGN_OR_RETURN(const bool exists, fs->Exists(JoinPath(dir, text.substr(0, text.size() - 1))));
  return exists ? absl::OkStatus() : Damaged("CURRENT", "names a manifest that is not there");
}

absl::Status CheckIdentity(FileSystem* fs, const std::string& dir, rocksdb::DB& db) {
  std::string expected;
  RETURN_IF_ERROR(FromRocksDb(db.GetDbIdentity(expected), "cannot read its identity"));
  ASSIGN_OR_RETURN(const std::string text, ReadFile(fs, JoinPath(dir, "IDENTITY"), kMaxSmallFileBytes));
  return text == expected ? absl::OkStatus() : Damaged("IDENTITY", "is that of another store");
}

}  // namespace

absl::Status CheckpointMetaDb(const MetaDb& db, const std::string& dir, bool flush) {
  rocksdb::Checkpoint* raw = nullptr;
  RETURN_IF_ERROR(FromRocksDb(rocksdb::Checkpoint::Create(&db.db(), &raw), "cannot prepare a checkpoint"));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  return FromRocksDb(checkpoint->CreateCheckpoint(dir, flush ? 0 : UINT64_MAX),
                     absl::StrFormat("cannot write a checkpoint to %s", dir));
}

absl::Status VerifyMetaDb(FileSystem* fs, const std::string& dir, const MetaDb& db, const std::string& scratch,
                          const MetaFileVisitor& visit) {
  const DeletionHold hold(&db.db());
  RETURN_IF_ERROR(hold.status());
  std::vector<rocksdb::LiveFileMetaData> tables;
  db.db().GetLiveFilesMetaData(&tables);
  for (const rocksdb::LiveFileMetaData& table : tables) {
    RETURN_IF_ERROR(visit(CheckTableFile(fs, dir, table), table.size));
  }
  RETURN_IF_ERROR(visit(CheckCurrent(fs, dir), 0));
  RETURN_IF_ERROR(visit(CheckIdentity(fs, dir, db.db()), 0));
  // The store's manifest and logs, in a copy that nobody writes to.
  for (int attempt = 1;; ++attempt) {
    RETURN_IF_ERROR(RemoveTree(fs, scratch));
    RETURN_IF_ERROR(RemoveTree(fs, scratch + ".tmp"));
    RETURN_IF_ERROR(CheckpointMetaDb(db, scratch, /*flush=*/false));
    const absl::Status opened = MetaDb::OpenReadOnly(fs, scratch, /*strict=*/true).status();
    RETURN_IF_ERROR(RemoveTree(fs, scratch));
    // A record that was being written while the log was copied looks like damage; damage is still there the next time.
    if (opened.ok() || attempt == kAttempts) return visit(opened, 0);
  }
}

}  // namespace cortex
