// A file beside the RocksDB that remembers the newest acknowledged manifest version.
//
// RocksDB ends the replay of its log at the first record that does not check: right for a tail torn by a power cut,
// wrong for a record that rotted, behind which acknowledged commits would vanish without a word. The witness tells the
// two apart: written after each commit's sync, it never names a version that a crash may take away. It is not synced
// itself but at the opening, so a power cut may leave an older version here; commits of the last moments are then not watched over.
#ifndef CORTEX_STORAGE_META_COMMIT_WITNESS_H_
#define CORTEX_STORAGE_META_COMMIT_WITNESS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/io/file_system.h"

namespace cortex {

// One thread at a time.
class CommitWitness {
 public:
  // Opens or creates the file of the store in `dir`, emptied if `reset`. Borrows `file_system`.
  static absl::StatusOr<CommitWitness> Open(FileSystem* file_system, const std::string& dir, bool reset);

  // The newest version it names; nullopt if none was written. Errors: DATA_LOSS nothing in it checks.
  absl::StatusOr<std::optional<uint64_t>> Read() const;
  absl::Status Write(uint64_t version);
  // While it is open both places it writes to are sound. Errors: DATA_LOSS one of them is not.
  absl::Status Check() const;

 private:
  CommitWitness(FileSystem* file_system, std::string path, std::unique_ptr<WritableFile> file,
                size_t next_slot);
  // Gives the slots that say nothing the newest version, and syncs both.
  absl::Status Settle(absl::Span<const std::optional<uint64_t>> versions, std::optional<uint64_t> newest);
  absl::Status WriteSlot(size_t slot, uint64_t version);

  FileSystem* file_system_;
  std::string path_;
  std::unique_ptr<WritableFile> file_;
  size_t next_slot_;  // not the one that holds the newest version
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_COMMIT_WITNESS_H_
