#include "tools/client/json_value.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::client {
namespace {

constexpr int kMaxDepth = 4;

void AppendUtf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    *out += static_cast<char>(point);
  } else if (point < 0x800) {
    *out += static_cast<char>(0xC0 | point >> 6);
    *out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    *out += static_cast<char>(0xE0 | point >> 12);
    *out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | point >> 18);
    *out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    *out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  absl::StatusOr<JsonValue> Parse() {
    ASSIGN_OR_RETURN(JsonValue value, Value(0));
    SkipSpace();
    if (at_ != text_.size()) return Bad("text after the value");
    return value;
  }

 private:
  absl::Status Bad(std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrFormat("not JSON: %s at byte %d", what, at_));
  }
  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) ++at_;
  }
  bool Accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  absl::StatusOr<JsonValue> Value(int depth) {
    SkipSpace();
    JsonValue value;
    if (Accept("null")) return value;
    if (Accept("true") || Accept("false")) {
      value.kind = JsonValue::Kind::kBool;
      value.boolean = text_[at_ - 2] == 'u';  // tr-u-e, fal-s-e
      return value;
    }
    if (at_ < text_.size() && text_[at_] == '"') return String();
    if (at_ < text_.size() && text_[at_] == '[') return Array(depth);
    return Number();
  }

  absl::StatusOr<JsonValue> Number() {
    const size_t start = at_;
    for (std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (Accept(word)) return JsonValue{JsonValue::Kind::kNumber, false, std::string(word), {}};
    }
    while (at_ < text_.size() && std::string_view("+-.eE0123456789").find(text_[at_]) != std::string_view::npos) ++at_;
    if (at_ == start) return Bad("expected a value");
    return JsonValue{JsonValue::Kind::kNumber, false, std::string(text_.substr(start, at_ - start)), {}};
  }

  absl::StatusOr<JsonValue> Array(int depth) {
    if (depth == kMaxDepth) return Bad("arrays nested too deeply");
    ++at_;
    JsonValue array;
    array.kind = JsonValue::Kind::kArray;
    SkipSpace();
    if (Accept("]")) return array;
    while (true) {
      ASSIGN_OR_RETURN(JsonValue item, Value(depth + 1));
      array.items.push_back(std::move(item));
      SkipSpace();
      if (Accept("]")) return array;
      if (!Accept(",")) return Bad("expected , or ]");
    }
  }

  absl::StatusOr<JsonValue> String() {
    ++at_;
    JsonValue string;
    string.kind = JsonValue::Kind::kString;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<uint8_t>(text_[at_]) < 0x20) return Bad("control character in a string");
      if (text_[at_] != '\\') {
        string.text += text_[at_++];
        continue;
      }
      ++at_;
      RETURN_IF_ERROR(Escape(&string.text));
    }
    if (!Accept("\"")) return Bad("unterminated string");
    return string;
  }

  absl::Status Escape(std::string* out) {
    static constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    if (at_ == text_.size()) return Bad("unterminated string");
    const char c = text_[at_++];
    if (const size_t i = kFrom.find(c); i != std::string_view::npos) {
      *out += kTo[i];
      return absl::OkStatus();
    }
    if (c != 'u') return Bad("unknown escape");
    ASSIGN_OR_RETURN(uint32_t point, FourHexDigits());
    if (point >= 0xD800 && point < 0xDC00) {  // first half of a surrogate pair
      if (!Accept("\\u")) return Bad("half of a surrogate pair");
      ASSIGN_OR_RETURN(const uint32_t low, FourHexDigits());
      if (low < 0xDC00 || low > 0xDFFF) return Bad("half of a surrogate pair");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    } else if (point >= 0xDC00 && point < 0xE000) {
      return Bad("half of a surrogate pair");
    }
    AppendUtf8(point, out);
    return absl::OkStatus();
  }

  absl::StatusOr<uint32_t> FourHexDigits() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == text_.size()) return Bad("unterminated string");
      const char c = text_[at_];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) return Bad("expected a hex digit");
      value = value << 4 | static_cast<uint32_t>(digit);
    }
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<JsonValue> ParseJson(std::string_view text) { return JsonParser(text).Parse(); }

std::string QuoteJson(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      out += absl::StrFormat("\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace cortex::client
