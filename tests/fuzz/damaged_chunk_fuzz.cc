// libFuzzer entry for what lies behind the headers: the input is encoded, a few bytes of the chunk are overwritten,
// and the chunk is read. Undamaged, it must come back; damaged, reading may fail with DATA_LOSS and must not crash or
// hang.
//
// Input: how (4 bytes), number of damages (1), the damages (3 each: position, value), then the values.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/codec_registry.h"
#include "codecs/zptv_codec.h"

namespace cortex {
namespace {

constexpr size_t kPrefixBytes = 5;
constexpr size_t kDamageBytes = 3;

struct Input {
  ValueShape shape;
  ValueBuffer values;
};

Input TakeValues(uint8_t type, uint8_t width, absl::Span<const uint8_t> bytes) {
  constexpr uint32_t kWidths[] = {1, 2, 6, 40};
  Input input;
  input.shape = {static_cast<PhysicalType>(1 + type % 9), type % 9 == 8 ? 1 : kWidths[width % 4]};
  input.values.Reset(input.shape);
  if (input.shape.type == PhysicalType::kBytes) {
    while (!bytes.empty()) {  // a length, then so many bytes
      const size_t size = std::min<size_t>(bytes[0] % 48, bytes.size() - 1);
      input.values.AppendString({reinterpret_cast<const char*>(bytes.data()) + 1, size});
      bytes.remove_prefix(1 + size);
    }
    return input;
  }
  const size_t row_bytes = input.shape.row_bytes(), rows = bytes.size() / row_bytes;
  if (rows != 0) std::memcpy(input.values.ExtendFixed(static_cast<uint32_t>(rows)), bytes.data(), rows * row_bytes);
  return input;
}

// Not every encoding holds every value; it says so, and nothing else goes wrong.
bool Encoded(const absl::Status& status) {
  if (!status.ok() && status.code() != absl::StatusCode::kInvalidArgument) std::abort();
  return status.ok();
}

// Encodes with the encoding, or the contract of ZPTV, that `pick` stands for; false if it refuses the values.
bool Encode(uint8_t pick, const Input& input, EncodingEffort effort, EncodingId* id, std::string* out) {
  using Kind = ZptvContract::Kind;
  constexpr ZptvContract kContracts[] = {{Kind::kAbs, 0.5},    {Kind::kRms, 1e-2},  {Kind::kRms, 0.25},
                                         {Kind::kRowL2, 1e-2}, {Kind::kPoint, 0.1}, {Kind::kPhase16, 0.1}};
  const auto codecs = AllCodecs();
  const size_t choice = pick % (codecs.size() + std::size(kContracts));
  if (choice < codecs.size()) {
    *id = codecs[choice]->id();
    return Encoded(codecs[choice]->Encode(input.values.span(), effort, out));
  }
  *id = EncodingId::kZptv;
  if (!IsFloat(input.shape.type)) return false;
  ZptvOptions options;
  options.contract = kContracts[choice - codecs.size()];
  options.is_complex = input.shape.values_per_row % 2 == 0;
  return Encoded(EncodeZptv(input.values.span(), options, out).status());
}

void CheckStatus(const absl::Status& status) {
  // A nested chunk may claim an encoding there is none of.
  if (!status.ok() && status.code() != absl::StatusCode::kDataLoss &&
      status.code() != absl::StatusCode::kUnimplemented) {
    std::abort();
  }
}

void ReadChunk(const EncodedChunk& chunk, const Input& input, bool is_whole) {
  const ValueSpan rows = input.values.span();
  ValueBuffer out(input.shape);
  const absl::Status decoded = chunk.Decode(0, chunk.row_count(), &out);
  CheckStatus(decoded);
  if (is_whole && (!decoded.ok() || out.row_count() != rows.row_count)) std::abort();
  std::vector<uint32_t> picked;
  for (uint32_t row = 0; row < chunk.row_count(); row += 3) picked.push_back(row);
  out.Reset(input.shape);
  CheckStatus(chunk.Gather(picked, &out));
  if (input.shape.values_per_row != 1) return;
  ValueFilter filter;
  filter.lower = FilterBound{input.shape.type == PhysicalType::kBytes ? FilterValue(std::string("k"))
                             : IsFloat(input.shape.type)              ? FilterValue(0.5)
                                                                      : FilterValue(int64_t{7}),
                             true};
  std::vector<uint64_t> selection(chunk.row_count() / 64 + 1, ~uint64_t{0});
  CheckStatus(chunk.Filter(filter, 0, chunk.row_count(), selection.data()));
}

void Run(absl::Span<const uint8_t> data) {
  const size_t damages = data[4] % 8, values_at = kPrefixBytes + damages * kDamageBytes;
  if (data.size() < values_at) return;
  const Input input = TakeValues(data[1], data[2], data.subspan(values_at));
  if (input.values.row_count() == 0) return;
  EncodingId id;
  std::string bytes;
  const auto effort = data[3] % 2 == 0 ? EncodingEffort::kLight : EncodingEffort::kHeavy;
  if (!Encode(data[0], input, effort, &id, &bytes) || bytes.empty()) return;
  for (size_t i = 0; i < damages; ++i) {
    const uint8_t* damage = &data[kPrefixBytes + i * kDamageBytes];
    bytes[(damage[0] | size_t{damage[1]} << 8) % bytes.size()] = static_cast<char>(damage[2]);
  }
  const MemorySource source(AsBytes(bytes));
  const auto chunk = OpenChunk(id, &source, input.shape, input.values.row_count());
  if (!chunk.ok()) {
    CheckStatus(chunk.status());
    if (damages == 0) std::abort();
    return;
  }
  ReadChunk(**chunk, input, damages == 0);
}

}  // namespace
}  // namespace cortex

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > cortex::kPrefixBytes) cortex::Run({data, size});
  return 0;
}
