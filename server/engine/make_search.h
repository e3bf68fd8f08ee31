// A search as the engine holds it, from what was submitted or stored.

#ifndef NASCENT_SERVER_ENGINE_MAKE_SEARCH_H_
#define NASCENT_SERVER_ENGINE_MAKE_SEARCH_H_

#include <memory>

#include "absl/status/statusor.h"
#include "server/engine/engine_parts.h"

namespace nascent::engine {

// Makes the search with its strategy. INVALID_ARGUMENT where the strategy refuses the search.
absl::StatusOr<std::unique_ptr<ActiveSearch>> MakeSearch(EngineParts& parts,
                                                         storage::SearchRecord record,
                                                         std::shared_ptr<CandidateMaker> maker);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_MAKE_SEARCH_H_
