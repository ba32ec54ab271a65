#include "tools/cortexctl/text_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/client/json_value.h"

namespace cortex::ctl {
namespace {

using client::TextStyle;

constexpr size_t kRowsPerPage = 1'000;

// Columns on the screen: every byte but UTF-8 continuation bytes counts as one.
size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Line breaks and other control characters would tear the table apart.
std::string OneLine(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return out;
}

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace

TextStyle ParseStyle(std::string_view name) {
  if (name == "csv") return TextStyle::kCsv;
  if (name == "json") return TextStyle::kJson;
  return TextStyle::kTable;
}

TextTable::TextTable(TextStyle style, std::vector<std::string> names, std::vector<bool> right_aligned)
    : style_(style), names_(std::move(names)), right_aligned_(std::move(right_aligned)) {}

void TextTable::AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string TextTable::TakeText() {
  if (style_ == TextStyle::kTable && rows_.size() < kRowsPerPage) return "";
  return Finish();
}

std::string TextTable::Finish() {
  if (style_ == TextStyle::kTable) return Aligned();
  std::string out;
  if (style_ == TextStyle::kCsv && !header_printed_) {
    for (size_t i = 0; i < names_.size(); ++i) absl::StrAppend(&out, i > 0 ? "," : "", CsvField(names_[i]));
    if (!names_.empty()) out += "\n";
  }
  header_printed_ = true;
  for (const std::vector<std::string>& row : rows_) {
    if (style_ == TextStyle::kJson) out += "{";
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) out += ",";
      out += style_ == TextStyle::kJson ? client::QuoteJson(names_[i]) + ":" + row[i] : CsvField(row[i]);
    }
    out += style_ == TextStyle::kJson ? "}\n" : "\n";
  }
  rows_.clear();
  return out;
}

std::string TextTable::Aligned() {
  std::vector<size_t> widths;
  for (const std::string& name : names_) widths.push_back(DisplayWidth(name));
  for (std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = OneLine(row[i]);
      widths[i] = std::max(widths[i], DisplayWidth(row[i]));
    }
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - DisplayWidth(cells[i]), ' ');
      if (i > 0) text += "  ";
      text += right_aligned_[i] ? padding + cells[i] : cells[i] + padding;
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  if (!header_printed_ && !names_.empty()) {
    line(names_);
    std::vector<std::string> rules;
    for (const size_t width : widths) rules.emplace_back(width, '-');
    line(rules);
  }
  header_printed_ = true;
  for (const std::vector<std::string>& row : rows_) line(row);
  rows_.clear();
  return out;
}

std::string TextCell(TextStyle style, std::string_view text) {
  return style == TextStyle::kJson ? client::QuoteJson(text) : std::string(text);
}

std::string NumberCell(double value, int digits) { return absl::StrFormat("%.*f", digits, value); }

std::string CountCell(TextStyle style, uint64_t value) {
  const std::string digits = absl::StrFormat("%d", value);
  if (style != TextStyle::kTable) return digits;
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string BytesCell(TextStyle style, double bytes) {
  if (style != TextStyle::kTable) return absl::StrFormat("%.0f", bytes);
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(kUnits); bytes /= 1000) ++unit;
  return absl::StrFormat("%.*f %s", unit == 0 ? 0 : 1, bytes, kUnits[unit]);
}

}  // namespace cortex::ctl
