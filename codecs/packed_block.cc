#include "codecs/packed_block.h"

#include <algorithm>
#include <array>
#include <bit>

#include "absl/strings/str_format.h"
#include "codecs/chunk_io.h"

namespace cortex {
namespace {

bool IsException(uint64_t value, unsigned width) { return static_cast<unsigned>(std::bit_width(value)) > width; }

}  // namespace

PackedBlock PlanPackedBlock(absl::Span<const uint64_t> values, unsigned word_bits) {
  std::array<uint16_t, 65> of_width = {};
  for (uint64_t value : values) ++of_width[static_cast<size_t>(std::bit_width(value))];
  PackedBlock best;
  uint64_t best_bytes = ~uint64_t{0};
  uint16_t wider = 0;
  const auto count = static_cast<uint32_t>(values.size());
  for (int width = static_cast<int>(word_bits); width >= 0; --width) {
    const PackedBlock block{static_cast<uint8_t>(width), wider};
    const uint64_t bytes = PackedBlockBytes(block, count, word_bits);
    if (bytes <= best_bytes) {
      best = block;
      best_bytes = bytes;
    }
    wider = static_cast<uint16_t>(wider + of_width[static_cast<size_t>(width)]);
  }
  return best;
}

uint64_t PackedBlockBytes(PackedBlock block, uint32_t count, unsigned word_bits) {
  const uint64_t exception_bytes = block.exception_count * uint64_t{word_bits / 8 + sizeof(uint16_t)};
  return AlignUp(simd::PackedBytes(count, block.width, word_bits) + exception_bytes, 8);
}

void AppendPackedBlock(absl::Span<const uint64_t> values, PackedBlock block, unsigned word_bits, std::string* out) {
  const size_t start = out->size();
  out->resize(start + PackedBlockBytes(block, static_cast<uint32_t>(values.size()), word_bits), '\0');
  auto* bytes = reinterpret_cast<std::byte*>(out->data() + start);
  auto* exception_values = bytes + simd::PackedBytes(values.size(), block.width, word_bits);
  auto* positions = exception_values + block.exception_count * size_t{word_bits / 8};
  uint64_t wide[simd::kPackedBlockValues];
  uint32_t narrow[simd::kPackedBlockValues];
  for (size_t i = 0; i < values.size(); ++i) {
    const bool exception = IsException(values[i], block.width);
    wide[i] = exception ? 0 : values[i];
    narrow[i] = static_cast<uint32_t>(wide[i]);
    if (!exception) continue;
    const auto position = static_cast<uint16_t>(i);
    std::memcpy(exception_values, &values[i], word_bits / 8);
    std::memcpy(positions, &position, sizeof(position));
    exception_values += word_bits / 8;
    positions += sizeof(position);
  }
  if (word_bits == 64) {
    simd::PackBits(absl::Span<const uint64_t>(wide, values.size()), block.width, bytes);
  } else {
    simd::PackBits(absl::Span<const uint32_t>(narrow, values.size()), block.width, bytes);
  }
}

absl::StatusOr<PackedBlockView> PackedBlockView::Read(const ByteSource* source, uint64_t offset, PackedBlock block,
                                                      uint32_t count, unsigned word_bits) {
  if (block.width > word_bits || block.exception_count > count) {
    return absl::DataLossError(absl::StrFormat("packed block of %d values claims width %d of %d and %d exceptions",
                                               count, block.width, word_bits, block.exception_count));
  }
  const auto bytes = source->Read(offset, PackedBlockBytes(block, count, word_bits));
  if (!bytes.ok()) return bytes.status();
  PackedBlockView view(bytes->data(), block, count, word_bits);
  for (uint32_t e = 0; e < block.exception_count; ++e) {
    const uint32_t position = view.ExceptionPosition(e);
    if (position >= count || (e != 0 && position <= view.ExceptionPosition(e - 1))) {
      return absl::DataLossError(
          absl::StrFormat("packed block of %d values has exception %d at %d", count, e, position));
    }
  }
  return view;
}

uint64_t PackedBlockView::ExceptionValue(uint32_t e) const {
  return word_bits_ == 64 ? LoadAs<uint64_t>(ExceptionValues() + 8 * size_t{e})
                          : LoadAs<uint32_t>(ExceptionValues() + 4 * size_t{e});
}

uint16_t PackedBlockView::ExceptionPosition(uint32_t e) const {
  return LoadAs<uint16_t>(ExceptionValues() + block_.exception_count * size_t{word_bits_ / 8} + 2 * size_t{e});
}

void PackedBlockView::Unpack(uint32_t base, uint32_t* values) const {
  simd::UnpackBits(bytes_, block_.width, count_, base, values);
  for (uint32_t e = 0; e < block_.exception_count; ++e) {
    values[ExceptionPosition(e)] = base + static_cast<uint32_t>(ExceptionValue(e));
  }
}

void PackedBlockView::Unpack(uint64_t base, uint64_t* values) const {
  simd::UnpackBits(bytes_, block_.width, count_, base, values);
  for (uint32_t e = 0; e < block_.exception_count; ++e) values[ExceptionPosition(e)] = base + ExceptionValue(e);
}

uint64_t PackedBlockView::At(uint32_t i) const {
  uint32_t low = 0, high = block_.exception_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    const uint32_t position = ExceptionPosition(middle);
    if (position == i) return ExceptionValue(middle);
    if (position < i) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return word_bits_ == 64 ? simd::UnpackOne64(bytes_, block_.width, i) : simd::UnpackOne32(bytes_, block_.width, i);
}

}  // namespace cortex
