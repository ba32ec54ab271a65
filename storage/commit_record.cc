#include "storage/commit_record.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/table/table.h"

namespace cortex {
namespace {

constexpr uint8_t kVersion = 2;
constexpr size_t kIdBytes = 1 + 4 + 8;

void PutHeader(const CommitRecord& record, CommitKind kind, std::string* payload) {
  ByteWriter writer(payload);
  writer.Put(kVersion);
  writer.Put(kind);
  writer.Put(record.time_ns);
  writer.Put(record.table.value());
  writer.Put(static_cast<uint8_t>(record.producer.size()));
  if (record.producer.empty()) return;
  writer.PutBytes(AsBytes(record.producer));
  writer.Put(record.sequence);
  writer.Put(record.content_hash);
}

absl::Status ReadHeader(ByteReader* reader, CommitRecord* record) {
  uint8_t version = 0;
  RETURN_IF_ERROR(reader->Read(&version));
  if (version != kVersion) {
    return absl::UnimplementedError(
        absl::StrFormat("commit record of version %d; this program reads version %d", version, kVersion));
  }
  uint32_t table = 0;
  uint8_t producer_bytes = 0;
  RETURN_IF_ERROR(reader->Read(&record->kind));
  RETURN_IF_ERROR(reader->Read(&record->time_ns));
  RETURN_IF_ERROR(reader->Read(&table));
  record->table = TableId(table);
  RETURN_IF_ERROR(reader->Read(&producer_bytes));
  if (producer_bytes == 0) return absl::OkStatus();
  absl::Span<const std::byte> producer;
  RETURN_IF_ERROR(reader->ReadBytes(producer_bytes, &producer));
  record->producer = AsStringView(producer);
  RETURN_IF_ERROR(reader->Read(&record->sequence));
  return reader->Read(&record->content_hash);
}

absl::Status ReadRows(ByteReader* reader, CommitRecord* record) {
  uint32_t row_count = 0;
  RETURN_IF_ERROR(reader->Read(&record->schema_id));
  RETURN_IF_ERROR(reader->Read(&row_count));
  absl::Span<const std::byte> placements;
  RETURN_IF_ERROR(reader->ReadBytes(row_count, &placements));
  for (const std::byte placement : placements) {
    const auto value = static_cast<uint8_t>(placement);
    if ((value & ~(kFirstVersion | 0x0f)) != 0) {
      return absl::DataLossError(absl::StrFormat("commit record names shard %d of %d", value, kShardCount));
    }
    record->placements.push_back(value);
  }
  absl::Span<const std::byte> batch;
  RETURN_IF_ERROR(reader->ReadBytes(reader->remaining(), &batch));
  record->batch = AsStringView(batch);
  return absl::OkStatus();
}

absl::Status ReadEnds(ByteReader* reader, CommitRecord* record) {
  uint8_t erase = 0;
  uint64_t count = 0;
  RETURN_IF_ERROR(reader->Read(&erase));
  RETURN_IF_ERROR(reader->Read(&count));
  if (erase > 1 || reader->remaining() % kIdBytes != 0 || count != reader->remaining() / kIdBytes) {
    return absl::DataLossError(absl::StrFormat("commit record ends %d versions in %d bytes", count,
                                               reader->remaining()));
  }
  record->erase = erase == 1;
  record->ids.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t shard = 0;
    VersionId id;
    RETURN_IF_ERROR(reader->Read(&shard));
    RETURN_IF_ERROR(reader->Read(&id.ordinal));
    RETURN_IF_ERROR(reader->Read(&id.commit));
    id.shard = shard;
    if (shard >= kShardCount || (i > 0 && id <= record->ids.back())) {
      return absl::DataLossError("commit record names versions out of order or in no shard");
    }
    record->ids.push_back(id);
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeRows(const CommitRecord& record, const Batch& batch) {
  std::string payload;
  payload.reserve(batch.memory_bytes() + record.placements.size() + record.producer.size() + 64);
  PutHeader(record, CommitKind::kRows, &payload);
  ByteWriter writer(&payload);
  writer.Put(batch.table->schema_id);
  writer.Put(batch.row_count);
  writer.PutBytes({reinterpret_cast<const std::byte*>(record.placements.data()), record.placements.size()});
  EncodeBatch(batch, &payload);
  return payload;
}

std::string EncodeEnds(const CommitRecord& record) {
  std::string payload;
  payload.reserve(record.ids.size() * kIdBytes + record.producer.size() + 64);
  PutHeader(record, CommitKind::kEnds, &payload);
  ByteWriter writer(&payload);
  writer.Put(static_cast<uint8_t>(record.erase));
  writer.Put(static_cast<uint64_t>(record.ids.size()));
  for (const VersionId& id : record.ids) {
    writer.Put(static_cast<uint8_t>(id.shard));
    writer.Put(id.ordinal);
    writer.Put(id.commit);
  }
  return payload;
}

absl::StatusOr<CommitRecord> DecodeCommitRecord(absl::Span<const std::byte> payload) {
  ByteReader reader(payload);
  CommitRecord record;
  RETURN_IF_ERROR(ReadHeader(&reader, &record));
  if (record.kind == CommitKind::kRows) {
    RETURN_IF_ERROR(ReadRows(&reader, &record));
  } else if (record.kind == CommitKind::kEnds) {
    RETURN_IF_ERROR(ReadEnds(&reader, &record));
  } else {
    return absl::DataLossError(absl::StrFormat("commit record of unknown kind %d", static_cast<int>(record.kind)));
  }
  return record;
}

}  // namespace cortex
