// Speed of the kernels: simd_test "[.bench]". Numbers of a real run are in codecs/simd/README.md.
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "codecs/simd/aggregate_kernels.h"
#include "codecs/simd/bitmap_kernels.h"
#include "codecs/simd/distance_kernels.h"
#include "codecs/simd/exact_sum.h"
#include "codecs/simd/predicate_kernels.h"
#include "codecs/simd/unpack_kernels.h"
#include "tests/codecs/simd/for_each_target.h"
#include "tests/codecs/stopwatch.h"

namespace cortex::simd {
namespace {

using testing::BestNs;
using testing::Report;

constexpr size_t kValues = size_t{1} << 16;

template <typename T>
std::vector<T> Normal(size_t count) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(normal(random));
  return values;
}

TEST_CASE("Kernel speed: scans and sums", "[.bench]") {
  testing::ForEachTarget([] {
    std::printf("-- %s\n", hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()));
    const auto f64 = Normal<double>(kValues);
    const auto f32 = Normal<float>(kValues);
    std::vector<int64_t> i64(kValues);
    std::vector<uint32_t> codes(kValues);
    for (size_t i = 0; i < kValues; ++i)
      codes[i] = static_cast<uint32_t>(i64[i] = static_cast<int64_t>(i * 7919 % 1000));
    std::vector<uint64_t> selection(kValues / 64), half(kValues / 64, 0x5a5a5a5a5a5a5a5au), kept(16, half[0]);
    std::vector<uint32_t> rows(kValues);
    const auto per_value = [&](const char* what, double ns) { Report(what, ns / kValues, "ns/value"); };
    const auto fresh = [&] { FillBitmap(selection.data(), kValues); };
    per_value("interval f64", BestNs([&] {
                fresh();
                AndInterval(absl::MakeConstSpan(f64), -1.0, 1.0, selection.data());
              }));
    per_value("interval i64", BestNs([&] {
                fresh();
                AndInterval(absl::MakeConstSpan(i64), int64_t{9}, int64_t{99}, selection.data());
              }));
    per_value("codes in bitmap", BestNs([&] {
                fresh();
                AndCodesIn(codes, kept.data(), 1000, selection.data());
              }));
    per_value("bitmap to rows (half)", BestNs([&] { BitmapToRows(half.data(), kValues, 0, rows.data()); }));
    per_value("summarize f64", BestNs([&] { (void)Summarize(absl::MakeConstSpan(f64)); }));
    per_value("summarize i64", BestNs([&] { (void)Summarize(absl::MakeConstSpan(i64)); }));
    const auto sum = [&](const char* what, const auto& add) {
      per_value(what, BestNs([&] {
                  ExactSum s;
                  add(s);
                  (void)s.Round();
                }));
    };
    sum("exact sum f64", [&](ExactSum& s) { s.AddSpan(absl::MakeConstSpan(f64)); });
    sum("exact sum f64, half selected", [&](ExactSum& s) { s.AddSpan(absl::MakeConstSpan(f64), half.data()); });
    sum("exact sum f64 with squares", [&](ExactSum& s) {
      s.AddSpan(absl::MakeConstSpan(f64));
      s.AddSquares(absl::MakeConstSpan(f64));
    });
    sum("exact sum f32", [&](ExactSum& s) { s.AddSpan(absl::MakeConstSpan(f32)); });
    sum("exact sum f32 with squares", [&](ExactSum& s) {
      s.AddSpan(absl::MakeConstSpan(f32));
      s.AddSquares(absl::MakeConstSpan(f32));
    });
    sum("exact sum f64, one by one", [&](ExactSum& s) {
      for (double v : f64) s.Add(v);
    });
  });
}

TEST_CASE("Kernel speed: distances", "[.bench]") {
  testing::ForEachTarget([] {
    std::printf("-- %s\n", hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()));
    constexpr size_t kRows = 1000;
    std::vector<double> out(kRows);
    const auto per_row = [&](const char* what, double ns) { Report(what, ns / kRows, "ns/row"); };
    const auto fields = Normal<double>(kRows * 512);
    const Rows<double> field_rows{.data = fields.data(), .row_count = kRows, .length = 512, .stride = 512};
    const auto query = Normal<double>(512);
    for (const auto& [name, metric] : {std::pair{"css euclidean, 256 complex128", FieldMetric::kEuclidean},
                                       std::pair{"css polar, 256 complex128", FieldMetric::kPolar},
                                       std::pair{"css fidelity, 256 complex128", FieldMetric::kFidelity}}) {
      const FieldQuery field_query(metric, absl::MakeConstSpan(query));
      per_row(name, BestNs([&, &q = field_query] { q.Distances(field_rows, out.data()); }));
    }
    const auto states = Normal<float>(kRows * 512);
    const Rows<float> state_rows{.data = states.data(), .row_count = kRows, .length = 512, .stride = 512};
    per_row("l2, 512 float32", BestNs([&] { L2Distance({states.data(), 512}, state_rows, out.data()); }));
    std::vector<Half> halves(kRows * 768);
    for (size_t i = 0; i < halves.size(); ++i) halves[i] = ToHalf(states[i % states.size()]);
    const Rows<Half> half_rows{.data = halves.data(), .row_count = kRows, .length = 768, .stride = 768};
    per_row("l2, 768 float16", BestNs([&] { L2Distance({halves.data(), 768}, half_rows, out.data()); }));
    per_row("cosine, 768 float16", BestNs([&] { CosineDistance({halves.data(), 768}, half_rows, out.data()); }));
  });
}

TEST_CASE("Kernel speed: unpacking", "[.bench]") {
  testing::ForEachTarget([] {
    std::printf("-- %s\n", hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()));
    std::vector<uint64_t> packed(1024), values(1024);
    std::vector<uint32_t> narrow(1024);
    const auto* bytes = reinterpret_cast<const std::byte*>(packed.data());
    const auto rate = [](const char* what, size_t decoded, double ns) {
      Report(what, static_cast<double>(decoded) / ns, "GB/s");
    };
    rate("unpack u64, width 13", 8192, BestNs([&] { UnpackBits(bytes, 13, 1024, uint64_t{7}, values.data()); }, 2000));
    rate("unpack u32, width 13", 4096, BestNs([&] { UnpackBits(bytes, 13, 1024, uint32_t{7}, narrow.data()); }, 2000));
    rate("unpack u64 and prefix sum", 8192,
         BestNs(
             [&] {
               UnpackBits(bytes, 13, 1024, uint64_t{7}, values.data());
               PrefixSum(1, absl::MakeSpan(values));
             },
             2000));
    std::vector<std::byte> planes(1 << 15), rows(1 << 15);
    for (const unsigned width : {2u, 4u, 8u}) {
      rate("unsplit bytes", planes.size(),
           BestNs([&] { UnsplitBytes(planes.data(), planes.size() / width, width, rows.data()); }, 500));
    }
  });
}

}  // namespace
}  // namespace cortex::simd
