#include "storage/meta/producers.h"

#include <string>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

std::string EncodePair(uint64_t first, uint64_t second) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Put(first);
  writer.Put(second);
  return bytes;
}

absl::Status DecodePair(std::string_view producer, std::string_view bytes, uint64_t* first, uint64_t* second) {
  ByteReader reader(bytes);
  if (reader.Read(first).ok() && reader.Read(second).ok() && reader.remaining() == 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("producer \"%s\" has an entry of %d bytes where 16 were expected", producer, bytes.size()));
}

absl::Status BatchError(const rocksdb::Status& status) { return FromRocksDb(status, "cannot build a batch"); }

}  // namespace

absl::Status AddSequence(const MetaDb& db, const ProducerSequence& sequence, rocksdb::WriteBatch* batch) {
  if (sequence.producer.size() > 255) {
    return absl::InternalError(absl::StrFormat("producer of %d bytes", sequence.producer.size()));
  }
  rocksdb::ColumnFamilyHandle* const family = db.family(MetaFamily::kProducers);
  RETURN_IF_ERROR(BatchError(batch->Put(family, SequenceKey(sequence.producer, sequence.sequence),
                                        EncodePair(sequence.commit, sequence.content_hash))));
  RETURN_IF_ERROR(BatchError(
      batch->Put(family, ProducerKey(sequence.producer), EncodePair(sequence.sequence, sequence.commit))));
  if (sequence.keep_from == 0) return absl::OkStatus();
  return BatchError(batch->DeleteRange(family, SequenceKey(sequence.producer, 0),
                                       SequenceKey(sequence.producer, sequence.keep_from)));
}

absl::StatusOr<std::optional<ProducerSequence>> ReadLastSequence(const MetaDb& db, std::string_view producer) {
  ASSIGN_OR_RETURN(const std::optional<std::string> bytes, db.Get(MetaFamily::kProducers, ProducerKey(producer)));
  if (!bytes) return std::nullopt;
  ProducerSequence last{.producer = std::string(producer)};
  RETURN_IF_ERROR(DecodePair(producer, *bytes, &last.sequence, &last.commit));
  return last;
}

absl::StatusOr<std::optional<ProducerSequence>> ReadSequence(const MetaDb& db, std::string_view producer,
                                                             uint64_t sequence) {
  ASSIGN_OR_RETURN(const std::optional<std::string> bytes,
                   db.Get(MetaFamily::kProducers, SequenceKey(producer, sequence)));
  if (!bytes) return std::nullopt;
  ProducerSequence found{.producer = std::string(producer), .sequence = sequence};
  RETURN_IF_ERROR(DecodePair(producer, *bytes, &found.commit, &found.content_hash));
  return found;
}

}  // namespace cortex
