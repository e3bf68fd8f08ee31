// Takes a coordinator's place: everything that was going on is read from the store.

#ifndef NASCENT_SERVER_ENGINE_LOADER_H_
#define NASCENT_SERVER_ENGINE_LOADER_H_

#include "absl/status/status.h"
#include "server/engine/engine_parts.h"

namespace nascent::engine {

// Loads the workers and every search that has not ended, and replays their strategies from their
// logs. A search that this version can't carry on is planned to end as FAILED.
absl::Status LoadModel(EngineParts& parts);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_LOADER_H_
