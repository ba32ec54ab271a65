// Which rows are sketched (codecs/zptv/sketch), in files and in memory alike.
#ifndef CORTEX_STORAGE_SEGMENT_SKETCH_RULE_H_
#define CORTEX_STORAGE_SEGMENT_SKETCH_RULE_H_

#include <cstdint>

#include "codecs/zptv/sketch/section.h"
#include "storage/column/data_type.h"

namespace cortex {

// Shorter rows are read as fast as their sketch.
inline constexpr uint32_t kLeastSketchComponents = 64;
// Fewer rows are read at once, and share a centroid that is larger than what they save.
inline constexpr uint32_t kLeastSketchRows = 256;

// Vectors of floats and complex values of more than one component: what distances are about.
inline bool IsFloatVector(const DataType& type) {
  return (type.is_vector() || type.is_complex()) && IsFloat(type.shape().type) && type.shape().values_per_row > 2;
}

inline bool IsSketched(const DataType& type, SketchKind kind) {
  if (!IsFloatVector(type) || (kind == SketchKind::kPolar && !type.is_complex())) return false;
  return SketchComponents(kind, type.shape()) >= kLeastSketchComponents;
}

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SKETCH_RULE_H_
