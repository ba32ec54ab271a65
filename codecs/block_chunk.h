// A chunk of fixed-width rows in blocks that decode as a whole; Decode, Gather and Filter follow from that. Shared by
// byte_split_zstd and residual. Internal to codecs.
#ifndef CORTEX_CODECS_BLOCK_CHUNK_H_
#define CORTEX_CODECS_BLOCK_CHUNK_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/bytes/buffer.h"
#include "codecs/codec.h"

namespace cortex {

class BlockChunk : public EncodedChunk {
 public:
  // `block_rows` is a multiple of 64 (Filter relies on blocks that begin at a word of the selection).
  BlockChunk(ValueShape shape, uint32_t row_count, uint32_t block_rows)
      : shape_(shape), row_count_(row_count), block_rows_(block_rows) {}

  uint32_t row_count() const override { return row_count_; }
  uint32_t block_rows() const override { return block_rows_; }
  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override;
  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override;
  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override;

 protected:
  const ValueShape& shape() const { return shape_; }
  uint32_t RowsIn(uint32_t block) const { return std::min(block_rows_, row_count_ - block * block_rows_); }

  // All rows of a block into `rows`, which has room for exactly them; `workspace` is kept between the blocks of a call.
  virtual absl::Status DecodeBlock(uint32_t block, Buffer* workspace, std::byte* rows) const = 0;

  // The rows listed, which lie in the block (`rows` count from its first), one after the other into `out`. What picks
  // rows out of a block cheaply does; others decode it.
  virtual absl::Status GatherBlock(uint32_t block, absl::Span<const uint32_t> rows, Buffer* workspace,
                                   std::byte* out) const;

 private:
  ValueShape shape_;
  uint32_t row_count_;
  uint32_t block_rows_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_BLOCK_CHUNK_H_
