#include "codecs/zptv/block.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/zptv/raw_lines.h"
#include "codecs/zptv/section.h"

namespace cortex::zptv {
namespace {

using Kind = ZptvContract::Kind;

constexpr size_t kMaxSections = 5;
// Coefficients decode at half the speed of a lattice: a twentieth of the size must be saved.
constexpr double kFourierHandicap = 1.05;
// Lattice sections smaller than this share of the values are taken as they are.
constexpr double kGoodEnough = 0.25;

struct Section {
  std::vector<uint32_t> lines;
  std::string bytes;
};
struct Plan {
  std::vector<Section> sections;

  size_t bytes() const {
    size_t sum = 0;
    for (const Section& section : sections) sum += section.bytes.size();
    return sum;
  }
};

std::vector<uint32_t> AllLines(const Block& block) {
  std::vector<uint32_t> lines(block.lines);
  for (uint32_t l = 0; l < block.lines; ++l) lines[l] = l;
  return lines;
}
std::vector<uint32_t> Without(const std::vector<uint32_t>& lines, const std::vector<uint32_t>& taken) {
  std::vector<uint32_t> rest;
  std::set_difference(lines.begin(), lines.end(), taken.begin(), taken.end(), std::back_inserter(rest));
  return rest;
}

absl::StatusOr<Section> RawSection(const Block& block, std::vector<uint32_t> lines) {
  Section section{.lines = std::move(lines), .bytes = std::string(1, static_cast<char>(LineKind::kRaw))};
  RETURN_IF_ERROR(EncodeRawLines(block.shape, block.values, section.lines, &section.bytes));
  return section;
}

absl::StatusOr<Section> CodedSection(const Block& block, const LineCodes& codes) {
  Section section{.lines = codes.lines};
  RETURN_IF_ERROR(EncodeSection(block.shape, codes, &section.bytes));
  return section;
}

// `codes` for the lines it has, raw for the rest of `lines`.
absl::StatusOr<Plan> PlanOf(const Block& block, const std::vector<uint32_t>& lines,
                            std::initializer_list<const LineCodes*> codes) {
  Plan plan;
  std::vector<uint32_t> rest = lines;
  for (const LineCodes* one : codes) {
    if (one->lines.empty()) continue;
    ASSIGN_OR_RETURN(Section section, CodedSection(block, *one));
    plan.sections.push_back(std::move(section));
    rest = Without(rest, one->lines);
  }
  if (rest.empty()) return plan;
  ASSIGN_OR_RETURN(Section raw, RawSection(block, std::move(rest)));
  plan.sections.push_back(std::move(raw));
  return plan;
}

// Of `codes` only the lines that `lines` lists.
LineCodes Only(const LineShape& shape, const LineCodes& codes, const std::vector<uint32_t>& lines) {
  LineCodes some{.kind = codes.kind, .shift = codes.shift, .base = codes.base};
  auto exception = codes.exceptions.begin();
  for (size_t i = 0; i < codes.lines.size(); ++i) {
    const size_t begin = i * shape.columns, end = begin + shape.columns;
    const bool wanted = std::binary_search(lines.begin(), lines.end(), codes.lines[i]);
    for (; exception != codes.exceptions.end() && exception->position < end; ++exception) {
      const auto position = static_cast<uint32_t>(some.integers.size() + exception->position - begin);
      if (wanted) some.exceptions.push_back({position, exception->bits});
    }
    if (!wanted) continue;
    some.lines.push_back(codes.lines[i]);
    if (!codes.steps.empty()) some.steps.push_back(codes.steps[i]);
    some.integers.insert(some.integers.end(), codes.integers.begin() + static_cast<std::ptrdiff_t>(begin),
                         codes.integers.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return some;
}

// Takes `plan` if it is smaller than the best so far times `handicap`.
void Keep(Plan plan, double handicap, Plan* best) {
  if (best->sections.empty() || static_cast<double>(plan.bytes()) * handicap < static_cast<double>(best->bytes())) {
    *best = std::move(plan);
  }
}

// Every bit of `lines`: lattice, then coefficients, then amplitudes or front bits, else raw.
absl::StatusOr<Plan> LosslessPlan(const Block& block, RecoverHints* hints) {
  const std::vector<uint32_t> all = AllLines(block);
  const auto values_bytes = static_cast<double>(block.lines * block.shape.line_bytes());
  const auto [lattice, fourier] = RecoverLines(block, hints);
  const std::vector<uint32_t> rest = Without(all, lattice.lines);
  Plan best;
  ASSIGN_OR_RETURN(best, PlanOf(block, all, {&lattice, &fourier}));
  if (static_cast<double>(best.bytes()) < kGoodEnough * values_bytes) return best;

  // A lattice fits whatever has few bits; front bits or amplitudes may fit better.
  const std::vector<uint32_t> open = Without(all, fourier.lines);
  const LineCodes front = RecoverFrontBits(block, open);
  ASSIGN_OR_RETURN(Plan front_plan, PlanOf(block, all, {&fourier, &front}));
  Keep(std::move(front_plan), 1, &best);
  if (block.shape.components == 2 && !rest.empty()) {
    const LineCodes polar = RecoverPolar(block, Without(rest, fourier.lines));
    ASSIGN_OR_RETURN(Plan polar_plan, PlanOf(block, all, {&lattice, &fourier, &polar}));
    Keep(std::move(polar_plan), 1, &best);
  }
  if (best.sections.size() > 1) {
    ASSIGN_OR_RETURN(Plan raw, PlanOf(block, all, {}));
    Keep(std::move(raw), 1, &best);
  }
  return best;
}

absl::StatusOr<Plan> BoundedPlan(const Block& block, const ZptvContract& contract) {
  const LineShape& shape = block.shape;
  BlockLimit limit{contract};
  if (contract.kind == Kind::kRms) limit.rms = RootMeanSquare(shape, block.values, block.used);
  const std::vector<uint32_t> all = AllLines(block);
  if (contract.kind == Kind::kPhase16) {
    const LineCodes polar = QuantisePolar(block, limit);
    return PlanOf(block, all, {&polar});
  }
  // A row of a narrow column has no step of its own: what holds for each number holds for their norm.
  if (contract.kind == Kind::kPoint || (contract.kind == Kind::kRowL2 && !shape.wide())) {
    limit.contract.kind = Kind::kPoint;
    const LineCodes front = QuantiseFrontBits(block, limit);
    return PlanOf(block, all, {&front});
  }
  const LineCodes lattice = QuantiseLattice(block, limit);
  Plan best;
  ASSIGN_OR_RETURN(best, PlanOf(block, all, {&lattice}));
  if (!CanTransform(shape)) return best;
  const LineCodes fourier =
      QuantiseFourier(block, limit, static_cast<double>(best.bytes()) / kFourierHandicap);
  if (fourier.lines.empty()) return best;
  const LineCodes others = Only(shape, lattice, Without(all, fourier.lines));
  ASSIGN_OR_RETURN(Plan transformed, PlanOf(block, all, {&fourier, &others}));
  Keep(std::move(transformed), kFourierHandicap, &best);
  return best;
}

void AppendPlan(const Plan& plan, uint32_t lines, std::string* out) {
  ByteWriter writer(out);
  writer.Put(static_cast<uint8_t>(plan.sections.size()));
  if (plan.sections.size() > 1) {
    const size_t map = out->size();
    out->resize(map + lines);
    for (size_t s = 0; s < plan.sections.size(); ++s) {
      for (const uint32_t line : plan.sections[s].lines) (*out)[map + line] = static_cast<char>(s);
    }
  }
  for (const Section& section : plan.sections) writer.PutString(section.bytes);
}

}  // namespace

absl::Status EncodeBlock(const Block& block, ZptvContract contract, RecoverHints* hints, std::string* out) {
  Plan best;
  if (contract.kind == Kind::kLossless) {
    ASSIGN_OR_RETURN(best, LosslessPlan(block, hints));
  } else {
    ASSIGN_OR_RETURN(best, BoundedPlan(block, contract));
    // Integers of an instrument may be smaller as they are than rounded to a lattice that is not theirs.
    const std::optional<LineCodes> exact = RecoverLattice(block, hints);
    if (exact.has_value()) {
      ASSIGN_OR_RETURN(Plan lossless, PlanOf(block, AllLines(block), {&*exact}));
      Keep(std::move(lossless), 1, &best);
    }
  }
  AppendPlan(best, block.lines, out);
  return absl::OkStatus();
}

absl::Status DecodeBlock(const LineShape& shape, uint32_t lines, absl::Span<const std::byte> bytes, std::byte* out) {
  std::vector<std::byte*> all(lines);
  for (uint32_t l = 0; l < lines; ++l) all[l] = out + l * shape.line_bytes();
  return DecodeLines(shape, bytes, all);
}

absl::Status DecodeLines(const LineShape& shape, absl::Span<const std::byte> bytes, absl::Span<std::byte* const> out) {
  ByteReader in(bytes);
  uint8_t count = 0;
  RETURN_IF_ERROR(in.Read(&count));
  if (count == 0 || count > kMaxSections) {
    return absl::DataLossError(absl::StrFormat("zptv block has %d sections", count));
  }
  std::vector<std::vector<std::byte*>> members(count);
  absl::Span<const std::byte> map;
  if (count > 1) RETURN_IF_ERROR(in.ReadBytes(out.size(), &map));
  for (size_t l = 0; l < out.size(); ++l) {
    const uint32_t section = map.empty() ? 0 : static_cast<uint32_t>(map[l]);
    if (section >= count) return absl::DataLossError(absl::StrFormat("zptv line is in section %d of %d", section, count));
    members[section].push_back(out[l]);
  }
  for (const std::vector<std::byte*>& section : members) {
    if (section.empty()) return absl::DataLossError("zptv section has no lines");
    std::string_view body;
    RETURN_IF_ERROR(in.ReadString(&body));
    const bool wanted = std::any_of(section.begin(), section.end(), [](const std::byte* line) { return line != nullptr; });
    if (wanted) RETURN_IF_ERROR(DecodeSection(shape, AsBytes(body), section));
  }
  if (in.remaining() != 0) return absl::DataLossError(absl::StrFormat("%d bytes behind a zptv block", in.remaining()));
  return absl::OkStatus();
}

}  // namespace cortex::zptv
