// Rows of a segment by key: the filter says no, hash entries or fences say where, the key column says yes.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_KEYS_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_KEYS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/segment/lazy_value.h"
#include "storage/segment/paged_source.h"
#include "storage/segment/segment_file.h"
#include "storage/segment_view.h"

namespace cortex {

// Thread-safe. `file` must outlive it.
class SegmentKeys {
 public:
  explicit SegmentKeys(const SegmentFile* file) : file_(file) {}

  // As SegmentView::MayContainKey. Where the filter cannot be read the answer is true: Find meets the error.
  bool MayContain(uint64_t hash) const { return FilterMayContain(hash).value_or(true); }
  // As SegmentView::FindKey.
  absl::Status Find(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const;

 private:
  struct Pieces {
    PagedSource entries;
    PagedSource filter;
  };

  absl::StatusOr<const Pieces*> FilePieces() const;
  absl::StatusOr<const std::string*> Filter() const;
  absl::StatusOr<const std::vector<std::string>*> Fences() const;
  absl::StatusOr<std::vector<std::string>> ReadFences() const;
  absl::StatusOr<bool> FilterMayContain(uint64_t hash) const;
  absl::Status FindByEntries(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const;
  absl::Status FindByFences(std::string_view key, std::vector<RowRef>* rows) const;
  absl::Status KeepEqual(std::string_view key, size_t group, absl::Span<const uint32_t> candidates,
                         std::vector<RowRef>* rows) const;

  const SegmentFile* const file_;
  LazyValue<Pieces> pieces_;
  LazyValue<std::string> filter_;
  LazyValue<std::vector<std::string>> fences_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_KEYS_H_
