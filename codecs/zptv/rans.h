// The entropy stage: symbols (one byte) or values (32-bit integers, usually residuals) in runs, each run with its own
// table, to one stream of bytes and back. Decoding runs at SIMD speed (codecs/simd/rans_kernels.h says how values are
// coded, and in which order); the stream holds neither tables nor lengths: the stage that calls knows them.
//
// ```
// ┌ states u32 × 32 ┬ words u16 × n ┐   what decoding begins with; read front to back
// ```
// After the last symbol every state is 2^16 again and no word is left over, which is checked. It finds most damage, not
// all of it (raw bits leave no trace): a checksum over the stream is its owner's business. The states cost 128 bytes,
// half of which carry data: give a stream 4,096 values and more.
//
//   RansCounts counts = {};
//   CountValueTokens(residuals, &counts);
//   const RansTable table = RansTable::FromCounts(counts);
//   table.AppendTo(&out);
//   const RansEncoder encoder(table);
//   RETURN_IF_ERROR(EncodeRans({{.encoder = &encoder, .values = residuals}}, &out));
//   …
//   ASSIGN_OR_RETURN(const RansTable table, RansTable::Parse(&in));
//   const RansDecoder decoder(table);
//   ASSIGN_OR_RETURN(RansReader reader, RansReader::Open(stream));
//   RETURN_IF_ERROR(reader.Read(decoder, absl::MakeSpan(residuals)));
//   RETURN_IF_ERROR(reader.Finish());
//
// A run restarts at lane 0, so runs of multiples of 32 decode fastest. Decode the runs as they were encoded: reading
// one of 100 as two of 50 gives other symbols, reading one of 96 as 64 and 32 does not.
#ifndef CORTEX_CODECS_ZPTV_RANS_H_
#define CORTEX_CODECS_ZPTV_RANS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/simd/rans_kernels.h"
#include "codecs/zptv/rans_table.h"

namespace cortex {

// Symbols or values with the table they are coded with; one of the two is empty. Borrows all three.
struct RansRun {
  const RansEncoder* encoder = nullptr;
  absl::Span<const uint8_t> symbols;
  absl::Span<const int32_t> values;
};

// Appends the stream of `runs` to `out`. Errors: INVALID_ARGUMENT if a symbol or token has no frequency in its table
// (`out` is untouched then).
absl::Status EncodeRans(absl::Span<const RansRun> runs, std::string* out);

// Reads a stream run by run. Borrows the bytes; copyable, so a position can be kept. Not thread-safe.
class RansReader {
 public:
  // Errors: DATA_LOSS if the states are not there or impossible.
  static absl::StatusOr<RansReader> Open(absl::Span<const std::byte> stream);

  // The next symbols or values. `out` may hold wrong ones on error. Errors: DATA_LOSS if the words end.
  absl::Status Read(const RansDecoder& decoder, absl::Span<uint8_t> out) { return ReadRun(decoder, out); }
  absl::Status Read(const RansDecoder& decoder, absl::Span<int32_t> out) { return ReadRun(decoder, out); }

  // After the last run. Errors: DATA_LOSS if words are left or a state is not where encoding began.
  absl::Status Finish() const;

 private:
  RansReader() = default;
  template <typename Out>
  absl::Status ReadRun(const RansDecoder& decoder, absl::Span<Out> out);
  void MoveToTail();
  simd::RansCursor Cursor() const;
  void Take(const simd::RansCursor& cursor);

  uint32_t states_[simd::kRansLanes];
  absl::Span<const std::byte> words_;
  // The last words followed by zeros, so that a whole group may be read wherever the words end.
  std::array<std::byte, 2 * simd::kRansGroupBytes> tail_;
  size_t tail_bytes_ = 0;
  bool in_tail_ = false;
  size_t position_ = 0;  // in words_ or in tail_
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_RANS_H_
