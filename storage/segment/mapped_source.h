// A mapped file as the ByteSource of a SegmentReader.
#ifndef CORTEX_STORAGE_SEGMENT_MAPPED_SOURCE_H_
#define CORTEX_STORAGE_SEGMENT_MAPPED_SOURCE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/codec.h"
#include "storage/io/mapped_file.h"

namespace cortex {

// Read answers DATA_LOSS, also for zero bytes, once a disk error has damaged the mapping: a reader asks once more after
// it has used the bytes. Thread-safe.
class MappedSource final : public ByteSource {
 public:
  explicit MappedSource(std::shared_ptr<const MappedFile> file);

  uint64_t size() const override;
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override;

 private:
  const std::shared_ptr<const MappedFile> file_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_MAPPED_SOURCE_H_
