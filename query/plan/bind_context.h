// What binding needs besides the tree: parameters and the moment that NOW() names.
#ifndef CORTEX_QUERY_PLAN_BIND_CONTEXT_H_
#define CORTEX_QUERY_PLAN_BIND_CONTEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "storage/column/column.h"

namespace cortex::query {

struct BindParameter {
  std::string name;               // empty: positional
  const Column* value = nullptr;  // one row; borrowed while binding
};

struct BindContext {
  std::vector<BindParameter> parameters;
  int64_t now_ns = 0;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_BIND_CONTEXT_H_
