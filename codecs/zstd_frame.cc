#include "codecs/zstd_frame.h"

#include <zstd.h>

#include <memory>

#include "absl/strings/str_format.h"

namespace cortex {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

absl::Status AppendZstdFrame(absl::Span<const std::byte> bytes, int level, std::string* out) {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  const size_t start = out->size();
  out->resize(start + ZSTD_compressBound(bytes.size()));
  const size_t size =
      ZSTD_compressCCtx(context.get(), out->data() + start, out->size() - start, bytes.data(), bytes.size(), level);
  if (ZSTD_isError(size)) {
    out->resize(start);
    return absl::InternalError(
        absl::StrFormat("zstd cannot compress %d bytes: %s", bytes.size(), ZSTD_getErrorName(size)));
  }
  out->resize(start + size);
  return absl::OkStatus();
}

absl::Status DecodeZstdFrame(absl::Span<const std::byte> frame, absl::Span<std::byte> out) {
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  const size_t size = ZSTD_decompressDCtx(context.get(), out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(size)) {
    return absl::DataLossError(
        absl::StrFormat("zstd frame of %d bytes is damaged: %s", frame.size(), ZSTD_getErrorName(size)));
  }
  if (size != out.size()) {
    return absl::DataLossError(absl::StrFormat("zstd frame holds %d bytes instead of %d", size, out.size()));
  }
  return absl::OkStatus();
}

}  // namespace cortex
