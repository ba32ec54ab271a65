#include "codecs/residual_block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/zptv/rans.h"

namespace cortex {
namespace {

constexpr uint32_t kStripColumns = 16;
constexpr size_t kMaxGroups = 8;
constexpr uint64_t kExceptionBytes = sizeof(uint32_t) + sizeof(int64_t);

// How often the row before is taken off, and how many values back in the row (0: nothing is).
struct Predictor {
  uint8_t up = 0;
  uint8_t left = 0;
};
constexpr uint8_t kMaxUp = 2;
constexpr uint8_t kMaxLeft = 2;

// A column of scalars has nothing to its left.
constexpr Predictor kOfScalars[] = {{0, 0}, {1, 0}, {2, 0}};
constexpr Predictor kOfRows[] = {{0, 0}, {1, 0}, {0, 1}, {0, 2}, {1, 2}, {1, 1}};

void Predict(Predictor predictor, ResidualShape shape, uint64_t* y) {
  const size_t columns = shape.columns;
  for (unsigned pass = 0; pass < predictor.up; ++pass) {
    for (size_t i = shape.values(); i-- > columns;) y[i] -= y[i - columns];
  }
  if (predictor.left == 0) return;
  for (size_t row = 0; row < shape.rows; ++row) {
    uint64_t* of_row = y + row * columns;
    for (size_t c = columns; c-- > predictor.left;) of_row[c] -= of_row[c - predictor.left];
  }
}

template <typename Word>
void Restore(Predictor predictor, ResidualShape shape, Word* y) {
  const size_t columns = shape.columns;
  if (predictor.left != 0) {
    for (size_t row = 0; row < shape.rows; ++row) {
      Word* of_row = y + row * columns;
      for (size_t c = predictor.left; c < columns; ++c) of_row[c] += of_row[c - predictor.left];
    }
  }
  for (unsigned pass = 0; pass < predictor.up; ++pass) {
    for (size_t i = columns; i < shape.values(); ++i) y[i] += y[i - columns];
  }
}

// Where all values lie: base + unit · y.
struct Lattice {
  int64_t base = 0;
  uint64_t unit = 1;
};

Lattice FindLattice(absl::Span<const int64_t> values, ResidualShape shape) {
  Lattice lattice;
  // A column of scalars is centred, which is prediction enough for what has no order.
  if (shape.columns == 1) {
    std::vector<int64_t> sorted(values.begin(), values.end());
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
    lattice.base = sorted[sorted.size() / 2];
  }
  const uint64_t anchor = static_cast<uint64_t>(values[0]);
  uint64_t divisor = 0;
  for (int64_t value : values) {
    const uint64_t distance = static_cast<uint64_t>(value) - anchor;
    // Distances modulo 2^64 stand for the shorter way round.
    divisor = std::gcd(divisor, static_cast<int64_t>(distance) < 0 ? 0 - distance : distance);
    if (divisor == 1) return lattice;
  }
  if (divisor == 0 || divisor > uint64_t{std::numeric_limits<int64_t>::max()}) return lattice;
  lattice.unit = divisor;
  if (shape.columns > 1) {
    const auto unit = static_cast<int64_t>(divisor);
    lattice.base = (values[0] % unit + unit) % unit;
  }
  return lattice;
}

// Steps from the base. Values so far apart that differences wrap need not be whole units of each other: the unit is
// given up then.
std::vector<uint64_t> ToSteps(absl::Span<const int64_t> values, Lattice* lattice) {
  std::vector<uint64_t> steps(values.size());
  const auto unit = static_cast<int64_t>(lattice->unit);
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t distance = static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(lattice->base);
    steps[i] = unit == 1 ? distance : static_cast<uint64_t>(static_cast<int64_t>(distance) / unit);
    if (steps[i] * lattice->unit == distance) continue;
    *lattice = Lattice{};
    return ToSteps(values, lattice);
  }
  return steps;
}

// Residuals as the entropy stage takes them; what 32 bits cannot say is an exception (position).
struct Residuals {
  Predictor predictor;
  std::vector<uint64_t> wide;
  std::vector<int32_t> values;
  std::vector<uint32_t> exceptions;
};

Residuals PredictWith(Predictor predictor, const std::vector<uint64_t>& steps, ResidualShape shape, bool wide) {
  Residuals out{predictor, steps, {}, {}};
  Predict(predictor, shape, out.wide.data());
  out.values.resize(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    out.values[i] = static_cast<int32_t>(static_cast<uint32_t>(out.wide[i]));
    if (!wide || int64_t{out.values[i]} == static_cast<int64_t>(out.wide[i])) continue;
    out.exceptions.push_back(static_cast<uint32_t>(i));
    out.values[i] = 0;
  }
  return out;
}

Residuals BestResiduals(const std::vector<uint64_t>& steps, ResidualShape shape, bool wide) {
  const absl::Span<const Predictor> candidates =
      shape.columns == 1 ? absl::Span<const Predictor>(kOfScalars) : absl::Span<const Predictor>(kOfRows);
  Residuals best;
  double best_bits = HUGE_VAL;
  for (Predictor candidate : candidates) {
    Residuals residuals = PredictWith(candidate, steps, shape, wide);
    RansCounts counts = {};
    CountValueTokens(residuals.values, &counts);
    const double bits =
        EstimatedValueBits(counts) + 8.0 * kExceptionBytes * static_cast<double>(residuals.exceptions.size());
    if (bits >= best_bits) continue;
    best_bits = bits;
    best = std::move(residuals);
  }
  return best;
}

uint32_t StripCount(ResidualShape shape) { return (shape.columns + kStripColumns - 1) / kStripColumns; }
uint32_t StripWidth(ResidualShape shape, uint32_t strip) {
  return std::min(kStripColumns, shape.columns - strip * kStripColumns);
}

// Calls copy(offset in the plane, values) for the pieces of the strips of `group`, row after row.
template <class Copy>
void ForEachPiece(ResidualShape shape, absl::Span<const uint8_t> group_of_strip, uint8_t group, const Copy& copy) {
  std::vector<std::pair<uint32_t, uint32_t>> pieces;  // neighbouring strips are one piece
  for (uint32_t strip = 0; strip < group_of_strip.size(); ++strip) {
    if (group_of_strip[strip] != group) continue;
    const uint32_t at = strip * kStripColumns, width = StripWidth(shape, strip);
    if (!pieces.empty() && pieces.back().first + pieces.back().second == at) {
      pieces.back().second += width;
    } else {
      pieces.emplace_back(at, width);
    }
  }
  for (size_t row = 0; row < shape.rows; ++row) {
    for (const auto& [at, width] : pieces) copy(row * shape.columns + at, size_t{width});
  }
}

// Strips that share a table, while groups are formed.
struct Group {
  RansCounts counts = {};
  std::vector<uint32_t> strips;
  double bits = 0;

  // What its values and its table take; a table has about 7 bits for each of its tokens.
  void Measure() {
    const auto tokens = std::count_if(counts.begin(), counts.end(), [](uint32_t count) { return count != 0; });
    bits = EstimatedValueBits(counts) + 7.0 * static_cast<double>(tokens) + 40;
  }
};

Group Merged(const Group& a, const Group& b) {
  Group both = a;
  for (size_t i = 0; i < both.counts.size(); ++i) both.counts[i] += b.counts[i];
  both.strips.insert(both.strips.end(), b.strips.begin(), b.strips.end());
  both.Measure();
  return both;
}

// Joins neighbours as long as that saves bits.
void MergeGroups(std::vector<Group>* groups) {
  while (groups->size() > 1) {
    size_t best = 0;
    double best_gain = groups->size() > kMaxGroups ? -HUGE_VAL : 0;
    Group best_group;
    bool found = false;
    for (size_t i = 0; i + 1 < groups->size(); ++i) {
      Group both = Merged((*groups)[i], (*groups)[i + 1]);
      const double gain = (*groups)[i].bits + (*groups)[i + 1].bits - both.bits;
      if (gain < best_gain) continue;
      best = i;
      best_gain = gain;
      best_group = std::move(both);
      found = true;
    }
    if (!found) return;
    (*groups)[best] = std::move(best_group);
    groups->erase(groups->begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

std::vector<uint8_t> GroupStrips(const Residuals& residuals, ResidualShape shape) {
  const uint32_t strips = StripCount(shape);
  if (strips == 1) return {0};
  // Strips by bits per value, those within half a bit together to begin with.
  std::vector<std::pair<double, Group>> measured;
  for (uint32_t strip = 0; strip < strips; ++strip) {
    Group group;
    group.strips = {strip};
    const uint32_t width = StripWidth(shape, strip);
    for (size_t row = 0; row < shape.rows; ++row) {
      CountValueTokens({residuals.values.data() + row * shape.columns + strip * kStripColumns, width}, &group.counts);
    }
    const double bits = EstimatedValueBits(group.counts) / (width * double{1} * shape.rows);
    measured.emplace_back(std::floor(2 * bits), std::move(group));
  }
  std::stable_sort(measured.begin(), measured.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Group> groups;
  for (size_t i = 0; i < measured.size(); ++i) {
    if (i != 0 && measured[i].first == measured[i - 1].first) {
      groups.back() = Merged(groups.back(), measured[i].second);
    } else {
      groups.push_back(std::move(measured[i].second));
      groups.back().Measure();
    }
  }
  MergeGroups(&groups);
  std::vector<uint8_t> group_of_strip(strips);
  for (size_t g = 0; g < groups.size(); ++g) {
    for (uint32_t strip : groups[g].strips) group_of_strip[strip] = static_cast<uint8_t>(g);
  }
  return group_of_strip;
}

// The fixed part of a block.
struct Header {
  Predictor predictor;
  uint8_t groups = 1;
  uint8_t zero = 0;
  uint32_t exceptions = 0;
  Lattice lattice;
};
static_assert(sizeof(Header) == 24 && std::is_trivially_copyable_v<Header>);

template <typename T>
void AppendRaw(const T& value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

absl::StatusOr<Header> ReadHeader(ByteReader* in, ResidualShape shape) {
  absl::Span<const std::byte> bytes;
  RETURN_IF_ERROR(in->ReadBytes(sizeof(Header), &bytes));
  const auto header = LoadAs<Header>(bytes.data());
  if (header.predictor.up > kMaxUp || header.predictor.left > kMaxLeft || header.groups == 0 ||
      header.groups > kMaxGroups || header.exceptions > shape.values()) {
    return absl::DataLossError(absl::StrFormat("residual block claims predictor %d/%d, %d groups and %d exceptions",
                                               header.predictor.up, header.predictor.left, header.groups,
                                               header.exceptions));
  }
  return header;
}

absl::Status ReadGroups(ByteReader* in, uint8_t groups, absl::Span<uint8_t> group_of_strip) {
  std::fill(group_of_strip.begin(), group_of_strip.end(), uint8_t{0});
  if (groups == 1) return absl::OkStatus();
  absl::Span<const std::byte> bytes;
  RETURN_IF_ERROR(in->ReadBytes(group_of_strip.size(), &bytes));
  std::memcpy(group_of_strip.data(), bytes.data(), bytes.size());
  for (uint8_t group : group_of_strip) {
    if (group >= groups) return absl::DataLossError(absl::StrFormat("residual strip of group %d of %d", group, groups));
  }
  return absl::OkStatus();
}

// The stream's values at their places in the plane.
absl::Status ReadPlane(RansReader* stream, const std::vector<RansDecoder>& decoders,
                       const std::vector<uint8_t>& group_of_strip, ResidualShape shape, Buffer* workspace,
                       int32_t* plane) {
  if (decoders.size() == 1) {
    RETURN_IF_ERROR(stream->Read(decoders[0], absl::Span<int32_t>(plane, shape.values())));
    return stream->Finish();
  }
  workspace->Resize(shape.values() * sizeof(int32_t));
  auto* run = workspace->as<int32_t>();
  for (size_t g = 0; g < decoders.size(); ++g) {
    size_t count = 0;
    const auto group = static_cast<uint8_t>(g);
    ForEachPiece(shape, group_of_strip, group, [&](size_t, size_t values) { count += values; });
    RETURN_IF_ERROR(stream->Read(decoders[g], absl::Span<int32_t>(run, count)));
    const int32_t* from = run;
    ForEachPiece(shape, group_of_strip, group, [&](size_t at, size_t values) {
      std::memcpy(plane + at, from, values * sizeof(int32_t));
      from += values;
    });
  }
  return stream->Finish();
}

template <typename Word>
absl::Status PutExceptions(absl::Span<const std::byte> bytes, ResidualShape shape, Word* values) {
  for (size_t i = 0; i < bytes.size(); i += kExceptionBytes) {
    const auto position = LoadAs<uint32_t>(bytes.data() + i);
    if (position >= shape.values()) {
      return absl::DataLossError(absl::StrFormat("residual exception at %d of %d", position, shape.values()));
    }
    values[position] = static_cast<Word>(LoadAs<uint64_t>(bytes.data() + i + sizeof(uint32_t)));
  }
  return absl::OkStatus();
}

// Of `count` words of 64 bits, whose upper half holds as many integers of 32, makes these integers.
template <typename Word>
void WidenInPlace(size_t count, Word* words) {
  constexpr size_t kPiece = 256;
  int32_t piece[kPiece];  // a copy, so that what is written is not what is read
  const auto* narrow = reinterpret_cast<const std::byte*>(words) + count * sizeof(int32_t);
  for (size_t first = 0; first < count; first += kPiece) {
    const size_t size = std::min(kPiece, count - first);
    std::memcpy(piece, narrow + first * sizeof(int32_t), size * sizeof(int32_t));
    for (size_t i = 0; i < size; ++i) words[first + i] = static_cast<Word>(int64_t{piece[i]});
  }
}

// Restore of a column of scalars, and what the lattice makes of it, in one pass: rows read one by one wait for it.
template <typename Word>
void RestoreScalars(uint8_t up, const Lattice& lattice, absl::Span<Word> y) {
  const auto base = static_cast<Word>(lattice.base);
  const auto unit = static_cast<Word>(lattice.unit);
  Word once = 0, twice = 0;
  if (up == 2) {
    for (Word& value : y) value = base + unit * (twice += once += value);
  } else if (up == 1) {
    for (Word& value : y) value = base + unit * (once += value);
  } else if (base != 0 || unit != 1) {
    for (Word& value : y) value = base + unit * value;
  }
}

}  // namespace

absl::Status AppendResidualBlock(absl::Span<const int64_t> values, ResidualShape shape, bool wide, std::string* out) {
  Lattice lattice = FindLattice(values, shape);
  const Residuals residuals = BestResiduals(ToSteps(values, &lattice), shape, wide);
  const std::vector<uint8_t> group_of_strip = GroupStrips(residuals, shape);
  const uint8_t groups = static_cast<uint8_t>(*std::max_element(group_of_strip.begin(), group_of_strip.end()) + 1);

  AppendRaw(Header{residuals.predictor, groups, 0, static_cast<uint32_t>(residuals.exceptions.size()), lattice}, out);
  if (groups > 1) out->append(reinterpret_cast<const char*>(group_of_strip.data()), group_of_strip.size());
  std::vector<std::vector<int32_t>> runs(groups);
  std::vector<RansEncoder> encoders;
  for (uint8_t group = 0; group < groups; ++group) {
    ForEachPiece(shape, group_of_strip, group, [&](size_t at, size_t count) {
      const auto first = residuals.values.begin() + static_cast<std::ptrdiff_t>(at);
      runs[group].insert(runs[group].end(), first, first + static_cast<std::ptrdiff_t>(count));
    });
    RansCounts counts = {};
    CountValueTokens(runs[group], &counts);
    const RansTable table = RansTable::FromCounts(counts);
    table.AppendTo(out);
    encoders.emplace_back(table);
  }
  for (uint32_t position : residuals.exceptions) {
    AppendRaw(position, out);
    AppendRaw(residuals.wide[position], out);
  }
  std::vector<RansRun> coded(groups);
  for (size_t g = 0; g < groups; ++g) coded[g] = {.encoder = &encoders[g], .values = runs[g]};
  return EncodeRans(coded, out);
}

template <typename Word>
absl::Status DecodeResidualBlock(absl::Span<const std::byte> bytes, ResidualShape shape, Buffer* workspace,
                                 Word* values) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(const Header header, ReadHeader(&in, shape));
  std::vector<uint8_t> group_of_strip(StripCount(shape));
  RETURN_IF_ERROR(ReadGroups(&in, header.groups, absl::MakeSpan(group_of_strip)));
  std::vector<RansDecoder> decoders;
  for (uint8_t group = 0; group < header.groups; ++group) {
    ASSIGN_OR_RETURN(const RansTable table, RansTable::Parse(&in));
    decoders.emplace_back(table);
  }
  absl::Span<const std::byte> exceptions, rest;
  RETURN_IF_ERROR(in.ReadBytes(header.exceptions * kExceptionBytes, &exceptions));
  RETURN_IF_ERROR(in.ReadBytes(in.remaining(), &rest));
  ASSIGN_OR_RETURN(RansReader stream, RansReader::Open(rest));

  if constexpr (sizeof(Word) == sizeof(int32_t)) {
    RETURN_IF_ERROR(
        ReadPlane(&stream, decoders, group_of_strip, shape, workspace, reinterpret_cast<int32_t*>(values)));
  } else {
    // Into the upper half of the result, then widened from the front.
    auto* narrow = reinterpret_cast<int32_t*>(values) + shape.values();
    RETURN_IF_ERROR(ReadPlane(&stream, decoders, group_of_strip, shape, workspace, narrow));
    WidenInPlace(shape.values(), values);
  }
  RETURN_IF_ERROR(PutExceptions(exceptions, shape, values));
  if (shape.columns == 1) {
    RestoreScalars(header.predictor.up, header.lattice, absl::Span<Word>(values, shape.rows));
    return absl::OkStatus();
  }
  Restore(header.predictor, shape, values);
  const auto base = static_cast<Word>(header.lattice.base);
  const auto unit = static_cast<Word>(header.lattice.unit);
  if (base != 0 || unit != 1) {
    for (size_t i = 0; i < shape.values(); ++i) values[i] = base + unit * values[i];
  }
  return absl::OkStatus();
}

template absl::Status DecodeResidualBlock(absl::Span<const std::byte> bytes, ResidualShape shape, Buffer* workspace,
                                          uint32_t* values);
template absl::Status DecodeResidualBlock(absl::Span<const std::byte> bytes, ResidualShape shape, Buffer* workspace,
                                          uint64_t* values);

}  // namespace cortex
