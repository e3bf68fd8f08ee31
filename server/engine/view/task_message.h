// A lease as the message that a worker gets.

#ifndef NASCENT_SERVER_ENGINE_VIEW_TASK_MESSAGE_H_
#define NASCENT_SERVER_ENGINE_VIEW_TASK_MESSAGE_H_

#include "absl/status/statusor.h"
#include "nascent/v1/worker_service.pb.h"
#include "server/engine/commands.h"

namespace nascent::engine {

// Builds or copies the network, so call it beside the engine's thread. INTERNAL: the network that
// was proposed can't be built any more.
absl::StatusOr<v1::LeaseResponse> MakeLeaseResponse(const LeaseGrant& grant);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_VIEW_TASK_MESSAGE_H_
