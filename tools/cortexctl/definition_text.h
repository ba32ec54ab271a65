// How the definition of a table is worded: what people read, close to what they would write in CQL.
#ifndef CORTEX_TOOLS_CORTEXCTL_DEFINITION_TEXT_H_
#define CORTEX_TOOLS_CORTEXCTL_DEFINITION_TEXT_H_

#include <cstdint>
#include <string>

#include "cortex/datastore/v1/types.pb.h"
#include "tools/cortexctl/text_table.h"

namespace cortex::ctl {

// "7 d", "90 s": the largest unit that divides it.
std::string DurationText(int64_t ms);

// Every limit of a policy: "hot for 1 h or 1,000,000 rows, warm until 7 d old, cold for ever".
std::string PolicyText(const datastore::v1::TierPolicy& policy);

// A bound as declared: "rms=0.001"; empty for lossless columns.
std::string ContractText(const datastore::v1::ZptvContract& contract);

// "dictionary", "zptv", "zptv(rms=0.001)".
std::string CompressionText(const datastore::v1::ColumnDefinition& column);

// What rows have that leave the column out; empty (in JSON null) if that is NULL or refused.
std::string DefaultCell(client::TextStyle style, const datastore::v1::ColumnDefinition& column);

}  // namespace cortex::ctl

#endif  // CORTEX_TOOLS_CORTEXCTL_DEFINITION_TEXT_H_
