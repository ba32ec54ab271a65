#include "storage/column/string_dictionary.h"

#include <utility>

namespace cortex {
namespace {

class OwnedDictionary final : public StringDictionary {
 public:
  explicit OwnedDictionary(ValueBuffer entries) : entries_(std::move(entries)) {}

  uint32_t size() const override { return entries_.row_count(); }
  std::string_view At(uint32_t code) const override { return entries_.StringAt(code); }
  std::optional<uint32_t> Find(std::string_view value) const override {
    for (uint32_t code = 0; code < size(); ++code) {
      if (At(code) == value) return code;
    }
    return std::nullopt;
  }

 private:
  const ValueBuffer entries_;
};

}  // namespace

std::shared_ptr<const StringDictionary> MakeStringDictionary(ValueBuffer entries) {
  return std::make_shared<OwnedDictionary>(std::move(entries));
}

}  // namespace cortex
