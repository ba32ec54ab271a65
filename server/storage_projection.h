// How much memory and disk a number of entities would need: a pure formula over stated assumptions.
//
//   bytes per entity = metadata + vectors x vector_dimension x vector_component_bytes + field_dimension x
//                      field_component_bytes
//   raw              = entities x bytes per entity
//   hot, warm, cold  = raw x fraction / compression of the tier (1 for hot)
//   memory           = hot + warm_memory_fraction x warm;   disk = warm + cold
#ifndef CORTEX_SERVER_STORAGE_PROJECTION_H_
#define CORTEX_SERVER_STORAGE_PROJECTION_H_

#include <optional>

#include "absl/status/status.h"
#include "cortex/datastore/v1/stats_service.pb.h"
#include "server/definition_proto.h"

namespace cortex {

// Raw bytes per stored byte as measured on this server; nullopt where a tier is empty.
struct MeasuredRatios {
  std::optional<double> warm;
  std::optional<double> cold;
};

// Fills the whole response. `measured` is used only if the request asks for it. Errors: INVALID_ARGUMENT naming the
// constant that is out of range.
absl::Status ProjectStorage(const wire::ProjectStorageRequest& request, const MeasuredRatios& measured,
                            wire::ProjectStorageResponse* response);

}  // namespace cortex

#endif  // CORTEX_SERVER_STORAGE_PROJECTION_H_
