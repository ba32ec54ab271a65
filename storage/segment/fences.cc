#include "storage/segment/fences.h"

#include <algorithm>

#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/segment/segment_info.h"

namespace cortex {

std::string EncodeFences(const std::vector<std::string>& fences) {
  std::string out;
  ByteWriter writer(&out);
  writer.PutVarint(fences.size());
  for (const std::string& fence : fences) writer.PutString(fence);
  return out;
}

absl::StatusOr<std::vector<std::string>> DecodeFences(std::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t count = 0;
  RETURN_IF_ERROR(reader.ReadVarint(&count));
  if (count > reader.remaining()) return absl::DataLossError("more fences than bytes");
  std::vector<std::string> fences(count);
  for (std::string& fence : fences) {
    std::string_view text;
    RETURN_IF_ERROR(reader.ReadString(&text));
    fence = text;
  }
  if (reader.remaining() != 0) return absl::DataLossError("bytes after the last fence");
  return fences;
}

absl::Status CheckFences(const std::vector<std::string>& fences, uint64_t row_count) {
  if (fences.size() != (row_count + kRowsPerFence - 1) / kRowsPerFence) {
    return absl::DataLossError("wrong number of fences");
  }
  if (!std::is_sorted(fences.begin(), fences.end())) return absl::DataLossError("fences out of order");
  return absl::OkStatus();
}

RowRange FenceRange(const std::vector<std::string>& fences, uint64_t row_count, std::string_view key) {
  const auto first_not_below = std::lower_bound(fences.begin(), fences.end(), key);
  const auto first_above = std::upper_bound(first_not_below, fences.end(), key);
  if (first_above == fences.begin()) return {};
  // Equal keys may begin in the rows before the first fence that equals the key.
  const uint64_t first = first_not_below - fences.begin();
  const uint64_t end = first_above - fences.begin();
  return {.first = (first == 0 ? 0 : first - 1) * kRowsPerFence, .end = std::min(end * kRowsPerFence, row_count)};
}

}  // namespace cortex
