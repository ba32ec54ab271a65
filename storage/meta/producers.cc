#include "storage/meta/producers.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

// A third part of a batch's entry, of one byte; only where it is so.
constexpr std::byte kInFiles{1};

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

struct SequenceEntry {
  uint64_t commit = 0;
  uint64_t content_hash = 0;
  bool in_files = false;
};

absl::Status DecodeEntry(std::string_view producer, std::string_view bytes, SequenceEntry* entry) {
  entry->in_files = bytes.size() == 17 && std::byte(bytes.back()) == kInFiles;
  return DecodePair(producer, entry->in_files ? bytes.substr(0, 16) : bytes, &entry->commit, &entry->content_hash);
}

absl::Status BatchError(const rocksdb::Status& status) { return FromRocksDb(status, "cannot build a batch"); }

}  // namespace

absl::Status AddSequence(const MetaDb& db, const ProducerSequence& sequence, bool in_files,
                         rocksdb::WriteBatch* batch) {
  if (sequence.producer.size() > 255) {
    return absl::InternalError(absl::StrFormat("producer of %d bytes", sequence.producer.size()));
  }
  rocksdb::ColumnFamilyHandle* const family = db.family(MetaFamily::kProducers);
  std::string entry = EncodePair(sequence.commit, sequence.content_hash);
  if (in_files) entry.push_back(static_cast<char>(kInFiles));
  RETURN_IF_ERROR(BatchError(batch->Put(family, SequenceKey(sequence.producer, sequence.sequence), entry)));
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
  SequenceEntry entry;
  RETURN_IF_ERROR(DecodeEntry(producer, *bytes, &entry));
  found.commit = entry.commit;
  found.content_hash = entry.content_hash;
  return found;
}

namespace {

// One producer on the way through the family: its head, then its batches in order.
class Rewinder {
 public:
  Rewinder(MetaDb* db, Commit kept_through) : db_(db), kept_through_(kept_through) {}

  absl::Status Visit(std::string_view key, std::string_view value) {
    const size_t length = key.empty() ? 0 : static_cast<uint8_t>(key[0]);
    if (key.size() == 1 + length) return StartProducer(key.substr(1), value);
    uint64_t sequence = 0;
    std::string_view number = key.size() == 1 + length + sizeof(sequence) ? key.substr(1 + length) : "";
    if (number.empty() || key.substr(1, length) != producer_) {
      return absl::DataLossError(absl::StrFormat("meta store: producers have a key of %d bytes", key.size()));
    }
    for (const char byte : number) sequence = sequence << 8 | static_cast<uint8_t>(byte);
    SequenceEntry entry;
    RETURN_IF_ERROR(DecodeEntry(producer_, value, &entry));
    last_commit_ = entry.commit;
    if (lost_from_ != 0) {
      in_files_ += entry.in_files ? 1 : 0;
    } else if (!entry.in_files && entry.commit > kept_through_) {
      lost_from_ = sequence;
    } else {
      kept_ = {sequence, entry.commit};
    }
    return absl::OkStatus();
  }
  absl::Status FinishProducer() {
    if (lost_from_ == 0) return absl::OkStatus();
    rocksdb::ColumnFamilyHandle* const family = db_->family(MetaFamily::kProducers);
    RETURN_IF_ERROR(BatchError(batch_.DeleteRange(family, SequenceKey(producer_, lost_from_),
                                                  SequenceKey(producer_, UINT64_MAX))));
    // Older ones may have been forgotten: then nobody knows which of them were lost, too.
    const bool known = kept_.first + 1 == lost_from_;
    if (known && kept_.first != 0) {
      RETURN_IF_ERROR(BatchError(batch_.Put(family, ProducerKey(producer_), EncodePair(kept_.first, kept_.second))));
    } else {
      RETURN_IF_ERROR(BatchError(batch_.Delete(family, ProducerKey(producer_))));
    }
    rewound_.push_back({.producer = producer_,
                        .from_sequence = last_sequence_,
                        .to_sequence = kept_.first,
                        .forgotten = !known,
                        .batches_in_files = in_files_,
                        .last_commit = last_commit_});
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<RewoundProducer>> Write() {
    if (!rewound_.empty()) RETURN_IF_ERROR(db_->Write(&batch_, /*synced=*/true));
    return std::move(rewound_);
  }

 private:
  absl::Status StartProducer(std::string_view producer, std::string_view head) {
    RETURN_IF_ERROR(FinishProducer());
    producer_ = std::string(producer);
    lost_from_ = in_files_ = 0;
    kept_ = {0, 0};
    return DecodePair(producer_, head, &last_sequence_, &last_commit_);
  }

  MetaDb* const db_;
  const Commit kept_through_;
  std::string producer_;
  uint64_t last_sequence_ = 0;
  Commit last_commit_ = 0;
  std::pair<uint64_t, Commit> kept_;  // the last batch that is whole
  uint64_t lost_from_ = 0;
  uint64_t in_files_ = 0;  // behind lost_from_
  rocksdb::WriteBatch batch_;
  std::vector<RewoundProducer> rewound_;
};

}  // namespace

absl::StatusOr<std::vector<RewoundProducer>> RewindSequences(MetaDb* db, Commit kept_through) {
  Rewinder rewinder(db, kept_through);
  const std::unique_ptr<rocksdb::Iterator> entry = db->Scan(MetaFamily::kProducers);
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    RETURN_IF_ERROR(rewinder.Visit(ToView(entry->key()), ToView(entry->value())));
  }
  RETURN_IF_ERROR(FromRocksDb(entry->status(), "cannot read producers"));
  RETURN_IF_ERROR(rewinder.FinishProducer());
  return rewinder.Write();
}

}  // namespace cortex
