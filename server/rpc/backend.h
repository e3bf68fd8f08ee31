// What all services stand on.

#ifndef NASCENT_SERVER_RPC_BACKEND_H_
#define NASCENT_SERVER_RPC_BACKEND_H_

#include "server/artifact/artifact_store.h"
#include "server/engine/coordinator.h"
#include "server/engine/executor.h"
#include "server/rpc/seats.h"
#include "server/rpc/timer.h"
#include "server/storage/trial_store.h"

namespace nascent::rpc {

// Pointers outlive the services.
struct Backend {
  engine::Coordinator* coordinator = nullptr;
  storage::TrialStore* store = nullptr;
  artifact::ArtifactStore* artifacts = nullptr;
  // For what blocks or computes: reads of the store, validation, networks. Bounded.
  engine::Executor* work = nullptr;
  // For the bytes of artifacts, so that a slow disk holds up nothing else. Bounded.
  engine::Executor* files = nullptr;
  // For watches and for artifacts on their way.
  Seats* streams = nullptr;
  Timer* timer = nullptr;
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_BACKEND_H_
