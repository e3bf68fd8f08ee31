// A gRPC client that knows nothing but an address: it learns services and messages by reflection.

#ifndef NASCENT_TESTS_SUPPORT_GENERIC_CLIENT_H_
#define NASCENT_TESTS_SUPPORT_GENERIC_CLIENT_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

namespace nascent::testing {

// What fails throws.
class GenericClient {
 public:
  explicit GenericClient(std::shared_ptr<grpc::Channel> channel);

  std::vector<std::string> Services();
  // Calls a method with a request in JSON; each answer (one, or all of a stream) in JSON.
  std::vector<std::string> Call(const std::string& service, const std::string& method,
                                const std::string& request);

 private:
  void LoadFileOf(const std::string& symbol);

  std::shared_ptr<grpc::Channel> channel_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory messages_{&pool_};
};

}  // namespace nascent::testing

#endif  // NASCENT_TESTS_SUPPORT_GENERIC_CLIENT_H_
