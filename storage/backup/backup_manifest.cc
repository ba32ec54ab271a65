#include "storage/backup/backup_manifest.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/backup/sha256.h"

namespace cortex {
namespace {

constexpr size_t kSha256Digits = 64;

std::string Sha256Of(std::string_view text) {
  Sha256 sha;
  sha.Update(AsBytes(text));
  return sha.Finish();
}

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError(absl::StrFormat("backup manifest is damaged: %s", what));
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsPathOfBackup(std::string_view path) {
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view name = path.substr(slash + 1);
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string_view::npos) return false;
  return std::find(std::begin(kBackupFolders), std::end(kBackupFolders), path.substr(0, slash)) !=
         std::end(kBackupFolders);
}

// Lines of words, each read once and in order.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  size_t position() const { return at_; }
  bool NextIs(std::string_view word) const { return text_.substr(at_).starts_with(std::string(word) + " "); }

  // The words of the next line behind its first, which must be `word`.
  absl::StatusOr<std::string_view> Rest(std::string_view word) {
    const size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos || !NextIs(word)) return Malformed(absl::StrFormat("no line \"%s\"", word));
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + 1;
    return line.substr(word.size() + 1);
  }
  absl::Status Number(std::string_view word, int base, uint64_t* value) {
    ASSIGN_OR_RETURN(const std::string_view rest, Rest(word));
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *value, base);
    if (error == std::errc() && end == rest.data() + rest.size()) return absl::OkStatus();
    return Malformed(absl::StrFormat("line \"%s\" holds no number", word));
  }

 private:
  const std::string_view text_;
  size_t at_ = 0;
};

absl::StatusOr<BackupFile> ParseFile(std::string_view rest) {
  BackupFile file;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), file.bytes);
  if (error != std::errc()) return Malformed("a file without size");
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  if (rest.size() < kSha256Digits + 3 || rest[0] != ' ' || rest[kSha256Digits + 1] != ' ') {
    return Malformed("a file without digest");
  }
  file.sha256 = std::string(rest.substr(1, kSha256Digits));
  file.path = std::string(rest.substr(kSha256Digits + 2));
  if (!IsHex(file.sha256)) return Malformed("a digest that is none");
  if (!IsPathOfBackup(file.path)) return Malformed(absl::StrFormat("a path outside a backup: \"%s\"", file.path));
  return file;
}

absl::Status CheckFormat(const BackupManifest& manifest) {
  if (manifest.version > kBackupFormatVersion) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the backup was written by a newer program: format %d, this program reads format %d", manifest.version,
        kBackupFormatVersion));
  }
  const uint64_t unknown = manifest.required_features & ~kKnownBackupFeatures;
  if (unknown == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("the backup was written by a newer program: unknown features 0x%x", unknown));
}

}  // namespace

uint64_t BackupManifest::total_bytes() const {
  uint64_t bytes = 0;
  for (const BackupFile& file : files) bytes += file.bytes;
  return bytes;
}

const BackupFile* BackupManifest::Find(std::string_view path) const {
  const auto found = std::find_if(files.begin(), files.end(), [&](const BackupFile& f) { return f.path == path; });
  return found == files.end() ? nullptr : &*found;
}

std::string EncodeBackupManifest(const BackupManifest& manifest) {
  std::string text = absl::StrFormat(
      "cortex-backup %d\nfeatures %x\nserver %016x\ncommit %d\nmanifest-version %d\ncreated-ns %d\n", manifest.version,
      manifest.required_features, manifest.server_id, manifest.commit, manifest.manifest_version, manifest.created_ns);
  for (const BackupFile& file : manifest.files) {
    text += absl::StrFormat("file %d %s %s\n", file.bytes, file.sha256, file.path);
  }
  return text + absl::StrFormat("end %s\n", Sha256Of(text));
}

absl::StatusOr<BackupManifest> DecodeBackupManifest(std::string_view text) {
  LineReader reader(text);
  BackupManifest manifest;
  uint64_t version = 0, created_ns = 0;
  RETURN_IF_ERROR(reader.Number("cortex-backup", 10, &version));
  RETURN_IF_ERROR(reader.Number("features", 16, &manifest.required_features));
  if (version == 0 || version > UINT32_MAX) return Malformed("no version");
  manifest.version = static_cast<uint32_t>(version);
  // Before the rest, which a newer program may have written in another way.
  RETURN_IF_ERROR(CheckFormat(manifest));
  RETURN_IF_ERROR(reader.Number("server", 16, &manifest.server_id));
  RETURN_IF_ERROR(reader.Number("commit", 10, &manifest.commit));
  RETURN_IF_ERROR(reader.Number("manifest-version", 10, &manifest.manifest_version));
  RETURN_IF_ERROR(reader.Number("created-ns", 10, &created_ns));
  manifest.created_ns = static_cast<int64_t>(created_ns);
  while (reader.NextIs("file")) {
    ASSIGN_OR_RETURN(const std::string_view rest, reader.Rest("file"));
    ASSIGN_OR_RETURN(BackupFile file, ParseFile(rest));
    manifest.files.push_back(std::move(file));
  }
  const size_t covered = reader.position();
  ASSIGN_OR_RETURN(const std::string_view digest, reader.Rest("end"));
  if (digest != Sha256Of(text.substr(0, covered))) return Malformed("its own digest does not match");
  if (!reader.at_end()) return Malformed("bytes behind its end");
  return manifest;
}

}  // namespace cortex
