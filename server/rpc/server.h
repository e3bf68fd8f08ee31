// The gRPC server with all services, health and reflection.

#ifndef NASCENT_SERVER_RPC_SERVER_H_
#define NASCENT_SERVER_RPC_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "server/rpc/artifact_service.h"
#include "server/rpc/backend.h"
#include "server/rpc/search_service.h"
#include "server/rpc/worker_service.h"

namespace nascent::rpc {

class Server {
 public:
  // Listens on `address` (HOST:PORT; port 0 picks a free one). UNAVAILABLE: the port is in use or
  // the address is not this machine's.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const std::string& address,
                                                       const Backend& backend);
  // Cancels what still runs.
  ~Server();

  int port() const { return port_; }
  // Health: SERVING on the active coordinator, NOT_SERVING on a standby and while draining.
  void SetServing(bool serving);
  // Takes no new calls; what runs is cancelled after `grace`.
  void Shutdown(absl::Duration grace);

 private:
  explicit Server(const Backend& backend)
      : searches_(backend), workers_(backend), artifacts_(backend) {}

  SearchService searches_;
  WorkerService workers_;
  ArtifactService artifacts_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_SERVER_H_
