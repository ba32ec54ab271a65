// libFuzzer entry for sketches: the first bytes choose kind, shape and rows, the rest is a section. Opening may fail;
// what opens is asked for intervals, which must be ordered or undecided whatever the bytes say.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "codecs/bytes/buffer.h"
#include "codecs/zptv/sketch/section.h"

namespace cortex {
namespace {

constexpr size_t kPrefixBytes = 3;

void CheckStatus(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kDataLoss && status.code() != absl::StatusCode::kUnimplemented) std::abort();
}

template <typename Query>
void Ask(const Query& query, uint32_t rows) {
  std::vector<double> lower(rows), upper(rows);
  query.Coarse(0, rows, lower.data(), upper.data());
  std::vector<uint32_t> some;
  for (uint32_t row = 0; row < rows; row += 3) some.push_back(row);
  query.Fine(some, lower.data(), upper.data());
  (void)query.WholeBlock();
  for (const double low : lower) {
    if (low != low) std::abort();
  }
}

}  // namespace
}  // namespace cortex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cortex;
  if (size < kPrefixBytes) return 0;
  const SketchKind kind = data[0] % 2 == 0 ? SketchKind::kEuclidean : SketchKind::kPolar;
  const ValueShape shape{PhysicalType::kFloat32, 2u + data[1] % 150u * 2u};
  const uint32_t rows = data[2];
  Buffer bytes;  // aligned, as the section's owner promises
  bytes.Append(data + kPrefixBytes, size - kPrefixBytes);
  const MemorySource source(bytes.span());
  const auto section = SketchSection::Open(&source, kind, shape, rows);
  if (!section.ok()) {
    CheckStatus(section.status());
    return 0;
  }
  std::vector<double> query(shape.values_per_row, 0.5);
  for (uint32_t b = 0; b < section->block_count(); ++b) {
    if (kind == SketchKind::kEuclidean) {
      const auto block = section->Euclidean(b);
      if (!block.ok()) return CheckStatus(block.status()), 0;
      Ask(BlockQuery(*block, query, CanonicalPrecision::kFloat32), block->rows());
    } else {
      const auto block = section->Polar(b);
      if (!block.ok()) return CheckStatus(block.status()), 0;
      Ask(PolarBlockQuery(*block, query), block->rows());
    }
  }
  return 0;
}
