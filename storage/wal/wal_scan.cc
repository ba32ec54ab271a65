#include "storage/wal/wal_scan.h"

#include <algorithm>

namespace cortex {
namespace {

uint64_t WrittenEnd(absl::Span<const std::byte> file, uint64_t from) {
  uint64_t end = file.size();
  while (end > from && file[end - 1] == std::byte{0}) --end;
  return std::max(end, std::min<uint64_t>(from, file.size()));
}

}  // namespace

WalScan ScanWalFile(absl::Span<const std::byte> file, uint64_t from, WalPosition start_position) {
  WalScan scan;
  scan.written_end = WrittenEnd(file, from);
  for (uint64_t offset = from; offset < scan.written_end; offset += kWalAlignment) {
    const auto header = DecodeWalRecordHeader(file.subspan(offset));
    if (!header.has_value() || header->position != start_position + (offset - kWalFileHeaderBytes)) continue;
    scan.synced_through = std::max(scan.synced_through, header->synced_through);
    scan.last_commit = std::max(scan.last_commit, header->commit);
    ++scan.record_count;
  }
  return scan;
}

}  // namespace cortex
