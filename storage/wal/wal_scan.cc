#include "storage/wal/wal_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cortex {

WalScan ScanWalFile(absl::Span<const std::byte> file, uint64_t from, WalPosition start_position) {
  WalScan scan;
  scan.written_end = std::min<uint64_t>(from, file.size());
  // One pass forward, also for the last byte that is not zero: walking back through a mapping defeats read-ahead.
  for (uint64_t offset = scan.written_end; offset < file.size(); offset += kWalAlignment) {
    uint64_t word = 0;
    const uint64_t word_bytes = std::min<uint64_t>(sizeof(word), file.size() - offset);
    std::memcpy(&word, file.data() + offset, word_bytes);
    if (word == 0) continue;  // no header either: it starts with its checksum, zero once in 2^64
    scan.written_end = offset + sizeof(word) - static_cast<uint64_t>(std::countl_zero(word)) / 8;
    const auto header = DecodeWalRecordHeader(file.subspan(offset));
    if (!header.has_value() || header->position != start_position + (offset - kWalFileHeaderBytes)) continue;
    scan.synced_through = std::max(scan.synced_through, header->synced_through);
    scan.last_commit = std::max(scan.last_commit, header->commit);
    ++scan.record_count;
  }
  return scan;
}

}  // namespace cortex
