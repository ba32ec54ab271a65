// A file system on top of a real one that fails on command and forgets on command.
//
//   FaultyFileSystem fs(PosixFileSystem());
//   fs.FailAt(fs.operation_count() + 3, absl::DataLossError("injected"));   // the third change from now on fails
//   fs.LosePower(seed);                                                     // undoes what was never synced
//
// Every call that changes the disk (open for writing, write, sync, allocate, truncate, rename, link, remove, mkdir,
// sync of a directory) is one operation, numbered from 1. A test that walks all numbers sees a failure at each step.
#ifndef CORTEX_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
#define CORTEX_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/io/file_system.h"
#include "storage/runtime/mutex.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {

// Operations that fail: of those whose text (as in operations()) contains `part` and not `but_not`, the ones after the next
// `after`, `count` of them. A failing write first puts `torn_bytes` of its bytes into the file.
struct InjectedFault {
  std::string part;
  std::string but_not = {};  // empty: nothing is left out
  uint64_t after = 0;
  uint64_t count = 1;
  absl::Status status;
  uint64_t torn_bytes = 0;
  bool only_growth = false;  // only what needs space: a full disk lets files be overwritten, cut and removed
};

// Thread-safe.
class FaultyFileSystem final : public FileSystem {
 public:
  explicit FaultyFileSystem(FileSystem* base) : base_(base) {}

  // Operation number `operation` fails with `status`; with `sticky` all later ones too. A failing write first puts
  // `torn_bytes` of its bytes into the file. Replaces an earlier order. Which operation has a number is certain only where
  // one thread works: an idle database marks its log 50 ms after the last commit. Elsewhere Inject names what is to fail.
  void FailAt(uint64_t operation, absl::Status status, bool sticky = true, uint64_t torn_bytes = 0);
  // Adds a fault to those in force. Counted by class of file it hits the same operation whatever other threads do.
  void Inject(InjectedFault fault);
  // How many operations a fault has hit since StopFailing.
  uint64_t injected_count() const;
  // Every read and mapping of a path containing `part` fails with `status`.
  void FailReads(std::string part, absl::Status status);
  // From now on every path containing `part` (the last order that fits decides) is on a disk with so much free space.
  void SetFreeSpace(std::string part, uint64_t free_bytes);
  void StopFailing();
  uint64_t operation_count() const;
  // What each operation was, e.g. "sync /tmp/x/wal-1.log"; number n stands at index n - 1.
  std::vector<std::string> operations() const;

  // What a power cut may leave: of the changes to a file since its last sync any subset survives (a write also in part,
  // cut at a multiple of 512 bytes of the file); of the changes to a directory since its last sync a prefix survives.
  // Directories themselves and moves between two of them are taken as durable at once. The same seed loses the same.
  // Files opened before must be closed first; afterwards everything that is left counts as synced.
  void LosePower(uint64_t seed);

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenReadable(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<WritableFile>> OpenWritable(const std::string& path, WriteMode mode) override;
  absl::StatusOr<std::unique_ptr<FileMapping>> Map(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status HardLink(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status RemoveDir(const std::string& path) override;
  absl::Status CreateDir(const std::string& path) override;
  absl::Status CreateDirs(const std::string& path) override;
  absl::Status SyncDir(const std::string& path) override;
  absl::StatusOr<std::vector<DirEntry>> ListDir(const std::string& path) override;
  absl::StatusOr<FileInfo> Stat(const std::string& path) override;
  absl::StatusOr<SpaceInfo> FreeSpace(const std::string& path) override;
  absl::StatusOr<std::unique_ptr<FileLock>> LockFile(const std::string& path) override;

 private:
  friend class FaultyWritableFile;

  // A change of a file's bytes that no sync has made durable yet.
  struct UnsyncedChange {
    enum class Kind : uint8_t { kWrite, kTruncate, kAllocate } kind = Kind::kWrite;
    uint64_t offset = 0;  // of a write; else the new size
    std::string bytes;    // of a write
  };
  // One file, whatever its names are: a hard link in stash_ keeps it reachable after it was removed or replaced.
  struct Inode {
    std::string stash_path;
    std::string durable;  // its bytes as of the last sync; kept only while `unsynced` is not empty
    std::vector<UnsyncedChange> unsynced;
  };
  // A name and what it meant before and after (null = no such name).
  struct NameChange {
    std::string path;
    std::shared_ptr<Inode> before;
    std::shared_ptr<Inode> after;
  };
  using DirChange = std::vector<NameChange>;  // names that change together: both sides of a rename

  // Numbers the operation; its injected error if it has one. `torn_bytes`: how much a failing write still writes.
  absl::Status Begin(const std::string& operation, bool grows, uint64_t* torn_bytes = nullptr)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckRead(const std::string& path) const;
  // The file `path` names now, or null.
  std::shared_ptr<Inode> InodeOf(const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes `path` mean `inode` on the disk.
  void Point(const std::string& path, const std::shared_ptr<Inode>& inode) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteNames(const std::string& dir, DirChange change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteChange(Inode* inode, UnsyncedChange change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // What FaultyWritableFile does, here because it needs the lock.
  absl::Status WriteTo(WritableFile* file, Inode* inode, const std::string& path, uint64_t offset, std::string bytes);
  absl::Status ResizeTo(WritableFile* file, Inode* inode, const std::string& path, uint64_t size,
                        UnsyncedChange::Kind kind);
  absl::Status SyncTo(Inode* inode, const std::string& path);

  FileSystem* const base_;
  TempDir stash_;  // hard links; must be on the same device as the files

  mutable Mutex mutex_;  // guards all below; the base file system is called under it (tests only)
  std::vector<std::string> operations_ ABSL_GUARDED_BY(mutex_);
  std::vector<InjectedFault> faults_ ABSL_GUARDED_BY(mutex_);  // counted down as they pass
  uint64_t injected_count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string fail_reads_ ABSL_GUARDED_BY(mutex_);
  absl::Status fail_reads_status_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Inode>> inodes_ ABSL_GUARDED_BY(mutex_);         // by present name
  std::map<std::string, std::vector<DirChange>> unsynced_names_ ABSL_GUARDED_BY(mutex_);  // by directory
  std::vector<std::pair<std::string, uint64_t>> free_space_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_stash_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
