// Whether the log of a search can be replayed.

#ifndef NASCENT_SERVER_ENGINE_TESTING_REPLAY_CHECK_H_
#define NASCENT_SERVER_ENGINE_TESTING_REPLAY_CHECK_H_

#include <cstdint>

#include "server/engine/resolve/resolve_search.h"
#include "server/storage/trial_store.h"

namespace nascent::engine::testing {

// Expects each proposal in the log to equal a fresh strategy's, given the log before it. No
// genotype of the search was enqueued by a program.
void CheckReplay(storage::TrialStore& store, int64_t search, const Surroundings& surroundings);

}  // namespace nascent::engine::testing

#endif  // NASCENT_SERVER_ENGINE_TESTING_REPLAY_CHECK_H_
