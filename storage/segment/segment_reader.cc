#include "storage/segment/segment_reader.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/segment/segment_file.h"
#include "storage/segment/segment_keys.h"
#include "storage/segment/segment_row_group.h"

namespace cortex {
namespace {

// Of a reader that has read nothing yet: its options, names and slots.
constexpr uint64_t kReaderBytes = 2'048;
constexpr uint64_t kBytesPerRowGroup = 48;

}  // namespace

absl::StatusOr<std::shared_ptr<SegmentReader>> SegmentReader::Open(SegmentReaderOptions options) {
  const SegmentInfo& info = options.info;
  if (options.table == nullptr || options.open_file == nullptr || info.row_count == 0 || info.row_group_count == 0 ||
      info.row_group_count > info.row_count) {
    return absl::InvalidArgumentError(absl::StrFormat("segment record is incomplete: \"%s\", %d rows, %d row groups",
                                                      info.file_name, info.row_count, info.row_group_count));
  }
  return std::shared_ptr<SegmentReader>(new SegmentReader(std::move(options)));
}

SegmentReader::SegmentReader(SegmentReaderOptions options)
    : file_(std::make_shared<SegmentFile>(std::move(options))), keys_(std::make_unique<SegmentKeys>(file_.get())) {
  for (size_t i = 0; i < info().row_group_count; ++i) {
    groups_.push_back(std::make_unique<SegmentRowGroup>(file_.get(), i));
  }
  file_->cached().Add(kReaderBytes + info().row_group_count * kBytesPerRowGroup);
}
SegmentReader::~SegmentReader() = default;

SegmentId SegmentReader::id() const { return info().id; }
Tier SegmentReader::tier() const { return file_->options().tier; }
uint32_t SegmentReader::shard() const { return info().shard; }
size_t SegmentReader::row_group_count() const { return info().row_group_count; }
const RowGroupView& SegmentReader::row_group(size_t i) const { return *groups_[i]; }
uint64_t SegmentReader::row_count() const { return info().row_count; }
int64_t SegmentReader::min_time() const { return info().min_time; }
int64_t SegmentReader::max_time() const { return info().max_time; }
Commit SegmentReader::min_commit() const { return info().min_commit; }
Commit SegmentReader::max_commit() const { return info().max_commit; }
bool SegmentReader::MayContainKey(std::string_view key, uint64_t hash) const { return keys_->MayContain(hash); }
absl::Status SegmentReader::FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const {
  return keys_->Find(key, hash, rows);
}
std::string SegmentReader::name() const { return info().file_name; }
uint64_t SegmentReader::stored_bytes() const { return info().file_bytes; }
uint64_t SegmentReader::raw_bytes() const { return info().raw_bytes; }
const SegmentInfo& SegmentReader::info() const { return file_->info(); }

uint64_t SegmentReader::cached_bytes() const { return file_->cached().bytes(); }

absl::StatusOr<uint64_t> SegmentReader::first_row(size_t i) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  return loaded->first_rows[i];
}

absl::StatusOr<std::vector<SegmentColumnStats>> SegmentReader::ColumnStats() const { return file_->ColumnStats(); }
absl::Status SegmentReader::Verify() const { return file_->Verify(); }

}  // namespace cortex
