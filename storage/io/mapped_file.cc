#include "storage/io/mapped_file.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {

absl::StatusOr<std::unique_ptr<MappedFile>> MappedFile::Open(FileSystem* fs, const std::string& path) {
  ASSIGN_OR_RETURN(auto mapping, fs->Map(path));
  return std::unique_ptr<MappedFile>(new MappedFile(path, std::move(mapping)));
}

absl::Status MappedFile::DamageStatus() const {
  if (!damaged()) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("mapped file unreadable: %s, disk error or file cut short while mapped",
                                             path_));
}

}  // namespace cortex
