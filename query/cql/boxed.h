// Boxed<T>: an owning pointer that behaves like the value it holds. Copying copies the value, comparing compares the
// values, so a tree of boxed nodes is a regular value type. T may be incomplete where Boxed<T> is declared.
#ifndef CORTEX_QUERY_CQL_BOXED_H_
#define CORTEX_QUERY_CQL_BOXED_H_

#include <memory>
#include <utility>

namespace cortex::cql {

template <typename T>
class Boxed {
 public:
  Boxed() = default;  // empty: an optional part that is absent
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(const Boxed& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(Boxed other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }

  explicit operator bool() const { return value_ != nullptr; }
  const T& operator*() const { return *value_; }
  T& operator*() { return *value_; }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }

  friend bool operator==(const Boxed& a, const Boxed& b) {
    if (!a || !b) return !a && !b;
    return *a == *b;
  }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_BOXED_H_
