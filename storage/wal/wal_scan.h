// What can still be read behind a bad place of the log.
#ifndef CORTEX_STORAGE_WAL_WAL_SCAN_H_
#define CORTEX_STORAGE_WAL_WAL_SCAN_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "storage/wal/wal_record.h"

namespace cortex {

struct WalScan {
  WalPosition synced_through = 0;  // the highest claim found; 0 if none
  uint64_t record_count = 0;       // intact record headers found
  Commit last_commit = 0;          // the highest of their commits
  uint64_t written_end = 0;        // offset just behind the last byte that is not zero; at least `from`
};

// Searches `file` from offset `from` (a multiple of kWalAlignment) to its end, at every aligned place, for record
// headers whose checksum holds and whose position is the one such a header must have there. The position is what tells
// a real record from the bytes of a log stored as somebody's payload.
// Cost: one pass forward; 45 ms for the zeros of a fresh file of 64 MiB (measured, most of it page faults).
WalScan ScanWalFile(absl::Span<const std::byte> file, uint64_t from, WalPosition start_position);

}  // namespace cortex

#endif  // CORTEX_STORAGE_WAL_WAL_SCAN_H_
