#include "tests/support/generic_client.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <chrono>
#include <map>
#include <stdexcept>

#include "tests/support/reflection.pb.h"

namespace nascent::testing {
namespace {

constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

void Require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error("generic client: " + what);
}

// One request, then every answer until the stream ends.
std::vector<grpc::ByteBuffer> Exchange(const std::shared_ptr<grpc::Channel>& channel,
                                       const std::string& method, const grpc::ByteBuffer& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  grpc::CompletionQueue queue;
  const auto wait = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto call = stub.PrepareCall(&context, method, &queue);
  call->StartCall(&call);
  Require(wait(), "no call of " + method);
  call->WriteLast(request, grpc::WriteOptions(), &call);
  Require(wait(), "no write to " + method);
  std::vector<grpc::ByteBuffer> answers;
  while (true) {
    grpc::ByteBuffer answer;
    call->Read(&answer, &call);
    if (!wait()) break;
    answers.push_back(std::move(answer));
  }
  grpc::Status status;
  call->Finish(&status, &call);
  wait();
  Require(status.ok(), method + ": " + status.error_message());
  return answers;
}

grpc::ByteBuffer Serialize(const google::protobuf::Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

void Parse(const grpc::ByteBuffer& buffer, google::protobuf::Message& message) {
  std::vector<grpc::Slice> slices;
  Require(buffer.Dump(&slices).ok(), "no bytes");
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  Require(message.ParseFromString(bytes), "bytes that are not the message");
}

}  // namespace

GenericClient::GenericClient(std::shared_ptr<grpc::Channel> channel)
    : channel_(std::move(channel)) {}

std::vector<std::string> GenericClient::Services() {
  ServerReflectionRequest request;
  request.set_list_services("*");
  std::vector<std::string> names;
  for (const grpc::ByteBuffer& answer : Exchange(channel_, kReflection, Serialize(request))) {
    ServerReflectionResponse response;
    Parse(answer, response);
    for (const auto& service : response.list_services_response().service()) {
      names.push_back(service.name());
    }
  }
  return names;
}

void GenericClient::LoadFileOf(const std::string& symbol) {
  if (pool_.FindFileContainingSymbol(symbol) != nullptr) return;
  ServerReflectionRequest request;
  request.set_file_containing_symbol(symbol);
  std::map<std::string, google::protobuf::FileDescriptorProto> files;
  for (const grpc::ByteBuffer& answer : Exchange(channel_, kReflection, Serialize(request))) {
    ServerReflectionResponse response;
    Parse(answer, response);
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      Require(file.ParseFromString(bytes), "a broken file descriptor");
      files[file.name()] = file;
    }
  }
  // Each file after those that it imports.
  while (!files.empty()) {
    const size_t before = files.size();
    std::erase_if(files, [&](const auto& named) {
      for (const std::string& import : named.second.dependency()) {
        if (files.count(import) > 0) return false;
      }
      return pool_.BuildFile(named.second) != nullptr;
    });
    Require(files.size() < before, "files that do not fit together");
  }
}

std::vector<std::string> GenericClient::Call(const std::string& service, const std::string& method,
                                             const std::string& request_json) {
  LoadFileOf(service);
  const google::protobuf::ServiceDescriptor* known = pool_.FindServiceByName(service);
  Require(known != nullptr, "no service " + service);
  const google::protobuf::MethodDescriptor* called = known->FindMethodByName(method);
  Require(called != nullptr, "no method " + method);
  std::unique_ptr<google::protobuf::Message> request(
      messages_.GetPrototype(called->input_type())->New());
  Require(google::protobuf::util::JsonStringToMessage(request_json, request.get()).ok(),
          "a request that does not fit: " + request_json);
  std::vector<std::string> answers;
  for (const grpc::ByteBuffer& buffer :
       Exchange(channel_, "/" + service + "/" + method, Serialize(*request))) {
    std::unique_ptr<google::protobuf::Message> answer(
        messages_.GetPrototype(called->output_type())->New());
    Parse(buffer, *answer);
    std::string json;
    Require(google::protobuf::util::MessageToJsonString(*answer, &json).ok(), "no JSON");
    answers.push_back(std::move(json));
  }
  return answers;
}

}  // namespace nascent::testing
