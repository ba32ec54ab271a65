// Types, table definitions and changes of them: wire <-> storage.
#ifndef CORTEX_SERVER_DEFINITION_PROTO_H_
#define CORTEX_SERVER_DEFINITION_PROTO_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cortex/datastore/v1/catalog_service.pb.h"
#include "cortex/datastore/v1/types.pb.h"
#include "storage/column/schema.h"
#include "storage/column/schema_change.h"
#include "storage/segment_view.h"

namespace cortex {

namespace wire = datastore::v1;  // the public protocol

// Errors: INVALID_ARGUMENT for kinds and lengths no type has.
absl::StatusOr<DataType> TypeFromProto(const wire::DataType& proto);
void TypeToProto(const DataType& type, wire::DataType* proto);

// Errors: INVALID_ARGUMENT naming the field. The result is not yet validated as a whole:
// Database::CreateTable does that.
absl::StatusOr<TableDefinition> DefinitionFromProto(const wire::TableDefinition& proto);
void DefinitionToProto(const TableDefinition& definition, wire::TableDefinition* proto);

// One change of a table. Errors as above; FAILED_PRECONDITION and NOT_FOUND come when it is made.
absl::StatusOr<TableChange> ChangeFromProto(const wire::AlterTableRequest& proto);

// `unspecified` is what TIER_UNSPECIFIED means here; nullopt: refused. Errors: INVALID_ARGUMENT naming `field`.
absl::StatusOr<Tier> TierFromProto(int tier, std::optional<Tier> unspecified, std::string_view field);
wire::Tier TierToProto(Tier tier);

void ContractToProto(const ZptvContract& contract, wire::ZptvContract* out);

}  // namespace cortex

#endif  // CORTEX_SERVER_DEFINITION_PROTO_H_
