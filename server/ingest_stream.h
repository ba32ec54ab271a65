// Ingest over one bidirectional stream: batches in, acknowledgements in the same order and byte credits out.
//
// One batch at a time is decoded, any number wait for their commit. Reading stops while more than the window is
// unacknowledged, so a client that ignores its credits meets HTTP/2 back-pressure, not an error. The first refused
// batch ends the stream: what was queued before it is acknowledged first.
#ifndef CORTEX_SERVER_INGEST_STREAM_H_
#define CORTEX_SERVER_INGEST_STREAM_H_

#include <grpcpp/support/server_callback.h>

#include <set>

#include "cortex/datastore/v1/ingest_service.pb.h"
#include "server/definition_proto.h"
#include "storage/runtime/mutex.h"

namespace cortex {

struct ServerCore;
class IngestStream;

// The streams that are open, so that a draining server can end them. Thread-safe.
class IngestStreams {
 public:
  grpc::ServerBidiReactor<wire::IngestStreamRequest, wire::IngestStreamResponse>* Open(const ServerCore& core);
  // Every open stream stops reading, acknowledges what it has and ends with UNAVAILABLE.
  void Drain();

 private:
  friend class IngestStream;
  void Close(IngestStream* stream);

  Mutex mutex_;  // guards the set; a stream's own mutex may be taken under it
  std::set<IngestStream*> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex

#endif  // CORTEX_SERVER_INGEST_STREAM_H_
