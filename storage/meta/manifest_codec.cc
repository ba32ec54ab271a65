#include "storage/meta/manifest_codec.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "cortex/storage/v1/manifest.pb.h"
#include "storage/meta/proto_bytes.h"

namespace cortex {
namespace {

constexpr uint32_t kFormatVersion = 1;
constexpr uint64_t kKnownFeatures = 0;

uint64_t ZigZag(uint64_t delta) { return delta << 1 ^ (delta >> 63 ? UINT64_MAX : 0); }
uint64_t UnZigZag(uint64_t coded) { return coded >> 1 ^ (coded & 1 ? UINT64_MAX : 0); }

absl::Status CheckEnd(const ByteReader& reader, std::string_view what) {
  if (reader.remaining() == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("%s: %d bytes left over", what, reader.remaining()));
}

// A count of entries of at least `entry_bytes` each: bounds memory before it is reserved.
absl::Status ReadCount(ByteReader* reader, size_t entry_bytes, std::string_view what, uint64_t* count) {
  RETURN_IF_ERROR(reader->ReadVarint(count));
  if (*count <= reader->remaining() / entry_bytes) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("%s: count %d does not fit in %d bytes", what, *count,
                                             reader->remaining()));
}

// `code` is INTERNAL when we wrote it, DATA_LOSS when we read it.
absl::Status CheckSegment(absl::StatusCode code, const SegmentRecord& s) {
  std::string_view wrong;
  if (s.shard >= kShardCount) wrong = "shard";
  if (s.tier != Tier::kHot && s.tier != Tier::kWarm && s.tier != Tier::kCold) wrong = "tier";
  if (s.file_name.empty() || s.file_name.find('/') != std::string::npos) wrong = "file name";
  if (s.row_count == 0) wrong = "row count";
  if (s.min_time > s.max_time) wrong = "time range";
  if (s.min_commit > s.max_commit) wrong = "commit range";
  if (s.ended_row_count > s.row_count) wrong = "count of ended rows";
  if (wrong.empty()) return absl::OkStatus();
  return absl::Status(code, absl::StrFormat("segment record has no valid %s: segment %d, table %d", wrong,
                                            s.id.value(), s.table.value()));
}

}  // namespace

absl::StatusOr<std::string> EncodeSegment(const SegmentRecord& segment) {
  RETURN_IF_ERROR(CheckSegment(absl::StatusCode::kInternal, segment));
  storage::v1::SegmentRecord message;
  message.set_shard(segment.shard);
  message.set_tier(static_cast<uint32_t>(segment.tier));
  message.set_file_name(segment.file_name);
  message.set_file_bytes(segment.file_bytes);
  message.set_raw_bytes(segment.raw_bytes);
  message.set_row_count(segment.row_count);
  message.set_min_time_ns(segment.min_time);
  message.set_max_time_ns(segment.max_time);
  message.set_min_commit(segment.min_commit);
  message.set_max_commit(segment.max_commit);
  message.set_sorted_by_key(segment.sorted_by_key);
  message.set_row_group_count(segment.row_group_count);
  message.set_schema_id(segment.schema_id);
  message.set_ended_row_count(segment.ended_row_count);
  message.set_max_end(segment.max_end);
  return SerializeDeterministic(message);
}

absl::StatusOr<SegmentRecord> DecodeSegment(TableId table, SegmentId id, std::string_view bytes) {
  storage::v1::SegmentRecord message;
  RETURN_IF_ERROR(ParseMessage(bytes, "segment record", &message));
  SegmentRecord segment = {.table = table,
                           .id = id,
                           .shard = message.shard(),
                           .tier = message.tier() <= UINT8_MAX ? static_cast<Tier>(message.tier()) : Tier{},
                           .file_name = message.file_name(),
                           .file_bytes = message.file_bytes(),
                           .raw_bytes = message.raw_bytes(),
                           .row_count = message.row_count(),
                           .min_time = message.min_time_ns(),
                           .max_time = message.max_time_ns(),
                           .min_commit = message.min_commit(),
                           .max_commit = message.max_commit(),
                           .sorted_by_key = message.sorted_by_key(),
                           .row_group_count = message.row_group_count(),
                           .schema_id = message.schema_id(),
                           .ended_row_count = message.ended_row_count(),
                           .max_end = message.max_end()};
  RETURN_IF_ERROR(CheckSegment(absl::StatusCode::kDataLoss, segment));
  return segment;
}

std::string EncodeSealPoint(const SealPoint& point) {
  storage::v1::SealPoint message;
  message.set_commit(point.commit);
  message.set_row_count(point.rows);
  return SerializeDeterministic(message);
}

absl::StatusOr<SealPoint> DecodeSealPoint(std::string_view bytes) {
  storage::v1::SealPoint message;
  RETURN_IF_ERROR(ParseMessage(bytes, "seal point", &message));
  return SealPoint{.commit = message.commit(), .rows = message.row_count()};
}

// Rows as distance from the row before, minus one (dense deletes cost one byte); ends as signed distance, because one
// DELETE ends many rows at the same commit.
absl::StatusOr<std::string> EncodeEnds(absl::Span<const VersionEnd> ends) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.PutVarint(ends.size());
  uint64_t next_row = 0;
  Commit previous = 0;
  for (const VersionEnd& e : ends) {
    if (e.row < next_row || e.row == UINT64_MAX) {
      return absl::InternalError(absl::StrFormat("version ends not in row order, or a row twice: row %d", e.row));
    }
    writer.PutVarint(e.row - next_row);
    writer.PutVarint(ZigZag(e.end - previous));
    next_row = e.row + 1;
    previous = e.end;
  }
  return bytes;
}

absl::StatusOr<std::vector<VersionEnd>> DecodeEnds(std::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t count = 0;
  RETURN_IF_ERROR(ReadCount(&reader, 2, "version ends", &count));
  std::vector<VersionEnd> ends(count);
  uint64_t next_row = 0;
  Commit previous = 0;
  for (VersionEnd& e : ends) {
    uint64_t row_gap = 0, end_delta = 0;
    RETURN_IF_ERROR(reader.ReadVarint(&row_gap));
    RETURN_IF_ERROR(reader.ReadVarint(&end_delta));
    if (row_gap >= UINT64_MAX - next_row) return absl::DataLossError("version ends: row number overflows");
    e = {.row = next_row + row_gap, .end = previous + UnZigZag(end_delta)};
    next_row = e.row + 1;
    previous = e.end;
  }
  RETURN_IF_ERROR(CheckEnd(reader, "version ends"));
  return ends;
}

std::string EncodeColdFences(absl::Span<const std::string> fences) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.PutVarint(fences.size());
  std::string_view previous;
  for (const std::string& fence : fences) {
    const size_t limit = std::min(previous.size(), fence.size());
    const size_t shared = std::mismatch(fence.begin(), fence.begin() + limit, previous.begin()).first - fence.begin();
    writer.PutVarint(shared);
    writer.PutString(std::string_view(fence).substr(shared));
    previous = fence;
  }
  return bytes;
}

absl::StatusOr<std::vector<std::string>> DecodeColdFences(std::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t count = 0;
  RETURN_IF_ERROR(ReadCount(&reader, 2, "fences", &count));
  std::vector<std::string> fences;
  fences.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t shared = 0;
    std::string_view rest;
    RETURN_IF_ERROR(reader.ReadVarint(&shared));
    RETURN_IF_ERROR(reader.ReadString(&rest));
    if (shared > (i == 0 ? 0 : fences.back().size())) {
      return absl::DataLossError(absl::StrFormat("fences: fence %d shares %d bytes, more than there are", i, shared));
    }
    std::string fence(shared == 0 ? std::string_view() : std::string_view(fences.back()).substr(0, shared));
    fence.append(rest);
    fences.push_back(std::move(fence));
  }
  RETURN_IF_ERROR(CheckEnd(reader, "fences"));
  return fences;
}

std::string EncodeNumber(uint64_t number) {
  std::string bytes;
  ByteWriter(&bytes).PutVarint(number);
  return bytes;
}

absl::StatusOr<uint64_t> DecodeNumber(std::string_view bytes) {
  ByteReader reader(bytes);
  uint64_t number = 0;
  RETURN_IF_ERROR(reader.ReadVarint(&number));
  RETURN_IF_ERROR(CheckEnd(reader, "number"));
  return number;
}

std::string EncodeFormat() {
  storage::v1::MetaFormat message;
  message.set_version(kFormatVersion);
  message.set_required_features(kKnownFeatures);
  return SerializeDeterministic(message);
}

absl::Status CheckFormat(std::string_view bytes) {
  storage::v1::MetaFormat message;
  RETURN_IF_ERROR(ParseMessage(bytes, "format", &message));
  if (message.version() == 0) return absl::DataLossError("meta store format has no version");
  const uint64_t unknown = message.required_features() & ~kKnownFeatures;
  if (message.version() <= kFormatVersion && unknown == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "the meta store was written by a newer program and this one cannot read it: format %d, unknown features 0x%x, "
      "this program reads format %d",
      message.version(), unknown, kFormatVersion));
}

}  // namespace cortex
