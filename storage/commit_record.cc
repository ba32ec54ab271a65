#include "storage/commit_record.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/table/table.h"

namespace cortex {
namespace {

constexpr uint8_t kVersion = 1;

}  // namespace

std::string EncodeCommitRecord(const Batch& batch, IngestMode mode, absl::Span<const uint8_t> placements) {
  std::string payload;
  payload.reserve(batch.memory_bytes() + placements.size() + 64);
  ByteWriter writer(&payload);
  writer.Put(kVersion);
  writer.Put(batch.table->id.value());
  writer.Put(batch.table->schema_id);
  writer.Put(mode);
  writer.Put(batch.row_count);
  writer.PutBytes({reinterpret_cast<const std::byte*>(placements.data()), placements.size()});
  EncodeBatch(batch, &payload);
  return payload;
}

absl::StatusOr<CommitRecordHeader> DecodeCommitRecord(absl::Span<const std::byte> payload) {
  ByteReader reader(payload);
  CommitRecordHeader header;
  uint8_t version = 0;
  uint32_t table = 0;
  uint32_t row_count = 0;
  RETURN_IF_ERROR(reader.Read(&version));
  if (version != kVersion) {
    return absl::UnimplementedError(absl::StrFormat("commit record version %d is newer than this program", version));
  }
  RETURN_IF_ERROR(reader.Read(&table));
  header.table = TableId(table);
  RETURN_IF_ERROR(reader.Read(&header.schema_id));
  RETURN_IF_ERROR(reader.Read(&header.mode));
  RETURN_IF_ERROR(reader.Read(&row_count));
  absl::Span<const std::byte> placements;
  RETURN_IF_ERROR(reader.ReadBytes(row_count, &placements));
  for (const std::byte placement : placements) {
    const auto value = static_cast<uint8_t>(placement);
    if ((value & ~(kFirstVersion | 0x0f)) != 0) {
      return absl::DataLossError(absl::StrFormat("commit record names shard %d of %d", value, kShardCount));
    }
    header.placements.push_back(value);
  }
  absl::Span<const std::byte> batch;
  RETURN_IF_ERROR(reader.ReadBytes(reader.remaining(), &batch));
  header.batch = AsStringView(batch);
  return header;
}

}  // namespace cortex
