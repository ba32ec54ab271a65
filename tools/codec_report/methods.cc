#include "tools/codec_report/methods.h"

#include <zfp.h>

#include <cmath>
#include <cstring>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "codecs/codec_registry.h"
#include "codecs/encoding_chooser.h"
#include "codecs/simd/unpack_kernels.h"
#include "codecs/sketched.h"
#include "codecs/zptv_codec.h"
#include "codecs/zstd_frame.h"

namespace cortex::codec_report {
namespace {

class Ours final : public Method {
 public:
  explicit Ours(EncodingEffort effort) : effort_(effort) {}

  std::string name() const override { return effort_ == EncodingEffort::kLight ? "warm" : "cold"; }

  absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) override {
    ASSIGN_OR_RETURN(EncodedBytes encoded, EncodeChunk(rows, Compression::kAuto, effort_));
    *note = std::string(EncodingName(encoded.encoding));
    encoding_ = encoded.encoding;
    *bytes = std::move(encoded.bytes);
    return absl::OkStatus();
  }

  absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) override {
    const MemorySource source(AsBytes(bytes));
    ASSIGN_OR_RETURN(const auto chunk, OpenChunk(encoding_, &source, shape, rows));
    return chunk->Decode(0, rows, out);
  }

  absl::StatusOr<bool> ReadRows(std::string_view bytes, ValueShape shape, uint32_t rows,
                                absl::Span<const uint32_t> picked, ValueBuffer* out) override {
    const MemorySource source(AsBytes(bytes));
    ASSIGN_OR_RETURN(const auto chunk, OpenChunk(encoding_, &source, shape, rows));
    for (const uint32_t row : picked) RETURN_IF_ERROR(chunk->Gather({row}, out));
    return true;
  }

 private:
  const EncodingEffort effort_;
  EncodingId encoding_ = EncodingId::kPlain;
};

// Wide floats with their sketch as base layer, whatever it costs.
class Sketch final : public Method {
 public:
  std::string name() const override { return "cold + sketch"; }
  bool Holds(ValueShape shape) const override { return IsFloat(shape.type) && shape.values_per_row >= 64; }

  absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) override {
    *note = std::string(EncodingName(EncodingId::kSketched));
    return SketchedCodec()->Encode(rows, EncodingEffort::kHeavy, bytes);
  }

  absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) override {
    const MemorySource source(AsBytes(bytes));
    ASSIGN_OR_RETURN(const auto chunk, SketchedCodec()->Open(&source, shape, rows));
    return chunk->Decode(0, rows, out);
  }
};

class Zstd final : public Method {
 public:
  Zstd(int level, bool split) : level_(level), split_(split) {}

  std::string name() const override { return (split_ ? "byte split + zstd-" : "zstd-") + std::to_string(level_); }
  bool Holds(ValueShape shape) const override { return !split_ || WidthOf(shape.type) > 1; }

  absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) override {
    *note = "-";
    if (rows.shape.type == PhysicalType::kBytes) {
      const std::string raw = StringBytes(rows);
      string_bytes_ = raw.size();
      return AppendZstdFrame(AsBytes(raw), level_, bytes);
    }
    if (!split_) return AppendZstdFrame({rows.fixed, rows.byte_size()}, level_, bytes);
    std::string planes(rows.byte_size(), '\0');
    simd::SplitBytes(rows.fixed, size_t{rows.row_count} * rows.shape.values_per_row, WidthOf(rows.shape.type),
                     reinterpret_cast<std::byte*>(planes.data()));
    return AppendZstdFrame(AsBytes(planes), level_, bytes);
  }

  absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) override {
    if (shape.type == PhysicalType::kBytes) return DecodeStrings(bytes, rows, out);
    const size_t size = size_t{rows} * shape.row_bytes();
    std::byte* to = out->ExtendFixed(rows);
    if (!split_) return DecodeZstdFrame(AsBytes(bytes), {to, size});
    std::string planes(size, '\0');
    RETURN_IF_ERROR(
        DecodeZstdFrame(AsBytes(bytes), {reinterpret_cast<std::byte*>(planes.data()), planes.size()}));
    simd::UnsplitBytes(AsBytes(planes).data(), size_t{rows} * shape.values_per_row, WidthOf(shape.type), to);
    return absl::OkStatus();
  }

 private:
  // Strings: all lengths, their bytes grouped by significance, then the text.
  static std::string StringBytes(const ValueSpan& rows) {
    std::vector<uint32_t> lengths(rows.row_count);
    for (uint32_t row = 0; row < rows.row_count; ++row) lengths[row] = static_cast<uint32_t>(rows.StringAt(row).size());
    std::string bytes(lengths.size() * sizeof(uint32_t), '\0');
    simd::SplitBytes(reinterpret_cast<const std::byte*>(lengths.data()), lengths.size(), sizeof(uint32_t),
                     reinterpret_cast<std::byte*>(bytes.data()));
    return bytes.append(rows.bytes + rows.offsets[0], rows.offsets[rows.row_count] - rows.offsets[0]);
  }

  absl::Status DecodeStrings(std::string_view frame, uint32_t rows, ValueBuffer* out) const {
    std::string bytes(string_bytes_, '\0');
    RETURN_IF_ERROR(DecodeZstdFrame(AsBytes(frame), {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()}));
    std::vector<uint32_t> lengths(rows);
    simd::UnsplitBytes(AsBytes(bytes).data(), rows, sizeof(uint32_t), reinterpret_cast<std::byte*>(lengths.data()));
    size_t at = rows * sizeof(uint32_t);
    for (const uint32_t length : lengths) {
      out->AppendString(std::string_view(bytes).substr(at, length));
      at += length;
    }
    return absl::OkStatus();
  }

  const int level_;
  const bool split_;
  size_t string_bytes_ = 0;  // of the chunk encoded last
};

class Bounded final : public Method {
 public:
  Bounded(ZptvContract contract, bool is_complex) : options_{.contract = contract, .is_complex = is_complex} {}

  std::string name() const override { return "zptv"; }
  bool Holds(ValueShape shape) const override { return IsFloat(shape.type); }

  absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) override {
    ASSIGN_OR_RETURN(const ZptvError error, EncodeZptv(rows, options_, bytes));
    *note = absl::StrFormat("%.3g/%.3g", error.max, error.rms);
    return absl::OkStatus();
  }

  absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) override {
    const MemorySource source(AsBytes(bytes));
    ASSIGN_OR_RETURN(const auto chunk, OpenChunk(EncodingId::kZptv, &source, shape, rows));
    return chunk->Decode(0, rows, out);
  }

 private:
  const ZptvOptions options_;
};

class Zfp final : public Method {
 public:
  // Without a tolerance: reversible.
  explicit Zfp(double tolerance = 0) : tolerance_(tolerance) {}

  std::string name() const override {
    return tolerance_ == 0 ? "zfp reversible" : absl::StrFormat("zfp %.3g", tolerance_);
  }
  bool Holds(ValueShape shape) const override {
    return shape.type == PhysicalType::kFloat32 || shape.type == PhysicalType::kFloat64;
  }

  absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) override {
    *note = "-";
    // zfp takes a pointer to values it may change, but compression does not.
    const Field field(rows.shape, rows.row_count, const_cast<std::byte*>(rows.fixed));
    const Stream stream(tolerance_, nullptr, 0);
    bytes->resize(zfp_stream_maximum_size(stream.get(), field.get()));
    const Stream sized(tolerance_, bytes->data(), bytes->size());
    const size_t size = zfp_compress(sized.get(), field.get());
    if (size == 0) return absl::InternalError("zfp cannot compress the column");
    bytes->resize(size);
    return absl::OkStatus();
  }

  absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) override {
    const Field field(shape, rows, out->ExtendFixed(rows));
    const Stream stream(tolerance_, const_cast<char*>(bytes.data()), bytes.size());
    if (zfp_decompress(stream.get(), field.get()) == 0) return absl::InternalError("zfp cannot decompress its bytes");
    return absl::OkStatus();
  }

 private:
  // The rows as zfp sees them: a line of scalars, or rows by values.
  class Field {
   public:
    Field(ValueShape shape, uint32_t rows, std::byte* values)
        : field_(shape.values_per_row == 1 ? zfp_field_1d(values, Type(shape), rows)
                                           : zfp_field_2d(values, Type(shape), shape.values_per_row, rows)) {}
    ~Field() { zfp_field_free(field_); }
    Field(const Field&) = delete;
    Field& operator=(const Field&) = delete;
    zfp_field* get() const { return field_; }

   private:
    static zfp_type Type(ValueShape shape) {
      return shape.type == PhysicalType::kFloat32 ? zfp_type_float : zfp_type_double;
    }
    zfp_field* field_;
  };

  class Stream {
   public:
    Stream(double tolerance, char* bytes, size_t size)
        : bits_(stream_open(bytes, size)), stream_(zfp_stream_open(bits_)) {
      if (tolerance == 0) {
        zfp_stream_set_reversible(stream_);
      } else {
        zfp_stream_set_accuracy(stream_, tolerance);
      }
      zfp_stream_rewind(stream_);
    }
    ~Stream() {
      zfp_stream_close(stream_);
      stream_close(bits_);
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    zfp_stream* get() const { return stream_; }

   private:
    bitstream* bits_;
    zfp_stream* stream_;
  };

  const double tolerance_;
};

double RootMeanSquare(const ValueSpan& rows) {
  const size_t values = size_t{rows.row_count} * rows.shape.values_per_row;
  double squares = 0, count = 0;
  for (size_t i = 0; i < values; ++i) {
    double value;
    if (rows.shape.type == PhysicalType::kFloat32) {
      float narrow;
      std::memcpy(&narrow, rows.fixed + i * sizeof(narrow), sizeof(narrow));
      value = narrow;
    } else {
      std::memcpy(&value, rows.fixed + i * sizeof(value), sizeof(value));
    }
    if (!std::isfinite(value)) continue;
    squares += value * value;
    ++count;
  }
  return count == 0 ? 0 : std::sqrt(squares / count);
}

}  // namespace

std::vector<std::unique_ptr<Method>> OurLosslessMethods() {
  std::vector<std::unique_ptr<Method>> methods;
  methods.push_back(std::make_unique<Ours>(EncodingEffort::kLight));
  methods.push_back(std::make_unique<Ours>(EncodingEffort::kHeavy));
  methods.push_back(std::make_unique<Sketch>());
  return methods;
}

std::vector<std::unique_ptr<Method>> LosslessRivals() {
  std::vector<std::unique_ptr<Method>> methods;
  methods.push_back(std::make_unique<Zstd>(3, false));
  methods.push_back(std::make_unique<Zstd>(19, false));
  methods.push_back(std::make_unique<Zstd>(3, true));
  methods.push_back(std::make_unique<Zfp>());
  return methods;
}

absl::StatusOr<ZptvContract> ParseContract(std::string_view text) {
  using enum ZptvContract::Kind;
  constexpr std::pair<std::string_view, ZptvContract::Kind> kNames[] = {
      {"abs", kAbs}, {"rms", kRms}, {"row_l2", kRowL2}, {"point", kPoint}, {"phase16", kPhase16}};
  if (text == "lossless") return ZptvContract{};
  const size_t equals = text.find('=');
  for (const auto& [name, kind] : kNames) {
    ZptvContract contract{kind, 0};
    if (text.substr(0, equals) != name || equals == std::string_view::npos) continue;
    if (!absl::SimpleAtod(AbslView(text.substr(equals + 1)), &contract.bound)) break;
    return contract;
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "contract is not lossless or one of abs, rms, row_l2, point, phase16 with a bound, as in rms=1e-3: %s", text));
}

std::unique_ptr<Method> ContractMethod(ZptvContract contract, bool is_complex) {
  return std::make_unique<Bounded>(contract, is_complex);
}

std::unique_ptr<Method> ContractRival(ZptvContract contract, const ValueSpan& rows) {
  using enum ZptvContract::Kind;
  if (contract.kind != kAbs && contract.kind != kRms && contract.kind != kRowL2) return nullptr;
  if (rows.shape.type != PhysicalType::kFloat32 && rows.shape.type != PhysicalType::kFloat64) return nullptr;
  return std::make_unique<Zfp>(contract.kind == kAbs ? contract.bound : contract.bound * RootMeanSquare(rows));
}

}  // namespace cortex::codec_report
