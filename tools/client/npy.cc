#include "tools/client/npy.h"

#include <charconv>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"

namespace cortex::client {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxHeaderBytes = 1 << 16;  // NumPy itself writes about 120

// The header is a Python dict literal with exactly three keys. This walks it left to right; anything else is refused.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  absl::Status Parse(NpyHeader* header) {
    RETURN_IF_ERROR(Expect('{'));
    while (!Accept('}')) {
      ASSIGN_OR_RETURN(const std::string_view key, Quoted());
      RETURN_IF_ERROR(Expect(':'));
      RETURN_IF_ERROR(Value(key, header));
      if (!Accept(',')) {
        RETURN_IF_ERROR(Expect('}'));
        break;
      }
    }
    if (descr_.empty() || !has_order_ || !has_shape_) return Bad("a key is missing");
    return DecodeDtype(header);
  }

 private:
  static absl::Status Bad(std::string_view what) {
    return absl::DataLossError(absl::StrFormat("npy header is damaged: %s", what));
  }

  void SkipSpace() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool Accept(char c) {
    SkipSpace();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  absl::Status Expect(char c) { return Accept(c) ? absl::OkStatus() : Bad(absl::StrFormat("expected %c", c)); }

  absl::StatusOr<std::string_view> Quoted() {
    RETURN_IF_ERROR(Expect('\''));
    const size_t end = text_.find('\'');
    if (end == std::string_view::npos) return Bad("unterminated string");
    const std::string_view value = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return value;
  }

  absl::Status Value(std::string_view key, NpyHeader* header) {
    if (key == "descr") {
      SkipSpace();
      if (!text_.empty() && text_[0] == '[') {
        return absl::InvalidArgumentError("npy file holds records; save one array per column");
      }
      ASSIGN_OR_RETURN(descr_, Quoted());
      return absl::OkStatus();
    }
    if (key == "fortran_order") return Order();
    if (key == "shape") return Shape(header);
    return Bad("unknown key");
  }

  absl::Status Order() {
    SkipSpace();
    has_order_ = true;
    if (text_.substr(0, 5) == "False") {
      text_.remove_prefix(5);
      return absl::OkStatus();
    }
    if (text_.substr(0, 4) == "True") {
      return absl::InvalidArgumentError("npy file is in Fortran order; save numpy.ascontiguousarray(a)");
    }
    return Bad("fortran_order is neither True nor False");
  }

  absl::Status Shape(NpyHeader* header) {
    RETURN_IF_ERROR(Expect('('));
    has_shape_ = true;
    while (!Accept(')')) {
      SkipSpace();
      uint64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc()) return Bad("shape is not a tuple of sizes");
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      header->shape.push_back(size);
      if (!Accept(',')) {
        RETURN_IF_ERROR(Expect(')'));
        break;
      }
    }
    if (header->shape.empty() || header->shape.size() > 2) {
      return absl::InvalidArgumentError(
          absl::StrFormat("npy file has %d dimensions; a column has one, a vector column two", header->shape.size()));
    }
    return absl::OkStatus();
  }

  absl::Status DecodeDtype(NpyHeader* header) {
    if (descr_.size() < 3) return Bad("dtype is too short");
    if (descr_[0] == '>') return absl::InvalidArgumentError("npy file is big-endian; save a.astype(a.dtype.newbyteorder('<'))");
    static constexpr std::pair<std::string_view, size_t> kWidths[] = {
        {"b1", 1}, {"i1", 1}, {"i2", 2}, {"i4", 4}, {"i8", 8},  {"u1", 1},  {"u2", 2},
        {"u4", 4}, {"u8", 8}, {"f2", 2}, {"f4", 4}, {"f8", 8}, {"c8", 8}, {"c16", 16}, {"M8[ns]", 8}};
    for (const auto& [dtype, width] : kWidths) {
      if (descr_.substr(1) == dtype) {
        header->dtype = dtype;
        header->item_bytes = width;
        return absl::OkStatus();
      }
    }
    return absl::InvalidArgumentError(absl::StrFormat("npy dtype is not supported: %s", descr_));
  }

  std::string_view text_;
  std::string_view descr_;
  bool has_order_ = false;
  bool has_shape_ = false;
};

uint32_t LittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

absl::StatusOr<NpyHeader> ParseNpyHeader(std::string_view bytes) {
  if (bytes.size() < 10 || bytes.substr(0, kMagic.size()) != kMagic) return absl::DataLossError("not an npy file");
  const int version = static_cast<uint8_t>(bytes[6]);
  if (version < 1 || version > 3) return absl::InvalidArgumentError(absl::StrCat("unknown npy version: ", version));
  const size_t length_bytes = version == 1 ? 2 : 4;
  if (bytes.size() < 8 + length_bytes) return absl::DataLossError("npy header is cut off");
  const uint64_t length = LittleEndian(bytes.substr(8, length_bytes));
  const size_t start = 8 + length_bytes;
  if (length > kMaxHeaderBytes || length > bytes.size() - start) return absl::DataLossError("npy header is cut off");

  NpyHeader header;
  header.data_offset = start + length;
  RETURN_IF_ERROR(HeaderParser(bytes.substr(start, length)).Parse(&header));
  uint64_t expected = header.item_bytes;
  for (const uint64_t size : header.shape) {
    if (__builtin_mul_overflow(expected, size, &expected)) return absl::DataLossError("npy shape overflows");
  }
  if (expected != bytes.size() - header.data_offset) {
    return absl::DataLossError(absl::StrFormat("npy file holds %d bytes of data, its header says %d",
                                               bytes.size() - header.data_offset, expected));
  }
  return header;
}

absl::StatusOr<NpyFile> NpyFile::Open(const std::string& path) {
  ASSIGN_OR_RETURN(MappedInput input, MappedInput::Open(path));
  absl::StatusOr<NpyHeader> header = ParseNpyHeader(input.bytes());
  if (!header.ok()) {
    return absl::Status(header.status().code(), absl::StrCat(path, ": ", header.status().message()));
  }
  return NpyFile(std::move(input), *std::move(header));
}

std::string_view NpyFile::Rows(uint64_t begin, uint64_t count) const {
  return input_.bytes().substr(header_.data_offset + begin * row_bytes(), count * row_bytes());
}

}  // namespace cortex::client
