#include "server/rpc/undecodable.h"

#include <google/protobuf/descriptor.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace nascent::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;

// Whether "/package.Service/Method" is one of a service that this program knows.
bool IsMethod(const std::string& path) {
  if (path.empty()) return false;
  const std::string name = absl::StrReplaceAll(path.substr(1), {{"/", "."}});
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name) != nullptr;
}

class Undecodable : public grpc::experimental::Interceptor {
 public:
  explicit Undecodable(std::string method) : method_(std::move(method)) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      // No handler of ours says so without a word; of a method that is not there it is true.
      if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED &&
          status.error_message().empty() && IsMethod(method_)) {
        methods->ModifySendStatus(grpc::Status(
            grpc::StatusCode::INVALID_ARGUMENT,
            absl::StrCat("the bytes of the request are no message that ", method_, " takes")));
      }
    }
    methods->Proceed();
  }

 private:
  const std::string method_;
};

}  // namespace

grpc::experimental::Interceptor* UndecodableFactory::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  return new Undecodable(info->method());
}

}  // namespace nascent::rpc
