#include "tools/client/csv_reader.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex::client {

absl::StatusOr<bool> CsvReader::Next(std::vector<CsvField>* fields) {
  fields->clear();
  if (at_ == text_.size()) return false;
  record_line_ = line_;
  while (true) {
    CsvField field;
    RETURN_IF_ERROR(ReadField(&field));
    fields->push_back(std::move(field));
    if (at_ == text_.size()) return true;
    const char separator = text_[at_++];
    if (separator == ',') continue;
    if (separator == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
    ++line_;
    return true;
  }
}

absl::Status CsvReader::ReadField(CsvField* field) {
  if (at_ < text_.size() && text_[at_] == '"') {
    field->quoted = true;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      }
      if (c == '\n') ++line_;
      field->text += c;
    }
    if (at_ == text_.size()) {
      return absl::InvalidArgumentError(absl::StrFormat("CSV line %d: quote is never closed", record_line_));
    }
    ++at_;
    if (at_ < text_.size() && std::string_view(",\r\n").find(text_[at_]) == std::string_view::npos) {
      return absl::InvalidArgumentError(absl::StrFormat("CSV line %d: text after a closing quote", line_));
    }
    return absl::OkStatus();
  }
  size_t end = text_.find_first_of(",\r\n", at_);
  if (end == std::string_view::npos) end = text_.size();
  field->text = text_.substr(at_, end - at_);
  at_ = end;
  return absl::OkStatus();
}

}  // namespace cortex::client
