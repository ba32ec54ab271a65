// libFuzzer entry for the entropy stage: a table, then a stream, read as values and symbols in runs the first bytes
// choose. Anything may be refused with DATA_LOSS; nothing may crash or read past the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "codecs/zptv/rans.h"

namespace cortex {
namespace {

void CheckStatus(const absl::Status& status) {
  if (!status.ok() && status.code() != absl::StatusCode::kDataLoss) std::abort();
}

void ReadStream(const RansDecoder& decoder, absl::Span<const std::byte> stream, size_t run, size_t runs) {
  auto reader = RansReader::Open(stream);
  if (!reader.ok()) return CheckStatus(reader.status());
  std::vector<int32_t> values(run);
  std::vector<uint8_t> symbols(run);
  for (size_t r = 0; r < runs; ++r) {
    const absl::Status status =
        r % 2 == 0 ? reader->Read(decoder, absl::MakeSpan(values)) : reader->Read(decoder, absl::MakeSpan(symbols));
    CheckStatus(status);
    if (!status.ok()) return;
  }
  CheckStatus(reader->Finish());
}

}  // namespace
}  // namespace cortex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cortex;
  if (size < 2) return 0;
  const absl::Span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  ByteReader in(bytes.subspan(2));
  const auto table = RansTable::Parse(&in);
  if (!table.ok()) {
    CheckStatus(table.status());
    return 0;
  }
  ReadStream(RansDecoder(*table), bytes.subspan(2 + in.offset()), data[0], data[1] % 16);
  return 0;
}
