#include "storage/backup/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

constexpr uint64_t kStepBytes = 1 << 20;

// Reads the first `max_bytes` of `from` in steps.
absl::Status ReadSteps(FileSystem* fs, const std::string& from, uint64_t max_bytes,
                       const std::function<absl::Status(absl::Span<const std::byte>)>& take) {
  ASSIGN_OR_RETURN(const auto file, fs->OpenReadable(from));
  file->Advise(0, max_bytes, AccessPattern::kSequential);
  std::vector<std::byte> buffer(kStepBytes);
  for (uint64_t offset = 0; offset < max_bytes;) {
    const uint64_t wanted = std::min<uint64_t>(buffer.size(), max_bytes - offset);
    ASSIGN_OR_RETURN(const size_t read, file->ReadAt(offset, wanted, buffer.data()));
    if (read == 0) break;
    RETURN_IF_ERROR(take(absl::MakeConstSpan(buffer.data(), read)));
    offset += read;
  }
  return absl::OkStatus();
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(digest); }
};

// libcrypto fails here only without memory or without its own algorithms; neither leaves anything to go on with.
Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (context_->digest == nullptr || EVP_DigestInit_ex(context_->digest, EVP_sha256(), nullptr) != 1) std::abort();
}
Sha256::~Sha256() = default;

void Sha256::Update(absl::Span<const std::byte> bytes) {
  if (EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size()) != 1) std::abort();
}

std::string Sha256::Finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(context_->digest, digest.data(), &size) != 1) std::abort();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

absl::StatusOr<HashedFile> HashFile(FileSystem* fs, const std::string& path, uint64_t max_bytes,
                                    const ByteObserver& observer) {
  HashedFile hashed;
  Sha256 sha;
  RETURN_IF_ERROR(ReadSteps(fs, path, max_bytes, [&](absl::Span<const std::byte> bytes) {
    sha.Update(bytes);
    hashed.bytes += bytes.size();
    return observer == nullptr ? absl::OkStatus() : observer(bytes.size());
  }));
  hashed.sha256 = sha.Finish();
  return hashed;
}

absl::StatusOr<HashedFile> CopyAndHash(FileSystem* fs, const std::string& from, uint64_t max_bytes, const std::string& to,
                                       const ByteObserver& observer) {
  ASSIGN_OR_RETURN(const auto copy, fs->OpenWritable(to, WriteMode::kCreateNew));
  HashedFile hashed;
  Sha256 sha;
  RETURN_IF_ERROR(ReadSteps(fs, from, max_bytes, [&](absl::Span<const std::byte> bytes) -> absl::Status {
    RETURN_IF_ERROR(copy->Append(bytes));
    sha.Update(bytes);
    hashed.bytes += bytes.size();
    return observer == nullptr ? absl::OkStatus() : observer(bytes.size());
  }));
  RETURN_IF_ERROR(copy->SyncAll());
  RETURN_IF_ERROR(copy->Close());
  hashed.sha256 = sha.Finish();
  return hashed;
}

}  // namespace cortex
