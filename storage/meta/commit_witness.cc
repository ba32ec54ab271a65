#include "storage/meta/commit_witness.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

// u64 version, u64 checksum of those eight bytes: within one sector, so that a power cut writes all of it or nothing.
constexpr size_t kBytes = 16;

std::string Encode(uint64_t version) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Put(version);
  writer.Put(Checksum64(std::string_view(bytes)));
  return bytes;
}

}  // namespace

absl::StatusOr<CommitWitness> CommitWitness::Open(FileSystem* file_system, const std::string& dir, bool reset) {
  std::string path = JoinPath(dir, "COMMITTED");
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file,
                   file_system->OpenWritable(path, reset ? WriteMode::kTruncate : WriteMode::kAppend));
  return CommitWitness(file_system, std::move(path), std::move(file));
}

CommitWitness::CommitWitness(FileSystem* file_system, std::string path, std::unique_ptr<WritableFile> file)
    : file_system_(file_system), path_(std::move(path)), file_(std::move(file)) {}

absl::StatusOr<std::optional<uint64_t>> CommitWitness::Read() const {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(file_system_, path_, kBytes));
  // A file whose length reached the disk before its bytes did.
  if (bytes.find_first_not_of('\0') == std::string::npos) return std::nullopt;
  uint64_t version = 0;
  const bool read = ByteReader(std::string_view(bytes)).Read(&version).ok();
  if (!read || bytes != Encode(version)) {
    return absl::DataLossError(absl::StrFormat("checksum mismatch: %s", path_));
  }
  return version;
}

absl::Status CommitWitness::Write(uint64_t version) {
  const std::string bytes = Encode(version);
  const absl::Span<const std::byte> piece = AsBytes(bytes);
  return file_->WriteAt(0, {&piece, 1});
}

}  // namespace cortex
