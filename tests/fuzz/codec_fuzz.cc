// libFuzzer entry for the decoders of codecs/. The first bytes choose encoding, shape and row count, the rest is the
// chunk: opening and reading it may fail with DATA_LOSS, and must not crash, hang or allocate without bound.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "codecs/codec_registry.h"

namespace cortex {
namespace {

constexpr size_t kPrefixBytes = 4;

void CheckStatus(const absl::Status& status) {
  if (!status.ok() && status.code() != absl::StatusCode::kDataLoss) std::abort();
}

ValueFilter FilterFor(PhysicalType type, uint8_t pick) {
  ValueFilter filter;
  FilterValue value = type == PhysicalType::kBytes ? FilterValue(std::string(pick % 4, 'k'))
                      : IsFloat(type)              ? FilterValue(pick / 16.0)
                                                   : FilterValue(int64_t{pick});
  if (pick & 1) {
    filter.lower = FilterBound{std::move(value), (pick & 2) != 0};
  } else {
    filter.kind = ValueFilter::Kind::kSet;
    filter.set.push_back(std::move(value));
  }
  return filter;
}

void ReadChunk(const EncodedChunk& chunk, ValueShape shape, uint8_t pick) {
  ValueBuffer out(shape);
  CheckStatus(chunk.Decode(0, chunk.row_count(), &out));
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < chunk.row_count(); row += 1 + pick % 7) rows.push_back(row);
  out.Reset(shape);
  CheckStatus(chunk.Gather(rows, &out));
  if (const auto view = chunk.TryView(0, chunk.row_count()); !view.ok()) CheckStatus(view.status());
  if (shape.values_per_row != 1) return;
  std::vector<uint64_t> selection(chunk.row_count() / 64 + 1, ~uint64_t{0});
  CheckStatus(chunk.Filter(FilterFor(shape.type, pick), 0, chunk.row_count(), selection.data()));
}

}  // namespace
}  // namespace cortex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cortex;
  if (size < kPrefixBytes) return 0;
  // Every encoding there is, and now and then a number that is none.
  const auto codecs = AllCodecs();
  const size_t pick = data[0] % (codecs.size() + 1);
  const auto id = pick < codecs.size() ? codecs[pick]->id() : static_cast<EncodingId>(0);
  const uint32_t row_count = data[2] * 9u;  // up to 2,295: beyond two blocks
  const uint32_t widths[] = {1, 1, 2, 80};
  const ValueShape shape{static_cast<PhysicalType>(1 + data[1] % 9), data[1] % 9 == 8 ? 1 : widths[data[3] % 4]};
  const MemorySource source({reinterpret_cast<const std::byte*>(data) + kPrefixBytes, size - kPrefixBytes});
  const auto chunk = OpenChunk(id, &source, shape, row_count);
  if (chunk.ok()) {
    ReadChunk(**chunk, shape, data[3]);
  } else if (chunk.status().code() != absl::StatusCode::kUnimplemented) {
    CheckStatus(chunk.status());
  }
  return 0;
}
