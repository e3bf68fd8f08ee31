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
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  if (status.ok() || !status.error_message().empty()) return {code, status.error_message()};
  // gRPC's own answers to a call or a message that it can't read have no text.
  return {code, "the other end gave no reason; it may be of another version than this program"};
}

}  // namespace nascent::rpc
