#include "tools/codec_report/methods.h"

#include <zfp.h>

#include <string>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/codec_registry.h"
#include "codecs/encoding_chooser.h"
#include "codecs/simd/unpack_kernels.h"
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

 private:
  const EncodingEffort effort_;
  EncodingId encoding_ = EncodingId::kPlain;
};

class Zstd final : public Method {
 public:
  Zstd(int level, bool split) : level_(level), split_(split) {}

  std::string name() const override { return (split_ ? "byte split + zstd-" : "zstd-") + std::to_string(level_); }
  bool Holds(ValueShape shape) const override { return !split_ || WidthOf(shape.type) > 1; }

  absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) override {
    *note = "-";
    if (!split_) return AppendZstdFrame({rows.fixed, rows.byte_size()}, level_, bytes);
    std::string planes(rows.byte_size(), '\0');
    simd::SplitBytes(rows.fixed, size_t{rows.row_count} * rows.shape.values_per_row, WidthOf(rows.shape.type),
                     reinterpret_cast<std::byte*>(planes.data()));
    return AppendZstdFrame(AsBytes(planes), level_, bytes);
  }

  absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) override {
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
  const int level_;
  const bool split_;
};

class Zfp final : public Method {
 public:
  std::string name() const override { return "zfp reversible"; }
  bool Holds(ValueShape shape) const override {
    return shape.type == PhysicalType::kFloat32 || shape.type == PhysicalType::kFloat64;
  }

  absl::Status Encode(const ValueSpan& rows, std::string* bytes, std::string* note) override {
    *note = "-";
    // zfp takes a pointer to values it may change, but compression does not.
    const Field field(rows.shape, rows.row_count, const_cast<std::byte*>(rows.fixed));
    const Stream stream(nullptr, 0);
    bytes->resize(zfp_stream_maximum_size(stream.get(), field.get()));
    const Stream sized(bytes->data(), bytes->size());
    const size_t size = zfp_compress(sized.get(), field.get());
    if (size == 0) return absl::InternalError("zfp cannot compress the column");
    bytes->resize(size);
    return absl::OkStatus();
  }

  absl::Status Decode(std::string_view bytes, ValueShape shape, uint32_t rows, ValueBuffer* out) override {
    const Field field(shape, rows, out->ExtendFixed(rows));
    const Stream stream(const_cast<char*>(bytes.data()), bytes.size());
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
    Stream(char* bytes, size_t size)
        : bits_(stream_open(bytes, size)), stream_(zfp_stream_open(bits_)) {
      zfp_stream_set_reversible(stream_);
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
};

}  // namespace

std::vector<std::unique_ptr<Method>> OurLosslessMethods() {
  std::vector<std::unique_ptr<Method>> methods;
  methods.push_back(std::make_unique<Ours>(EncodingEffort::kLight));
  methods.push_back(std::make_unique<Ours>(EncodingEffort::kHeavy));
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

}  // namespace cortex::codec_report
