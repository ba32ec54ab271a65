// The codes of a dictionary chunk, bit-packed or entropy-coded: one per row, each below the number of entries, which is
// checked on every read. Internal to codecs.
#ifndef CORTEX_CODECS_DICTIONARY_CODES_H_
#define CORTEX_CODECS_DICTIONARY_CODES_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/codec.h"
#include "codecs/nested_chunk.h"

namespace cortex {

class DictionaryCodes {
 public:
  // Some rows' codes, and how many rows were visited before them.
  using Visit = absl::FunctionRef<absl::Status(absl::Span<const uint32_t> codes, uint32_t done)>;

  virtual ~DictionaryCodes() = default;
  // Visits the codes of rows [first, first + count), which exist, in order. Pieces begin at multiples of 64 rows if
  // `first` is one. Errors: DATA_LOSS.
  virtual absl::Status ForEach(uint32_t first, uint32_t count, Visit visit) const = 0;
  // Codes of rows that exist, ascending.
  virtual absl::Status Gather(absl::Span<const uint32_t> rows, std::vector<uint32_t>* codes) const = 0;
  virtual uint32_t block_rows() const { return 1; }
};

// Bit-packed, in blocks of 1,024 rows of equal size (the last one shorter).
class PackedCodes final : public DictionaryCodes {
 public:
  PackedCodes(const ByteSource* source, uint64_t offset, uint32_t row_count, uint32_t entry_count);

  static unsigned Width(uint32_t entry_count);
  static uint64_t Bytes(uint32_t row_count, uint32_t entry_count);
  static void Append(absl::Span<const uint32_t> codes, uint32_t entry_count, std::string* out);

  absl::Status ForEach(uint32_t first, uint32_t count, Visit visit) const override;
  absl::Status Gather(absl::Span<const uint32_t> rows, std::vector<uint32_t>* codes) const override;

 private:
  uint32_t RowsIn(uint32_t block) const;
  absl::StatusOr<absl::Span<const std::byte>> ReadBlock(uint32_t block) const;

  const ByteSource* source_;
  uint64_t offset_;
  unsigned width_;
  uint32_t row_count_;
  uint32_t entry_count_;
};

// A nested chunk of integers.
class NestedCodes final : public DictionaryCodes {
 public:
  NestedCodes(NestedChunk codes, uint32_t entry_count) : codes_(std::move(codes)), entry_count_(entry_count) {}

  absl::Status ForEach(uint32_t first, uint32_t count, Visit visit) const override;
  absl::Status Gather(absl::Span<const uint32_t> rows, std::vector<uint32_t>* codes) const override;
  uint32_t block_rows() const override { return codes_.chunk().block_rows(); }

 private:
  NestedChunk codes_;
  uint32_t entry_count_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_DICTIONARY_CODES_H_
