#include "codecs/zptv/residual_coder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/rans_encode_kernels.h"
#include "codecs/zptv/rans.h"

namespace cortex::zptv {
namespace {

constexpr uint8_t kHasZeros = 0x80;
constexpr size_t kMaxGroups = 8;
constexpr int kMagnitudes = 40;  // classes of mean |residual|: 0 is zero, then by octaves from 2^-8
// What one more table costs: its bytes, and the time to build it.
constexpr double kTableBits = 800;

// A unit is `stride` columns: the components of a value have the same magnitude.
size_t Units(const PlaneShape& shape) { return (shape.columns + shape.stride - 1) / shape.stride; }
size_t UnitEnd(const PlaneShape& shape, size_t unit) {
  return std::min(shape.columns, (unit + 1) * shape.stride) * shape.lines;
}

int MagnitudeOf(absl::Span<const int32_t> residuals) {
  uint64_t sum = 0;
  for (const int32_t r : residuals) sum += static_cast<uint32_t>(r < 0 ? -static_cast<uint32_t>(r) : r);
  if (sum == 0) return 0;
  const double mean = static_cast<double>(sum) / static_cast<double>(residuals.size());
  return std::clamp(std::ilogb(mean) + 9, 1, kMagnitudes - 1);
}

struct Group {
  RansCounts counts = {};
  double bits = 0;
  int last_magnitude = 0;
};

// Bits that the common table of two groups takes.
double BitsTogether(const Group& a, const Group& b) {
  RansCounts both = a.counts;
  for (size_t s = 0; s < both.size(); ++s) both[s] += b.counts[s];
  return EstimatedValueBits(both);
}

// Neighbouring groups melt into one where the pair's common table costs less than two tables.
void Merge(std::vector<Group>* groups) {
  std::vector<double> together;  // of each group and the next one
  for (size_t i = 0; i + 1 < groups->size(); ++i) together.push_back(BitsTogether((*groups)[i], (*groups)[i + 1]));
  while (groups->size() > 1) {
    size_t best = 0;
    double best_loss = HUGE_VAL;
    for (size_t i = 0; i + 1 < groups->size(); ++i) {
      const double loss = together[i] - (*groups)[i].bits - (*groups)[i + 1].bits;
      if (loss < best_loss) best = i, best_loss = loss;
    }
    if (best_loss > kTableBits && groups->size() <= kMaxGroups) return;
    Group& left = (*groups)[best];
    const Group& right = (*groups)[best + 1];
    for (size_t s = 0; s < left.counts.size(); ++s) left.counts[s] += right.counts[s];
    left.bits = together[best];
    left.last_magnitude = right.last_magnitude;
    groups->erase(groups->begin() + static_cast<std::ptrdiff_t>(best) + 1);
    together.erase(together.begin() + static_cast<std::ptrdiff_t>(best));
    if (best > 0) together[best - 1] = BitsTogether((*groups)[best - 1], (*groups)[best]);
    if (best < together.size()) together[best] = BitsTogether((*groups)[best], (*groups)[best + 1]);
  }
}

void PackMap(const std::vector<uint8_t>& numbers, unsigned width, std::string* out) {
  const size_t start = out->size();
  out->resize(start + (numbers.size() * width + 7) / 8, '\0');
  size_t bit = 0;
  for (const uint8_t number : numbers) {
    for (unsigned b = 0; b < width; ++b, ++bit) {
      if (number >> b & 1) (*out)[start + bit / 8] |= static_cast<char>(1 << bit % 8);
    }
  }
}
std::vector<uint8_t> UnpackMap(absl::Span<const std::byte> bytes, unsigned width, size_t count) {
  std::vector<uint8_t> numbers(count);
  size_t bit = 0;
  for (uint8_t& number : numbers) {
    for (unsigned b = 0; b < width; ++b, ++bit) {
      number |= static_cast<uint8_t>((static_cast<uint8_t>(bytes[bit / 8]) >> bit % 8 & 1) << b);
    }
  }
  return numbers;
}

unsigned MapWidth(size_t groups, bool zeros) { return std::bit_width(groups + (zeros ? 1 : 0) - 1); }

// Which class each unit is of, and the groups that the classes melt into.
struct Grouping {
  std::vector<int> magnitudes;
  std::vector<Group> groups;
};
Grouping GroupUnits(const PlaneShape& shape, const int32_t* residuals) {
  const size_t units = Units(shape), values = shape.columns * shape.lines;
  Grouping grouping{.magnitudes = std::vector<int>(units)};
  std::vector<Group> all(kMagnitudes);
  thread_local std::vector<uint8_t> tokens;
  tokens.resize(values);
  simd::RansTokens(residuals, values, tokens.data());
  for (size_t u = 0; u < units; ++u) {
    const size_t begin = u * shape.stride * shape.lines, count = UnitEnd(shape, u) - begin;
    const int magnitude = grouping.magnitudes[u] = MagnitudeOf({residuals + begin, count});
    if (magnitude == 0) continue;
    all[magnitude].last_magnitude = magnitude;
    CountSymbols({tokens.data() + begin, count}, &all[magnitude].counts);
  }
  for (Group& group : all) {
    if (group.last_magnitude == 0) continue;
    group.bits = EstimatedValueBits(group.counts);
    grouping.groups.push_back(group);
  }
  Merge(&grouping.groups);
  return grouping;
}

}  // namespace

double EstimatedResidualBits(const PlaneShape& shape, const int32_t* residuals) {
  double bits = 0;
  for (const Group& group : GroupUnits(shape, residuals).groups) bits += group.bits;
  return bits;
}

absl::Status EncodeResiduals(const PlaneShape& shape, const int32_t* residuals, std::string* out) {
  const size_t units = Units(shape), values_count = shape.columns * shape.lines;
  const auto [magnitudes, groups] = GroupUnits(shape, residuals);
  const bool zeros = std::find(magnitudes.begin(), magnitudes.end(), 0) != magnitudes.end();
  out->push_back(static_cast<char>(groups.size() | (zeros ? kHasZeros : 0)));
  if (groups.empty()) return absl::OkStatus();
  std::vector<uint8_t> numbers(units);
  for (size_t u = 0; u < units; ++u) {
    if (magnitudes[u] == 0) continue;
    size_t g = 0;
    while (groups[g].last_magnitude < magnitudes[u]) ++g;
    numbers[u] = static_cast<uint8_t>(g + (zeros ? 1 : 0));
  }
  PackMap(numbers, MapWidth(groups.size(), zeros), out);

  std::vector<RansEncoder> encoders;
  encoders.reserve(groups.size());
  for (const Group& group : groups) {
    const RansTable table = RansTable::FromCounts(group.counts);
    table.AppendTo(out);
    encoders.emplace_back(table);
  }
  // One group takes the residuals as they lie; of several each gathers its own.
  thread_local std::vector<int32_t> gathered;
  std::vector<RansRun> runs;
  if (groups.size() == 1 && !zeros) {
    runs.push_back({.encoder = &encoders[0], .values = {residuals, values_count}});
  } else {
    gathered.resize(values_count);
    int32_t* next = gathered.data();
    for (size_t g = 0; g < groups.size(); ++g) {
      int32_t* const first = next;
      for (size_t u = 0; u < units; ++u) {
        if (magnitudes[u] == 0 || numbers[u] - (zeros ? 1 : 0) != static_cast<int>(g)) continue;
        next = std::copy(residuals + u * shape.stride * shape.lines, residuals + UnitEnd(shape, u), next);
      }
      runs.push_back({.encoder = &encoders[g], .values = {first, static_cast<size_t>(next - first)}});
    }
  }
  std::string stream;
  RETURN_IF_ERROR(EncodeRans(runs, &stream));
  ByteWriter(out).PutString(stream);
  return absl::OkStatus();
}

absl::Status DecodeResiduals(const PlaneShape& shape, ByteReader* in, int32_t* residuals) {
  const size_t units = Units(shape);
  uint8_t head = 0;
  RETURN_IF_ERROR(in->Read(&head));
  const size_t groups = head & ~kHasZeros;
  const bool zeros = (head & kHasZeros) != 0;
  if (groups > kMaxGroups || (groups == 0 && !zeros)) {
    return absl::DataLossError(absl::StrFormat("zptv plane has %d tables", groups));
  }
  if (groups == 0) {
    std::memset(residuals, 0, shape.columns * shape.lines * sizeof(int32_t));
    return absl::OkStatus();
  }
  const unsigned width = MapWidth(groups, zeros);
  absl::Span<const std::byte> map;
  RETURN_IF_ERROR(in->ReadBytes((units * width + 7) / 8, &map));
  const std::vector<uint8_t> numbers = UnpackMap(map, width, units);
  std::vector<size_t> sizes(groups + 1);
  for (size_t u = 0; u < units; ++u) {
    const size_t group = numbers[u] + (zeros ? 0 : 1);  // 0: zero throughout
    if (group > groups) return absl::DataLossError(absl::StrFormat("zptv plane names table %d of %d", group, groups));
    sizes[group] += UnitEnd(shape, u) - u * shape.stride * shape.lines;
  }
  std::vector<RansDecoder> decoders;
  for (size_t g = 0; g < groups; ++g) {
    ASSIGN_OR_RETURN(const RansTable table, RansTable::Parse(in));
    decoders.emplace_back(table);
  }
  std::string_view stream;
  RETURN_IF_ERROR(in->ReadString(&stream));
  ASSIGN_OR_RETURN(RansReader reader, RansReader::Open(AsBytes(stream)));
  if (groups == 1 && !zeros) {
    RETURN_IF_ERROR(reader.Read(decoders[0], absl::MakeSpan(residuals, shape.columns * shape.lines)));
    return reader.Finish();
  }
  thread_local std::vector<int32_t> values;
  for (size_t g = 1; g <= groups; ++g) {
    values.resize(sizes[g]);
    RETURN_IF_ERROR(reader.Read(decoders[g - 1], absl::MakeSpan(values)));
    const int32_t* next = values.data();
    for (size_t u = 0; u < units; ++u) {
      if (numbers[u] + (zeros ? 0u : 1u) != g) continue;
      const size_t begin = u * shape.stride * shape.lines, count = UnitEnd(shape, u) - begin;
      std::memcpy(residuals + begin, next, count * sizeof(int32_t));
      next += count;
    }
  }
  for (size_t u = 0; zeros && u < units; ++u) {
    if (numbers[u] != 0) continue;
    const size_t begin = u * shape.stride * shape.lines;
    std::memset(residuals + begin, 0, (UnitEnd(shape, u) - begin) * sizeof(int32_t));
  }
  return reader.Finish();
}

}  // namespace cortex::zptv
