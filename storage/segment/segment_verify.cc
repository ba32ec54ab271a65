#include "storage/segment/segment_verify.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/segment/fences.h"
#include "storage/segment/paged_source.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_format.h"

namespace cortex {
namespace {

constexpr uint64_t kGapStepBytes = 64 << 10;

class SegmentVerification {
 public:
  SegmentVerification(const ByteSource& file, const SegmentVerifyOptions& options, const BlockVisitor& visit)
      : file_(file), options_(options), visit_(visit) {}

  absl::Status Run() {
    const absl::Status header = CheckHeader();
    RETURN_IF_ERROR(Visit("header", header, kSegmentHeaderBytes));
    // Of a file of another size nothing stands where it should.
    if (!header.ok() && file_.size() != options_.info.file_bytes) return absl::OkStatus();
    const absl::Status footer = LoadFooter();
    RETURN_IF_ERROR(Visit("footer", footer, footer_bytes_.size() + kSegmentTrailerBytes));
    if (!footer.ok()) return absl::OkStatus();
    RETURN_IF_ERROR(Visit("manifest", CompareWithRecord(), 0));
    for (size_t g = 0; g < footer_.row_groups.size(); ++g) RETURN_IF_ERROR(CheckRowGroup(g));
    RETURN_IF_ERROR(CheckPiece(footer_.key_entries, "key entries"));
    RETURN_IF_ERROR(CheckPiece(footer_.key_filter, "key filter"));
    RETURN_IF_ERROR(CheckPiece(footer_.fences, "fences"));
    RETURN_IF_ERROR(CheckGaps());
    if (options_.compare_index) RETURN_IF_ERROR(Visit("cold index", CompareWithIndex(), 0));
    return Visit("mapping", file_.Read(0, 0).status(), 0);  // a disk error under the mapping read as zeros
  }

 private:
  absl::Status Visit(const std::string& what, const absl::Status& checked, uint64_t bytes) {
    if (checked.ok()) return visit_(checked, bytes);
    return visit_(absl::Status(checked.code(), absl::StrFormat("segment file %s: %s: %s", options_.info.file_name,
                                                               what, std::string(checked.message()))),
                  bytes);
  }

  absl::Status CheckHeader() const {
    if (file_.size() != options_.info.file_bytes) {
      return absl::DataLossError(
          absl::StrFormat("wrong file size: expected %d bytes, got %d", options_.info.file_bytes, file_.size()));
    }
    if (file_.size() < kSegmentHeaderBytes + kSegmentTrailerBytes) return absl::DataLossError("file too short");
    ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, file_.Read(0, kSegmentHeaderBytes));
    ASSIGN_OR_RETURN(const SegmentHeader header, DecodeSegmentHeader(bytes));
    if (header.id == options_.info.id && header.shard == options_.info.shard && header.table == options_.table->id) {
      return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrFormat("that of another segment: table %d, shard %d, segment %d",
                                               header.table.value(), header.shard, header.id.value()));
  }

  absl::Status LoadFooter() {
    ASSIGN_OR_RETURN(const absl::Span<const std::byte> trailer_bytes,
                     file_.Read(file_.size() - kSegmentTrailerBytes, kSegmentTrailerBytes));
    ASSIGN_OR_RETURN(const SegmentTrailer trailer, DecodeSegmentTrailer(trailer_bytes, file_.size()));
    ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, file_.Read(trailer.footer_offset, trailer.footer_bytes));
    footer_bytes_ = std::string(AsStringView(bytes));
    const uint64_t checksum = Checksum64(footer_bytes_);
    if (checksum != trailer.footer_checksum) {
      return absl::DataLossError(absl::StrFormat("checksum mismatch at offset %d: expected %016x, got %016x",
                                                 trailer.footer_offset, trailer.footer_checksum, checksum));
    }
    if (ContentHashOf(options_.info.file_name).value_or(checksum) != checksum) {
      return absl::DataLossError(absl::StrFormat("not the one of the file's name: checksum %016x", checksum));
    }
    pieces_end_ = trailer.footer_offset;
    ASSIGN_OR_RETURN(footer_, DecodeSegmentFooter(footer_bytes_, pieces_end_));
    return absl::OkStatus();
  }

  // What the manifest promises to pruning must hold of the file.
  absl::Status CompareWithRecord() const {
    const SegmentInfo& info = options_.info;
    Commit min_commit = kOpenEnd, max_commit = 0;
    for (const RowGroupLayout& group : footer_.row_groups) {
      min_commit = std::min(min_commit, group.min_commit);
      max_commit = std::max(max_commit, group.max_commit);
    }
    std::string wrong;
    if (footer_.id != info.id || footer_.table != options_.table->id || footer_.shard != info.shard) wrong = "ids";
    if (footer_.row_count != info.row_count || footer_.row_groups.size() != info.row_group_count) wrong = "row counts";
    if (footer_.min_time != info.min_time || footer_.max_time != info.max_time) wrong = "time range";
    if (min_commit != info.min_commit || max_commit != info.max_commit) wrong = "commit range";
    if (footer_.sorted_by_key != info.sorted_by_key) wrong = "row order";
    if (wrong.empty()) return absl::OkStatus();
    return absl::DataLossError(absl::StrFormat("the manifest and the file disagree on the %s", wrong));
  }

  absl::Status CheckRowGroup(size_t g) {
    const RowGroupLayout& group = footer_.row_groups[g];
    const auto where = [&](std::string_view column) {
      return absl::StrFormat("row group %d, column \"%s\"", g, column);
    };
    RETURN_IF_ERROR(CheckPiece(group.commits.bytes, where("_commit")));
    RETURN_IF_ERROR(CheckPiece(group.ends.bytes, where("_end")));
    RETURN_IF_ERROR(CheckPiece(group.ordinals.bytes, where("_ordinal")));
    for (size_t c = 0; c < group.columns.size(); ++c) {
      const std::string what = where(NameOf(footer_.columns[c].id));
      RETURN_IF_ERROR(CheckPiece(group.columns[c].validity, what));
      RETURN_IF_ERROR(CheckPiece(group.columns[c].list_ends.bytes, what));
      RETURN_IF_ERROR(CheckPiece(group.columns[c].values.bytes, what));
      for (const SketchPiece& sketch : group.columns[c].sketches) RETURN_IF_ERROR(CheckPiece(sketch.bytes, what));
    }
    return absl::OkStatus();
  }

  std::string NameOf(ColumnId id) const {
    for (const ColumnDefinition& column : options_.table->columns) {
      if (column.id == id) return column.name;
    }
    return absl::StrFormat("#%d", id.value());
  }

  absl::Status CheckPiece(const FilePiece& piece, const std::string& what) {
    if (piece.length == 0) return absl::OkStatus();
    const PagedSource source(&file_, piece);
    for (uint64_t offset = 0; offset < piece.length; offset += kPageBytes) {
      const uint64_t count = std::min<uint64_t>(kPageBytes, piece.length - offset);
      RETURN_IF_ERROR(Visit(what, source.Read(offset, count).status(), count));
    }
    const bool paged = piece.length > kPageBytes;
    const uint64_t end = piece.offset + piece.length;
    used_.push_back({piece.offset, end});
    if (paged) {
      const uint64_t table = piece.offset + (piece.length + 7) / 8 * 8;
      used_.push_back({table, table + piece.page_count() * sizeof(uint64_t)});
    }
    return absl::OkStatus();
  }

  // No checksum covers the padding; it must be zero.
  absl::Status CheckGaps() {
    std::sort(used_.begin(), used_.end());
    used_.push_back({pieces_end_, pieces_end_});
    uint64_t at = kSegmentHeaderBytes;
    for (const auto& [begin, end] : used_) {
      for (; at < begin; at += std::min(kGapStepBytes, begin - at)) {
        const uint64_t count = std::min(kGapStepBytes, begin - at);
        RETURN_IF_ERROR(Visit("padding", CheckZeros(at, count), count));
      }
      at = std::max(at, end);
    }
    return absl::OkStatus();
  }

  absl::Status CheckZeros(uint64_t offset, uint64_t count) const {
    ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, file_.Read(offset, count));
    const auto bad = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; });
    if (bad == bytes.end()) return absl::OkStatus();
    return absl::DataLossError(absl::StrFormat("not zero at offset %d", offset + (bad - bytes.begin())));
  }

  absl::Status CompareWithIndex() const {
    const SegmentInfo& kept = options_.info;
    if (kept.footer != footer_bytes_) return absl::DataLossError("the meta store keeps another footer than the file");
    ASSIGN_OR_RETURN(const absl::Span<const std::byte> filter,
                     PagedSource(&file_, footer_.key_filter).Read(0, footer_.key_filter.length));
    if (kept.key_filter != AsStringView(filter)) {
      return absl::DataLossError("the meta store keeps another key filter than the file");
    }
    ASSIGN_OR_RETURN(const absl::Span<const std::byte> fence_bytes,
                     PagedSource(&file_, footer_.fences).Read(0, footer_.fences.length));
    ASSIGN_OR_RETURN(const std::vector<std::string> fences, DecodeFences(AsStringView(fence_bytes)));
    if (kept.fences == fences) return absl::OkStatus();
    return absl::DataLossError("the meta store keeps other fences than the file");
  }

  const ByteSource& file_;
  const SegmentVerifyOptions& options_;
  const BlockVisitor& visit_;
  std::string footer_bytes_;
  uint64_t pieces_end_ = 0;
  SegmentFooter footer_;
  std::vector<std::pair<uint64_t, uint64_t>> used_;  // [begin, end) of what checksums cover
};

}  // namespace

absl::Status VerifySegment(const ByteSource& file, const SegmentVerifyOptions& options, const BlockVisitor& visit) {
  return SegmentVerification(file, options, visit).Run();
}

}  // namespace cortex
