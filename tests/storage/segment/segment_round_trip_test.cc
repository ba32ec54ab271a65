#include <algorithm>
#include <compare>
#include <cstring>
#include <map>
#include <random>
#include <tuple>

#include "codecs/bytes/checksum.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::FirstDifference;
using testing::SegmentSpec;
using testing::WrittenSegment;

std::vector<Batch> RandomGroups(uint64_t seed, double null_fraction, uint32_t distinct_keys = 0) {
  std::vector<Batch> groups;
  for (const uint32_t rows : {700u, 1u, 2500u}) {
    groups.push_back(testing::RandomBatch(testing::AllTypesTable(), {.row_count = rows,
                                                                     .seed = seed++,
                                                                     .null_fraction = null_fraction,
                                                                     .distinct_keys = distinct_keys}));
  }
  return groups;
}

TEST_CASE("SegmentReader gives back every type bit for bit", "[storage][segment]") {
  const double null_fraction = GENERATE(0.0, 0.05, 0.3, 0.9, 1.0);
  const auto effort = GENERATE(EncodingEffort::kLight, EncodingEffort::kHeavy);
  const uint32_t step = effort == EncodingEffort::kHeavy ? 1024 : 192;
  CAPTURE(null_fraction, step);
  testing::TempDir dir;
  const std::vector<Batch> groups = RandomGroups(1, null_fraction);
  const WrittenSegment segment = REQUIRE_OK_AND_TAKE(
      testing::WriteSegment(dir.path(), {.groups = RandomGroups(1, null_fraction), .effort = effort}));
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  REQUIRE(reader->row_count() == 3201);
  REQUIRE_OK(reader->Verify());
  for (size_t c = 0; c < segment.table->columns.size(); ++c) {
    const ColumnDefinition& definition = segment.table->columns[c];
    CAPTURE(definition.name);
    Column expected(definition.type);
    for (const Batch& group : groups) expected.AppendRows(group.columns[c], 0, group.row_count);
    const Column actual =
        REQUIRE_OK_AND_TAKE(testing::ReadColumn(*reader, definition.id, definition.type, step));
    REQUIRE(FirstDifference(expected, actual) == "");
  }
}

// Encodings of such columns can have no bytes at all.
TEST_CASE("SegmentReader gives back columns that hold nothing", "[storage][segment]") {
  using Words = std::vector<std::string>;
  const auto table = testing::TestTable("t", {{"text", DataType::String()},
                                              {"blob", DataType::Scalar(TypeKind::kBytes)},
                                              {"words", DataType::ListString()},
                                              {"no_words", DataType::ListString()},
                                              {"weights", DataType::Scalar(TypeKind::kListFloat32)}});
  const bool with_nulls = GENERATE(false, true);
  const auto effort = GENERATE(EncodingEffort::kLight, EncodingEffort::kHeavy);
  testing::BatchBuilder builder(table);
  for (int row = 0; row < 100; ++row) {
    const bool null = with_nulls && row % 3 == 0;
    const auto or_null = [&](testing::TestValue value) { return null ? testing::TestValue(testing::Null{}) : value; };
    builder.Row({"k", row, or_null(""), or_null(""), or_null(Words{"", ""}), or_null(Words{}),
                 or_null(std::vector<double>{})});
  }
  testing::TempDir dir;
  SegmentSpec spec{.effort = effort};
  spec.groups.push_back(builder.Build());
  const WrittenSegment segment = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  REQUIRE_OK(reader->Verify());
  for (size_t c = 0; c < table->columns.size(); ++c) {
    const ColumnDefinition& definition = table->columns[c];
    CAPTURE(definition.name);
    const Column actual = REQUIRE_OK_AND_TAKE(testing::ReadColumn(*reader, definition.id, definition.type));
    REQUIRE(FirstDifference(spec.groups[0].columns[c], actual) == "");
  }
}

TEST_CASE("SegmentReader gathers, views and filters what it decodes", "[storage][segment]") {
  const double null_fraction = GENERATE(0.0, 0.05, 0.3, 0.9, 1.0);
  CAPTURE(null_fraction);
  testing::TempDir dir;
  const std::vector<Batch> groups = RandomGroups(7, null_fraction);
  const WrittenSegment segment =
      REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), {.groups = RandomGroups(7, null_fraction)}));
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  std::mt19937_64 random(3);
  const RowGroupView& group = reader->row_group(2);
  for (size_t c = 0; c < segment.table->columns.size(); ++c) {
    const ColumnDefinition& definition = segment.table->columns[c];
    CAPTURE(definition.name);
    const Column& source = groups[2].columns[c];
    const ColumnChunk& chunk = *REQUIRE_OK_AND_TAKE(group.column(definition.id));
    REQUIRE(chunk.has_nulls() == (source.null_count() > 0));
    for (const uint64_t one_in : {2, 50}) {
      std::vector<uint32_t> rows;
      for (uint32_t row = 0; row < source.row_count(); ++row) {
        if (random() % one_in == 0) rows.push_back(row);
      }
      Column expected(definition.type);
      expected.AppendSelected(source, rows);
      Column gathered(definition.type);
      const size_t half = rows.size() / 2;
      REQUIRE_OK(chunk.Gather(absl::MakeSpan(rows).subspan(0, half), &gathered));
      REQUIRE_OK(chunk.Gather(absl::MakeSpan(rows).subspan(half), &gathered));
      REQUIRE(FirstDifference(expected, gathered) == "");
    }
    std::vector<uint64_t> validity(WordsForBits(900));
    REQUIRE_OK(chunk.Validity(64, 900, validity.data()));
    for (uint32_t i = 0; i < 900; ++i) {
      if (GetBit(validity.data(), i) == source.IsNull(64 + i)) FAIL("validity of row " << 64 + i);
    }
    const auto view = REQUIRE_OK_AND_TAKE(chunk.TryView(100, 500));
    if (view.has_value()) {
      const uint32_t width = view->shape.row_bytes();
      for (uint32_t i = 0; i < 500; ++i) {
        const std::vector<std::byte> zeros(width);
        const std::byte* const want = source.IsNull(100 + i) ? zeros.data() : source.FixedAt(100 + i).data();
        if (std::memcmp(view->fixed + i * width, want, width) != 0) FAIL("view of row " << 100 + i);
      }
    }
  }
}

// What a predicate means for one row, from the header's words.
bool Satisfies(const ColumnPredicate& predicate, const Column& column, uint32_t row) {
  if (predicate.kind == ColumnPredicate::Kind::kIsNull) return column.IsNull(row);
  if (predicate.kind == ColumnPredicate::Kind::kIsNotNull) return !column.IsNull(row);
  if (column.IsNull(row)) return false;
  const auto compare = [&](const FilterBound& bound) -> std::partial_ordering {
    if (column.type().is_string()) return column.StringAt(row) <=> std::string_view(std::get<std::string>(bound.value));
    if (column.type().kind == TypeKind::kFloat64) {
      return column.values_as<double>()[row] <=> std::get<double>(bound.value);
    }
    return int64_t{column.values_as<int16_t>()[row]} <=> std::get<int64_t>(bound.value);
  };
  const auto at_least = [](std::partial_ordering order, bool inclusive) {
    return order == std::partial_ordering::greater || (inclusive && order == std::partial_ordering::equivalent);
  };
  const auto at_most = [](std::partial_ordering order, bool inclusive) {
    return order == std::partial_ordering::less || (inclusive && order == std::partial_ordering::equivalent);
  };
  const auto& [lower, upper] = std::tie(predicate.filter.lower, predicate.filter.upper);
  if (lower.has_value() && !at_least(compare(*lower), lower->inclusive)) return false;
  return !upper.has_value() || at_most(compare(*upper), upper->inclusive);
}

TEST_CASE("SegmentReader filters and prunes as the rows say", "[storage][segment]") {
  const double null_fraction = GENERATE(0.0, 0.3, 0.9, 1.0);
  CAPTURE(null_fraction);
  testing::TempDir dir;
  const std::vector<Batch> groups = RandomGroups(9, null_fraction);
  const WrittenSegment segment =
      REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), {.groups = RandomGroups(9, null_fraction)}));
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  const auto bounds = [](FilterValue low, FilterValue high, bool inclusive) {
    return ColumnPredicate{.filter = {.lower = FilterBound{std::move(low), inclusive},
                                      .upper = FilterBound{std::move(high), !inclusive}}};
  };
  const std::pair<const char*, ColumnPredicate> cases[] = {
      {"i16", bounds(int64_t{-100}, int64_t{90}, true)},
      {"i16", bounds(int64_t{40'000}, int64_t{50'000}, true)},
      {"f64", bounds(-10.5, 300.0, false)},
      {"text", bounds(std::string("s1"), std::string("s5"), true)},
      {"blob", bounds(std::string("a"), std::string("a\x01"), true)},
      {"text", {.kind = ColumnPredicate::Kind::kIsNull}},
      {"vec32", {.kind = ColumnPredicate::Kind::kIsNotNull}},
  };
  for (const auto& [name, predicate] : cases) {
    const uint32_t ordinal = *segment.table->FindColumn(name);
    CAPTURE(name);
    for (size_t g = 0; g < 3; ++g) {
      const Column& source = groups[g].columns[ordinal];
      const RowGroupView& group = reader->row_group(g);
      const ColumnChunk& chunk = *REQUIRE_OK_AND_TAKE(group.column(segment.table->columns[ordinal].id));
      uint32_t matches = 0;
      for (uint32_t first = 0; first < source.row_count(); first += 640) {
        const uint32_t count = std::min<uint32_t>(640, source.row_count() - first);
        std::vector<uint64_t> selection(WordsForBits(count));
        FillOnes(selection.data(), count);
        ClearBit(selection.data(), 0);
        REQUIRE_OK(chunk.Filter(predicate, first, count, selection.data()));
        for (uint32_t i = 0; i < count; ++i) {
          const bool satisfied = Satisfies(predicate, source, first + i);
          matches += satisfied;
          if (GetBit(selection.data(), i) != (satisfied && i > 0)) FAIL("group " << g << " row " << first + i);
        }
      }
      if (const ZoneMap* const zone = group.zone_map(segment.table->columns[ordinal].id); zone != nullptr) {
        if (matches > 0) REQUIRE(zone->MayMatch(predicate));
        if (matches < source.row_count()) REQUIRE_FALSE(zone->AllMatch(predicate));
      }
    }
  }
  const ColumnId i16 = segment.table->columns[*segment.table->FindColumn("i16")].id;
  if (null_fraction < 1) {
    REQUIRE_FALSE(reader->row_group(2).zone_map(i16)->MayMatch(bounds(int64_t{40'000}, int64_t{50'000}, true)));
  }
}

TEST_CASE("SegmentReader hands out dictionary codes that mean the strings", "[storage][segment]") {
  const double null_fraction = GENERATE(0.0, 0.3, 0.9);
  auto table = std::make_shared<TableDefinition>(*testing::TestTable("t", {{"tag", DataType::String(16)}}));
  table->columns[2].compression = Compression::kDictionary;
  const auto batch = [&] {
    testing::BatchBuilder builder(table);
    std::mt19937_64 random(4);
    for (int row = 0; row < 3000; ++row) {
      testing::TestValue tag = "tag" + std::to_string(random() % 5);
      if (static_cast<double>(random() % 100) < null_fraction * 100) tag = testing::Null{};
      builder.Row({"k" + std::to_string(row), row, tag});
    }
    return builder.Build();
  };
  testing::TempDir dir;
  SegmentSpec spec;
  spec.groups.push_back(batch());
  const WrittenSegment segment = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
  auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  const ColumnChunk& chunk = *REQUIRE_OK_AND_TAKE(reader->row_group(0).column(ColumnId(3)));
  REQUIRE(chunk.encoding() == EncodingId::kDictionary);
  const Column& source = spec.groups[0].columns[2];
  std::vector<uint32_t> codes(2000);
  REQUIRE_OK(chunk.DecodeCodes(500, 2000, codes.data()));
  for (uint32_t i = 0; i < 2000; ++i) {
    const bool null = source.IsNull(500 + i);
    if (null ? codes[i] != 0 : chunk.dictionary()->At(codes[i]) != source.StringAt(500 + i)) FAIL("row " << 500 + i);
  }
  Column decoded = REQUIRE_OK_AND_TAKE(testing::ReadColumn(*reader, ColumnId(3), DataType::String(16)));
  REQUIRE(decoded.is_dictionary());
  reader = nullptr;  // the column keeps what its codes mean
  REQUIRE(FirstDifference(source, decoded) == "");
}

TEST_CASE("SegmentReader finds keys whether rows are sorted or not", "[storage][segment]") {
  const uint32_t distinct_keys = GENERATE(0u, 40u, 1000u);
  const bool sorted = GENERATE(false, true);
  CAPTURE(distinct_keys, sorted);
  std::vector<Batch> groups = RandomGroups(5, 0.2, distinct_keys);
  if (sorted) {  // one run of keys over all groups, equal keys across their borders
    std::vector<std::string> keys;
    for (const Batch& group : groups) {
      for (uint32_t row = 0; row < group.row_count; ++row) keys.emplace_back(group.columns[0].StringAt(row));
    }
    std::sort(keys.begin(), keys.end());
    size_t next = 0;
    for (Batch& group : groups) {
      group.columns[0].Reset(DataType::String());
      for (uint32_t row = 0; row < group.row_count; ++row) group.columns[0].AppendString(keys[next++]);
    }
  }
  std::map<std::string, std::vector<std::pair<uint32_t, uint32_t>>> expected;
  for (uint32_t g = 0; g < groups.size(); ++g) {
    for (uint32_t row = 0; row < groups[g].row_count; ++row) {
      expected[std::string(groups[g].columns[0].StringAt(row))].emplace_back(g, row);
    }
  }
  testing::TempDir dir;
  const WrittenSegment segment = REQUIRE_OK_AND_TAKE(
      testing::WriteSegment(dir.path(), {.groups = std::move(groups), .sorted_by_key = sorted}));
  REQUIRE(segment.info.fences.size() == (sorted ? 4 : 0));
  const auto from_file = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  SegmentReaderOptions options = testing::OptionsFor(segment);
  options.load_footer = [&] { return segment.info.footer; };
  options.load_key_filter = [&] { return segment.info.key_filter; };
  options.load_fences = [&] { return segment.info.fences; };
  const auto from_store = REQUIRE_OK_AND_TAKE(SegmentReader::Open(options));
  for (const auto& reader : {from_file, from_store}) {
    for (const auto& [key, want] : expected) {
      REQUIRE(reader->MayContainKey(key, HashKey(key)));
      std::vector<RowRef> rows;
      REQUIRE_OK(reader->FindKey(key, HashKey(key), &rows));
      std::vector<std::pair<uint32_t, uint32_t>> got;
      for (const RowRef ref : rows) got.emplace_back(ref.row_group, ref.row);
      if (got != want) FAIL("key " << key);
    }
    for (const std::string key : {"", "k", "k0000000x", "zzz"}) {
      std::vector<RowRef> rows;
      REQUIRE_OK(reader->FindKey(key, HashKey(key), &rows));
      REQUIRE(rows.empty());
    }
  }
}

}  // namespace
}  // namespace cortex
