#include "common/rpc/status.h"

#include <string>

namespace nascent::rpc {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = absl::IsUnknown(status)
                        ? grpc::StatusCode::UNAVAILABLE
                        : static_cast<grpc::StatusCode>(static_cast<int>(status.code()));
  return grpc::Status(code, std::string(status.message()));
}

absl::Status FromGrpc(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

}  // namespace nascent::rpc
