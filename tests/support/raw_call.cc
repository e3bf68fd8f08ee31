#include "tests/support/raw_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <vector>

namespace nascent::testing {

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  grpc::CompletionQueue queue;
  const grpc::Slice bytes(request);
  const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&bytes, 1), &queue);
  call->StartCall();
  grpc::ByteBuffer buffer;
  RawAnswer answer;
  call->Finish(&buffer, &answer.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  std::vector<grpc::Slice> slices;
  if (answer.status.ok() && buffer.Dump(&slices).ok()) {
    for (const grpc::Slice& slice : slices) answer.bytes.append(slice.begin(), slice.end());
  }
  return answer;
}

bool SaysServing(const std::shared_ptr<grpc::Channel>& channel) {
  // Without the name of a service: of all. The answer's field 1 is an enumeration, 1 is SERVING.
  const RawAnswer answer = CallRaw(channel, "/grpc.health.v1.Health/Check", "");
  return answer.bytes == std::string("\x08\x01", 2);
}

}  // namespace nascent::testing
