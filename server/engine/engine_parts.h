// What commands and next steps work with.

#ifndef NASCENT_SERVER_ENGINE_ENGINE_PARTS_H_
#define NASCENT_SERVER_ENGINE_ENGINE_PARTS_H_

#include <memory>
#include <utility>

#include "server/engine/batch.h"
#include "server/engine/engine_options.h"
#include "server/engine/executor.h"
#include "server/engine/lease_desk.h"
#include "server/engine/mailbox.h"
#include "server/engine/model.h"
#include "server/engine/propose/strategy_host.h"
#include "server/engine/store_clock.h"
#include "server/storage/trial_store.h"

namespace nascent::engine {

// Answers of strategies, with the ids of their searches.
using StrategyMailbox = Mailbox<std::pair<int64_t, StrategyAnswer>>;

// The parts of one engine, which owns them or is outlived by them.
struct EngineParts {
  const EngineOptions& options;
  storage::TrialStore& store;
  StoreClock& clock;
  Executor& executor;
  const std::shared_ptr<StrategyMailbox>& mailbox;
  Batch& batch;
  Model& model;
  LeaseDesk& leases;
};

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_ENGINE_PARTS_H_
