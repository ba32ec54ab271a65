#include "storage/segment/mapped_source.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {

MappedSource::MappedSource(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}

uint64_t MappedSource::size() const { return file_->size(); }

absl::StatusOr<absl::Span<const std::byte>> MappedSource::Read(uint64_t offset, uint64_t count) const {
  RETURN_IF_ERROR(file_->DamageStatus());
  if (offset > size() || count > size() - offset) {
    return absl::DataLossError(absl::StrFormat("file too short: %d bytes wanted at offset %d, file has %d: %s", count,
                                               offset, size(), file_->path()));
  }
  return file_->bytes().subspan(offset, count);
}

}  // namespace cortex
