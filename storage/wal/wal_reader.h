// Reads the whole log in order at start-up and decides where it ends.
//
//   ASSIGN_OR_RETURN(auto reader, WalReader::Open(fs, {.dir = dir, .server_id = id}));
//   WalRecord record;
//   for (;;) {
//     ASSIGN_OR_RETURN(const bool found, reader->Next(&record));
//     if (!found) break;
//     ...
//   }
//   ASSIGN_OR_RETURN(auto writer, WalWriter::Open(fs, options, reader->tail()));   // cuts what tail() says
//
// Where bytes are bad there are two cases, told apart by the highest synced position that any readable record, marker
// or file header claims (those behind the bad bytes are found by searching on):
//   torn tail   no claim covers the bad bytes: they were never acknowledged. The log ends before them, silently.
//   damage      some claim covers them: acknowledged commits are gone. DATA_LOSS, unless `repair` asks to cut there.
// Reading changes nothing on disk; cutting is done by WalWriter::Open.
#ifndef CORTEX_STORAGE_WAL_WAL_READER_H_
#define CORTEX_STORAGE_WAL_WAL_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/io/file_system.h"
#include "storage/io/mapped_file.h"
#include "storage/wal/wal_record.h"
#include "storage/wal/wal_scan.h"

namespace cortex {

struct WalReaderOptions {
  std::string dir;             // must exist
  uint64_t server_id = 0;      // 0 accepts any server's log
  bool repair = false;         // cut at damage instead of refusing
  bool include_markers = false;  // Next also yields synced markers
};

struct WalRecord {
  Commit commit = 0;
  uint32_t epoch = 0;
  WalRecordKind kind = WalRecordKind::kData;
  absl::Span<const std::byte> payload;  // valid until the next call of Next
  std::string_view file;                // name inside the directory; valid like payload
  uint64_t offset = 0;                  // of the record in that file
  WalPosition position = 0;
  WalPosition synced_through = 0;
};

// One file of the log as far as it is used.
struct WalFile {
  std::string name;
  WalFileHeader header;
  uint64_t used_bytes = 0;  // file header and records
};

// What `repair` gives up: everything from (file, offset) on.
struct WalLoss {
  std::string file;
  uint64_t offset = 0;
  std::string reason;
  uint64_t lost_bytes = 0;          // from the cut to the last byte known to have been written
  uint64_t readable_records = 0;    // intact record headers behind the cut, given up as well
  Commit last_readable_commit = 0;  // the highest of their commits; 0 if none
};

// Where and how the log ends.
struct WalTail {
  std::vector<WalFile> files;            // what stays, oldest first; the last one is written on
  std::vector<std::string> lost_files;   // names behind the cut (repair only)
  WalPosition end_position = 0;          // where the next record goes
  Commit last_commit = 0;                // of the last data record; 0 if none
  uint32_t last_epoch = 1;
  bool ends_with_marker = false;
  uint64_t torn_bytes = 0;               // bytes from the end of the log to the last byte that is not zero
  std::optional<WalLoss> loss;           // set if repair had something to repair
};

// One thread at a time.
class WalReader {
 public:
  // Lists the directory and checks every file header. Files of other names are left alone.
  // Errors: DATA_LOSS (see above), FAILED_PRECONDITION for another server's log, UNIMPLEMENTED for a newer format.
  static absl::StatusOr<std::unique_ptr<WalReader>> Open(FileSystem* fs, WalReaderOptions options);
  WalReader(const WalReader&) = delete;
  WalReader& operator=(const WalReader&) = delete;

  // Gives the next record, or false at the end of the log. After an error every call returns that error.
  // Cost: one pass over each file in place; memory does not grow with the log.
  absl::StatusOr<bool> Next(WalRecord* record);

  // Complete once Next has returned false.
  const WalTail& tail() const { return tail_; }

 private:
  // Why no believable record starts at a place.
  struct BadPlace {
    std::string reason;
    bool is_damage = false;  // whatever was synced: no torn write looks like this
  };

  WalReader(FileSystem* fs, WalReaderOptions options) : fs_(fs), options_(std::move(options)) {}
  absl::Status ReadHeaders();
  absl::StatusOr<WalFile> ReadHeader(const std::string& name, Commit first_commit) const;
  absl::StatusOr<bool> Advance(WalRecord* record);
  // Fills `record` from offset_, or says why it cannot.
  absl::StatusOr<std::optional<BadPlace>> ReadRecord(WalRecord* record) const;
  std::optional<BadPlace> FindFault(const WalRecordHeader& header) const;
  // The log cannot be read on at offset_: goes to the next file, ends the log, or refuses.
  absl::Status LeaveFile(BadPlace place);
  absl::Status EndWithLoss(const std::string& file, uint64_t offset, const std::string& reason, const WalScan& behind);
  absl::Status CountLostFile(const std::string& name, const WalFileHeader* header);
  const WalFile& file() const { return files_[file_index_]; }
  WalPosition position() const { return file().header.start_position + (offset_ - kWalFileHeaderBytes); }

  FileSystem* const fs_;
  const WalReaderOptions options_;
  std::vector<WalFile> files_;            // those with a sound header, in order; constant after Open
  std::vector<std::string> headless_;     // repair only: the first file without a sound header and all after it
  std::string headless_reason_;
  size_t file_index_ = 0;                 // into files_
  std::unique_ptr<MappedFile> current_;   // files_[file_index_] while it is read
  uint64_t offset_ = 0;                   // in current_
  bool done_ = false;
  absl::Status status_;
  WalTail tail_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_WAL_WAL_READER_H_
