// Calls with bytes of the test's choice.

#ifndef NASCENT_TESTS_SUPPORT_RAW_CALL_H_
#define NASCENT_TESTS_SUPPORT_RAW_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

namespace nascent::testing {

struct RawAnswer {
  grpc::Status status;
  std::string bytes;
};

// Calls "/package.Service/Method" with `request` as the message's bytes.
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::string& request);

// Whether the server answers grpc.health.v1.Health.Check with SERVING.
bool SaysServing(const std::shared_ptr<grpc::Channel>& channel);

}  // namespace nascent::testing

#endif  // NASCENT_TESTS_SUPPORT_RAW_CALL_H_
