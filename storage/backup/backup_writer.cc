#include "storage/backup/backup_writer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/backup/backup_files.h"
#include "storage/io/directory_tree.h"
#include "storage/io/durable_file.h"
#include "storage/io/kill_point.h"
#include "storage/io/mapped_file.h"
#include "storage/meta/meta_store.h"
#include "storage/segment/mapped_source.h"
#include "storage/segment/segment_verify.h"
#include "storage/table/manifest_segment.h"
#include "storage/wal/wal_walk.h"

namespace cortex {
namespace {

class BackupWriter {
 public:
  explicit BackupWriter(const BackupInput& input) : input_(input), fs_(input.file_system) {}

  absl::StatusOr<BackupResult> Run() {
    RETURN_IF_ERROR(CheckOutsideBackups(input_.repository));
    ASSIGN_OR_RETURN(const bool was_there, fs_->Exists(input_.repository));
    RETURN_IF_ERROR(fs_->CreateDirs(input_.repository));
    const std::string lock_path = JoinPath(input_.repository, "LOCK");
    ASSIGN_OR_RETURN(const auto lock, fs_->LockFile(lock_path));
    absl::Status written = PrepareRepository();
    if (written.ok()) written = Write();
    if (!written.ok()) {
      if (!dir_.empty()) RemoveTree(fs_, dir_).IgnoreError();  // else the next backup does it
      if (!was_there) {  // made for nothing; what somebody else put there meanwhile keeps the directory
        fs_->Remove(lock_path).IgnoreError();
        fs_->RemoveDir(input_.repository).IgnoreError();
      }
      return written;
    }
    result_.commit = manifest_.commit;
    result_.file_count = manifest_.files.size();
    result_.total_bytes = manifest_.total_bytes();
    return result_;
  }

 private:
  // Removes what was never finished; finds the newest good backup and the next name.
  absl::Status PrepareRepository() {
    ASSIGN_OR_RETURN(const std::vector<ListedBackup> backups, ListBackups(fs_, input_.repository));
    uint64_t next = 1;
    for (const ListedBackup& backup : backups) {
      next = std::max(next, *ParseBackupName(backup.name) + 1);
      if (absl::IsNotFound(backup.status)) {
        RETURN_IF_ERROR(RemoveTree(fs_, JoinPath(input_.repository, backup.name)));
      } else if (backup.status.ok()) {
        previous_ = backup.manifest;
        previous_dir_ = JoinPath(input_.repository, backup.name);
      }
    }
    result_.name = BackupName(next);
    dir_ = JoinPath(input_.repository, result_.name);
    return absl::OkStatus();
  }

  absl::Status Write() {
    RETURN_IF_ERROR(fs_->CreateDir(dir_));
    for (const char* folder : {"wal", "warm", "cold"}) RETURN_IF_ERROR(fs_->CreateDir(JoinPath(dir_, folder)));
    KillPoint("backup-started");
    const std::string meta_dir = JoinPath(dir_, "meta");
    ASSIGN_OR_RETURN(const CheckpointPlace place, input_.checkpoint(meta_dir));
    KillPoint("backup-checkpoint");
    ASSIGN_OR_RETURN(const ManifestState state, MetaStore::FinishCheckpoint(fs_, meta_dir));
    manifest_.server_id = input_.server_id;
    manifest_.commit = place.commit;
    manifest_.manifest_version = state.version;
    manifest_.created_ns = input_.now_ns;
    RETURN_IF_ERROR(SaveMeta(meta_dir));
    RETURN_IF_ERROR(SaveWal(place));
    input_.log_saved();
    RETURN_IF_ERROR(SaveSegments(state));
    for (const std::string_view folder : kBackupFolders) RETURN_IF_ERROR(fs_->SyncDir(JoinPath(dir_, folder)));
    RETURN_IF_ERROR(fs_->SyncDir(dir_));
    RETURN_IF_ERROR(fs_->SyncDir(input_.repository));
    KillPoint("backup-files");
    RETURN_IF_ERROR(
        WriteFileDurably(fs_, JoinPath(dir_, kBackupManifestName), AsBytes(EncodeBackupManifest(manifest_))));
    KillPoint("backup-complete");
    return absl::OkStatus();
  }

  void Add(std::string path, HashedFile hashed) {
    manifest_.files.push_back({.path = std::move(path), .bytes = hashed.bytes, .sha256 = std::move(hashed.sha256)});
    KillPoint("backup-file");
  }

  // In place already; what the checkpoint copied is not durable yet.
  absl::Status SaveMeta(const std::string& meta_dir) {
    ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, fs_->ListDir(meta_dir));
    for (const DirEntry& entry : entries) {
      const std::string path = JoinPath(meta_dir, entry.name);
      ASSIGN_OR_RETURN(const auto file, fs_->OpenWritable(path, WriteMode::kExisting));
      RETURN_IF_ERROR(file->SyncAll());
      RETURN_IF_ERROR(file->Close());
      ASSIGN_OR_RETURN(HashedFile hashed, HashFile(fs_, path, UINT64_MAX, input_.observer));
      if (!entry.name.ends_with(".sst")) result_.copied_bytes += hashed.bytes;
      Add("meta/" + entry.name, std::move(hashed));
    }
    return absl::OkStatus();
  }

  absl::Status SaveWal(const CheckpointPlace& place) {
    const WalWalkOptions options{.dir = input_.wal_dir,
                                 .server_id = input_.server_id,
                                 .through = place.synced_through,
                                 .last_commit = place.commit};
    ASSIGN_OR_RETURN(const std::vector<WalExtent> extents,
                     WalkWal(fs_, options, [](const absl::Status& checked, uint64_t) { return checked; }));
    for (size_t i = 0; i < extents.size(); ++i) {
      const WalExtent& extent = extents[i];
      const std::string from = JoinPath(input_.wal_dir, extent.file), path = "wal/" + extent.file;
      ASSIGN_OR_RETURN(HashedFile hashed, HashFile(fs_, from, extent.bytes, input_.observer));
      if (hashed.bytes != extent.bytes) return absl::DataLossError(absl::StrFormat("wal file cut short: %s", from));
      // Same name, length and digest: the log only grows, but a restored server may have written another one.
      const BackupFile* const known = previous_.Find(path);
      const bool same = known != nullptr && known->bytes == hashed.bytes && known->sha256 == hashed.sha256;
      if (!same || !LinkFromPrevious(path, hashed.bytes)) {
        // Never a link: the log's last file is still written to, and those before may be in the middle of being cut.
        ASSIGN_OR_RETURN(const HashedFile copied,
                         CopyAndHash(fs_, from, extent.bytes, JoinPath(dir_, path), input_.observer));
        if (copied.sha256 != hashed.sha256) return absl::DataLossError(absl::StrFormat("%s reads unlike before", from));
        result_.copied_bytes += copied.bytes;
      }
      Add(path, std::move(hashed));
    }
    return absl::OkStatus();
  }

  absl::Status SaveSegments(const ManifestState& state) {
    std::map<TableId, std::shared_ptr<const TableDefinition>> tables;
    for (const auto& table : state.tables) tables[table->id] = table;
    for (const SegmentRecord& record : state.segments) {
      const bool cold = record.tier == Tier::kCold;
      const std::string from = JoinPath(cold ? input_.cold_dir : input_.warm_dir, record.file_name);
      const std::string path = (cold ? "cold/" : "warm/") + record.file_name;
      // The name vouches for the content, so a file of the same name and length is the same file.
      const BackupFile* const known = previous_.Find(path);
      if (known != nullptr && known->bytes == record.file_bytes && LinkFromPrevious(path, known->bytes)) {
        Add(path, {.bytes = known->bytes, .sha256 = known->sha256});
        continue;
      }
      RETURN_IF_ERROR(CheckSegment(record, tables[record.table], from));
      ASSIGN_OR_RETURN(HashedFile hashed, LinkOrCopy(from, JoinPath(dir_, path)));
      if (hashed.bytes != record.file_bytes) {
        return absl::DataLossError(absl::StrFormat("segment file %s: wrong file size: expected %d bytes, got %d",
                                                   record.file_name, record.file_bytes, hashed.bytes));
      }
      Add(path, std::move(hashed));
    }
    return absl::OkStatus();
  }

  absl::Status CheckSegment(const SegmentRecord& record, const std::shared_ptr<const TableDefinition>& table,
                            const std::string& from) const {
    auto mapped = MappedFile::Open(fs_, from);
    if (absl::IsNotFound(mapped.status())) {
      return absl::DataLossError(absl::StrFormat("segment file %s is missing", record.file_name));
    }
    RETURN_IF_ERROR(mapped.status());
    const MappedSource source(*std::move(mapped));
    const SegmentVerifyOptions options{.info = SegmentInfoOf(record), .table = table};
    return VerifySegment(source, options, [](const absl::Status& checked, uint64_t) { return checked; });
  }

  // False if it cannot be, or if the file is visibly not what it was: then it is saved anew.
  bool LinkFromPrevious(const std::string& path, uint64_t bytes) {
    const std::string from = JoinPath(previous_dir_, path);
    const absl::StatusOr<uint64_t> found = fs_->FileSize(from);
    if (!found.ok() || *found != bytes || !fs_->HardLink(from, JoinPath(dir_, path)).ok()) return false;
    ++result_.reused_files;
    return true;
  }

  absl::StatusOr<HashedFile> LinkOrCopy(const std::string& from, const std::string& to) {
    const absl::Status linked = fs_->HardLink(from, to);
    if (linked.ok()) return HashFile(fs_, to, UINT64_MAX, input_.observer);
    // Another device, one without links, or a file that has as many names as its file system allows.
    if (!absl::IsFailedPrecondition(linked) && !absl::IsPermissionDenied(linked)) return linked;
    ASSIGN_OR_RETURN(HashedFile hashed, CopyAndHash(fs_, from, UINT64_MAX, to, input_.observer));
    result_.copied_bytes += hashed.bytes;
    return hashed;
  }

  const BackupInput& input_;
  FileSystem* const fs_;
  std::string dir_;
  std::string previous_dir_;
  BackupManifest previous_;  // empty: there is none
  BackupManifest manifest_;
  BackupResult result_;
};

}  // namespace

absl::StatusOr<BackupResult> WriteBackup(const BackupInput& input) { return BackupWriter(input).Run(); }

}  // namespace cortex
