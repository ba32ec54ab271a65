#include "storage/segment/segment_writer.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/durable_file.h"
#include "storage/io/kill_point.h"
#include "storage/segment/chunk_writer.h"
#include "storage/segment/fences.h"
#include "storage/segment/key_entries.h"
#include "storage/segment/key_filter.h"
#include "storage/segment/ordinal_counter.h"
#include "storage/segment/piece_writer.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_format.h"

namespace cortex {
namespace {

absl::Span<const std::byte> BytesOf(const std::vector<uint64_t>& values) {
  return {reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(uint64_t)};
}

// Commits are below 2^63, so an open end is the largest int64 and order is kept.
int64_t StoredCommit(Commit commit) {
  return commit >= static_cast<uint64_t>(INT64_MAX) ? INT64_MAX : static_cast<int64_t>(commit);
}

std::vector<int64_t> StoredCommits(absl::Span<const Commit> commits) {
  std::vector<int64_t> stored(commits.size());
  std::transform(commits.begin(), commits.end(), stored.begin(), StoredCommit);
  return stored;
}

// Whether less than half of a sample of 1,024 keys are distinct: then there are some thousand keys at most.
bool RepeatsOften(const Column& keys) {
  constexpr uint32_t kSample = 1024;
  const uint32_t step = std::max<uint32_t>(1, keys.row_count() / kSample);
  std::vector<std::string_view> sample;
  for (uint32_t row = 0; row < keys.row_count(); row += step) sample.push_back(keys.StringAt(row));
  const size_t sampled = sample.size();
  std::sort(sample.begin(), sample.end());
  sample.erase(std::unique(sample.begin(), sample.end()), sample.end());
  return sample.size() < sampled / 2;
}

}  // namespace

class SegmentWriter::Impl {
 public:
  Impl(SegmentWriterOptions options, std::unique_ptr<WritableFile> file)
      : options_(std::move(options)), out_(std::move(file)) {
    footer_.id = options_.id;
    footer_.table = options_.table->id;
    footer_.schema_id = options_.table->schema_id;
    footer_.shard = options_.shard;
    footer_.sorted_by_key = options_.sorted_by_key;
    footer_.key_column = options_.table->key().id;
    for (const ColumnDefinition& column : options_.table->columns) footer_.columns.push_back({column.id, column.type});
    info_.id = options_.id;
    info_.shard = options_.shard;
    info_.sorted_by_key = options_.sorted_by_key;
    info_.min_time = std::numeric_limits<int64_t>::max();
    info_.max_time = std::numeric_limits<int64_t>::min();
    info_.min_commit = kOpenEnd;
  }

  ~Impl() {
    if (published_) return;
    // Best effort: a temporary file left behind is removed by whoever opens the directory next.
    options_.file_system->Remove(TemporaryPath()).IgnoreError();
    // Renamed already, but the directory could not be synced: nobody is told the name.
    if (info_.file_name.empty()) return;
    options_.file_system->Remove(JoinPath(options_.directory, info_.file_name)).IgnoreError();
  }

  absl::Status WriteHeader() {
    return out_.Append(EncodeSegmentHeader({.id = footer_.id,
                                            .table = footer_.table,
                                            .schema_id = footer_.schema_id,
                                            .shard = footer_.shard}));
  }

  absl::Status AddRowGroup(absl::Span<const Column> columns, absl::Span<const Commit> commits,
                           absl::Span<const Commit> ends, absl::Span<const uint32_t> ordinals,
                           absl::Span<const Bitmap> exact_rows) {
    RETURN_IF_ERROR(CheckShape(columns, commits, ends, ordinals));
    RETURN_IF_ERROR(CheckExactRows(exact_rows, commits.size()));
    RETURN_IF_ERROR(AddKeys(columns[options_.table->key_ordinal()]));
    RowGroupLayout group{.row_count = static_cast<uint32_t>(commits.size())};
    RETURN_IF_ERROR(WriteVersions(commits, ends, &group));
    RETURN_IF_ERROR(WriteOrdinals(commits, ordinals, &group));
    const SketchChoice sketches{.kinds = options_.sketches, .within_raw = options_.sketches_within_raw};
    for (size_t i = 0; i < columns.size(); ++i) {
      EncodeOptions encoding = OptionsOf(i, columns[i]);
      if (!exact_rows.empty() && !exact_rows[i].empty()) encoding.exact_rows = exact_rows[i].words();
      ASSIGN_OR_RETURN(ChunkLayout chunk, WriteChunk(columns[i], encoding, sketches, &out_));
      info_.raw_bytes += chunk.raw_bytes;
      group.columns.push_back(std::move(chunk));
    }
    NoteTimes(columns[options_.table->time_ordinal()]);
    info_.min_commit = std::min(info_.min_commit, group.min_commit);
    info_.max_commit = std::max(info_.max_commit, group.max_commit);
    info_.row_count += group.row_count;
    footer_.row_groups.push_back(std::move(group));
    KillPoint("segment-row-group");
    return absl::OkStatus();
  }

  absl::Status WriteEnd() {
    if (info_.row_count == 0) return absl::FailedPreconditionError("segment without rows");
    RETURN_IF_ERROR(WriteKeys());
    footer_.row_count = info_.row_count;
    footer_.min_time = info_.min_time;
    footer_.max_time = info_.max_time;
    info_.footer = EncodeSegmentFooter(footer_);
    const uint64_t content_hash = Checksum64(info_.footer);
    RETURN_IF_ERROR(out_.Pad());
    const SegmentTrailer trailer{.footer_offset = out_.size(),
                                 .footer_bytes = info_.footer.size(),
                                 .footer_checksum = content_hash};
    RETURN_IF_ERROR(out_.Append(info_.footer));
    RETURN_IF_ERROR(out_.Append(EncodeSegmentTrailer(trailer)));
    info_.file_bytes = out_.size();
    info_.file_name = SegmentFileName(info_.shard, info_.id, content_hash);
    info_.row_group_count = static_cast<uint32_t>(footer_.row_groups.size());
    footer_ = SegmentFooter();
    key_hashes_ = std::vector<uint64_t>();
    return absl::OkStatus();
  }

  absl::Status WriteBack() { return out_.WriteBack(); }

  absl::StatusOr<SegmentInfo> Finish() {
    if (info_.file_name.empty()) RETURN_IF_ERROR(WriteEnd());
    RETURN_IF_ERROR(out_.FinishDurably());
    KillPoint("segment-synced");
    RETURN_IF_ERROR(
        GiveName(options_.file_system, TemporaryPath(), JoinPath(options_.directory, info_.file_name)));
    if (options_.directory_sync == DirectorySync::kAtOnce) {
      RETURN_IF_ERROR(SyncSegmentNames(options_.file_system, options_.directory));
    }
    published_ = true;
    return std::move(info_);
  }

  uint64_t file_bytes() const { return out_.size(); }

  uint64_t memory_bytes() const {
    uint64_t bytes = sizeof(*this) + out_.memory_bytes() + key_hashes_.capacity() * sizeof(uint64_t) + info_.index_bytes();
    for (const RowGroupLayout& group : footer_.row_groups) {
      bytes += sizeof(group) + group.columns.size() * sizeof(ChunkLayout);
    }
    return bytes;
  }

 private:
  std::string TemporaryPath() const {
    return JoinPath(options_.directory, SegmentTemporaryName(options_.shard, options_.id));
  }

  absl::Status CheckShape(absl::Span<const Column> columns, absl::Span<const Commit> commits,
                          absl::Span<const Commit> ends, absl::Span<const uint32_t> ordinals) const {
    const TableDefinition& table = *options_.table;
    const auto fits = [&](size_t count) { return count == 0 || count == commits.size(); };
    if (commits.empty() || commits.size() > INT32_MAX || !fits(ends.size()) || !fits(ordinals.size())) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row group with %d commits, %d ends and %d ordinals: table \"%s\"", commits.size(),
                          ends.size(), ordinals.size(), table.name));
    }
    if (info_.row_count + commits.size() > UINT32_MAX) {
      return absl::InvalidArgumentError(absl::StrFormat("segment of more than 2^32 rows: table \"%s\"", table.name));
    }
    if (columns.size() != table.columns.size()) {
      return absl::InvalidArgumentError(absl::StrFormat("wrong column count: table \"%s\", expected %d, got %d",
                                                        table.name, table.columns.size(), columns.size()));
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].type() == table.columns[i].type && columns[i].row_count() == commits.size()) continue;
      return absl::InvalidArgumentError(absl::StrFormat("column does not fit its table: table \"%s\", column \"%s\"",
                                                        table.name, table.columns[i].name));
    }
    return absl::OkStatus();
  }

  absl::Status CheckExactRows(absl::Span<const Bitmap> exact_rows, size_t rows) const {
    const bool fits = (exact_rows.empty() || exact_rows.size() == options_.table->columns.size()) &&
                      std::all_of(exact_rows.begin(), exact_rows.end(),
                                  [&](const Bitmap& bits) { return bits.empty() || bits.size() == rows; });
    if (fits) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrFormat("exact rows do not fit %d rows: table \"%s\"", rows, options_.table->name));
  }

  // Keys are fetched one at a time by lookups, so light segments keep them out of zstd blocks unless the table asks
  // otherwise: a lookup took 40 us a row there instead of 1 (segment_bench.cc). Codes where keys repeat, else plain.
  EncodeOptions OptionsOf(size_t i, const Column& column) const {
    EncodeOptions options{.compression = CompressionOf(i, column), .effort = options_.effort};
    options.sketch_share = options_.sketch_share;
    if (options_.apply_contracts) options.contract = options_.table->columns[i].contract;
    if (!options_.made.empty()) options.made = options_.made[i];
    // A column that lost its compression still has the values it was given under a bound.
    if (options.made.has_value() && options.compression == Compression::kAuto) options.compression = Compression::kZptv;
    return options;
  }

  Compression CompressionOf(size_t i, const Column& column) const {
    const Compression declared = options_.table->columns[i].compression;
    const bool light_key = i == options_.table->key_ordinal() && options_.effort == EncodingEffort::kLight;
    if (!light_key || declared != Compression::kAuto) return declared;
    return RepeatsOften(column) ? Compression::kDictionary : Compression::kNone;
  }

  absl::Status AddKeys(const Column& keys) {
    for (uint32_t row = 0; row < keys.row_count(); ++row) {
      const std::string_view key = keys.StringAt(row);
      if (!options_.sorted_by_key) {
        key_hashes_.push_back(HashKey(key));
        continue;
      }
      const uint64_t segment_row = info_.row_count + row;
      if (segment_row > 0 && key < last_key_) {
        return absl::InvalidArgumentError(
            absl::StrFormat("keys out of order in a sorted segment: table \"%s\", row %d", options_.table->name,
                            segment_row));
      }
      if (segment_row == 0 || key != last_key_) key_hashes_.push_back(HashKey(key));
      if (segment_row % kRowsPerFence == 0) info_.fences.emplace_back(key);
      last_key_ = key;
    }
    return absl::OkStatus();
  }

  absl::Status WriteVersions(absl::Span<const Commit> commits, absl::Span<const Commit> ends, RowGroupLayout* group) {
    const auto [min_commit, max_commit] = std::minmax_element(commits.begin(), commits.end());
    group->min_commit = *min_commit;
    group->max_commit = *max_commit;
    ASSIGN_OR_RETURN(group->commits, WriteIntegers(StoredCommits(commits), options_.effort, &out_));
    if (ends.empty()) return absl::OkStatus();
    group->min_end = *std::min_element(ends.begin(), ends.end());
    if (group->min_end == kOpenEnd) return absl::OkStatus();
    ASSIGN_OR_RETURN(group->ends, WriteIntegers(StoredCommits(ends), options_.effort, &out_));
    return absl::OkStatus();
  }

  // Nothing is written for rows that stand in commit order.
  absl::Status WriteOrdinals(absl::Span<const Commit> commits, absl::Span<const uint32_t> ordinals,
                             RowGroupLayout* group) {
    if (ordinals.empty()) return absl::OkStatus();
    group->first_ordinal = ordinals[0];
    OrdinalCounter counter(ordinals[0]);
    bool countable = true;
    for (size_t row = 0; row < commits.size() && countable; ++row) {
      countable = counter.Next(commits[row]) == ordinals[row];
    }
    if (countable) return absl::OkStatus();
    const std::vector<int64_t> stored(ordinals.begin(), ordinals.end());
    ASSIGN_OR_RETURN(group->ordinals, WriteIntegers(stored, options_.effort, &out_));
    return absl::OkStatus();
  }

  void NoteTimes(const Column& times) {
    for (const int64_t time : times.values_as<int64_t>()) {
      info_.min_time = std::min(info_.min_time, time);
      info_.max_time = std::max(info_.max_time, time);
    }
  }

  absl::Status WriteKeys() {
    uint64_t key_count = key_hashes_.size();  // sorted: distinct already
    if (options_.sorted_by_key) {
      ASSIGN_OR_RETURN(footer_.fences, out_.AppendPiece(AsBytes(EncodeFences(info_.fences))));
    } else {
      const std::vector<uint64_t> entries = BuildKeyEntries(key_hashes_);
      key_count = CountDistinctKeys(entries);
      ASSIGN_OR_RETURN(footer_.key_entries, out_.AppendPiece(BytesOf(entries)));
    }
    info_.key_filter = BuildKeyFilter(key_hashes_, key_count);
    ASSIGN_OR_RETURN(footer_.key_filter, out_.AppendPiece(AsBytes(info_.key_filter)));
    return absl::OkStatus();
  }

  const SegmentWriterOptions options_;
  PieceWriter out_;
  SegmentFooter footer_;
  SegmentInfo info_;
  std::vector<uint64_t> key_hashes_;  // per row, or per distinct key if sorted
  std::string last_key_;
  bool published_ = false;
};

absl::Status SyncSegmentNames(FileSystem* file_system, const std::string& directory) {
  RETURN_IF_ERROR(file_system->SyncDir(directory));
  KillPoint("segment-durable");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(SegmentWriterOptions options) {
  const std::string path = JoinPath(options.directory, SegmentTemporaryName(options.shard, options.id));
  KillPoint("segment-create");
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                   options.file_system->OpenWritable(path, WriteMode::kTruncate));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(file));
  RETURN_IF_ERROR(impl->WriteHeader());
  return std::unique_ptr<SegmentWriter>(new SegmentWriter(std::move(impl)));
}

SegmentWriter::SegmentWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SegmentWriter::~SegmentWriter() = default;

absl::Status SegmentWriter::AddRowGroup(absl::Span<const Column> columns, absl::Span<const Commit> commits,
                                        absl::Span<const Commit> ends, absl::Span<const uint32_t> ordinals,
                                        absl::Span<const Bitmap> exact_rows) {
  return impl_->AddRowGroup(columns, commits, ends, ordinals, exact_rows);
}

absl::Status SegmentWriter::WriteEnd() {
  RETURN_IF_ERROR(impl_->WriteEnd());
  return impl_->WriteBack();
}

absl::StatusOr<SegmentInfo> SegmentWriter::Finish() { return impl_->Finish(); }

uint64_t SegmentWriter::file_bytes() const { return impl_->file_bytes(); }

uint64_t SegmentWriter::memory_bytes() const { return impl_->memory_bytes(); }

}  // namespace cortex
