#include "server/rpc/artifact_streams.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/resolve/field_error.h"
#include "server/rpc/reactors.h"

namespace nascent::rpc {
namespace {

constexpr size_t kChunk = 1 << 20;

// Reads and disk writes follow each other, so that nothing here needs a lock.
class Put : public grpc::ServerReadReactor<v1::PutRequest> {
 public:
  Put(const Backend& backend, v1::PutResponse* response) : backend_(backend), response_(response) {
    StartRead(&request_);
  }

 private:
  void OnReadDone(bool ok) override {
    const bool accepted = backend_.files->Run([this, ok] { ok ? Take() : Close(); });
    if (!accepted) End(Busy());
  }

  void Take() {
    absl::Status status = request_.has_header() ? Open(request_.header()) : Append();
    if (!status.ok()) return End(status);
    StartRead(&request_);
  }

  absl::Status Open(const v1::PutHeader& header) {
    if (upload_ != nullptr) return absl::InvalidArgumentError("header: found a second one");
    if (!backend_.coordinator->active()) {
      return absl::UnavailableError("this coordinator is not the active one");
    }
    sha256_ = header.sha256();
    size_ = header.size();
    auto upload = backend_.artifacts->StartUpload(sha256_, size_, header.offset());
    if (!upload.ok()) return upload.status();
    upload_ = *std::move(upload);
    return absl::OkStatus();
  }

  absl::Status Append() {
    if (upload_ == nullptr) {
      return absl::InvalidArgumentError("header: found none, allowed one as the first message");
    }
    if (request_.chunk().size() > kChunk) {
      return engine::FieldError("chunk", absl::StrCat(request_.chunk().size(), " bytes"),
                                "at most 1 MiB");
    }
    return upload_->Append(request_.chunk());
  }

  // The caller has sent everything that it wants to send.
  void Close() {
    if (upload_ == nullptr) {
      return End(absl::InvalidArgumentError("header: found none, allowed one"));
    }
    auto presence = upload_->Finish();
    if (!presence.ok()) return End(presence.status());
    response_->set_received(presence->received);
    response_->set_complete(presence->complete);
    if (!presence->complete) return End(absl::OkStatus());
    backend_.coordinator->Post(engine::Call<storage::PutArtifact, engine::Nothing>{
        {sha256_, size_},
        [this](absl::StatusOr<engine::Nothing> stored) { End(stored.status()); }});
  }

  void End(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }

  const Backend backend_;
  v1::PutResponse* const response_;
  v1::PutRequest request_;
  std::string sha256_;
  int64_t size_ = 0;
  std::unique_ptr<artifact::ArtifactStore::Upload> upload_;
};

class Get : public grpc::ServerWriteReactor<v1::GetResponse> {
 public:
  Get(const Backend& backend, const v1::GetRequest& request)
      : backend_(backend), request_(request), offset_(request.offset()) {
    OnFilesExecutor([this] { Open(); });
  }

 private:
  void OnFilesExecutor(std::function<void()> step) {
    if (!backend_.files->Run(std::move(step))) End(Busy());
  }

  void Open() {
    auto reader = backend_.artifacts->Read(request_.sha256());
    if (!reader.ok()) return End(reader.status());
    reader_ = *std::move(reader);
    if (offset_ < 0 || offset_ > reader_->size()) {
      return End(engine::FieldError("offset", offset_, absl::StrCat("[0, ", reader_->size(), "]")));
    }
    SendNext();
  }

  void SendNext() {
    auto bytes = reader_->Read(offset_, kChunk);
    if (!bytes.ok()) return End(bytes.status());
    if (bytes->empty()) return End(absl::OkStatus());
    offset_ += static_cast<int64_t>(bytes->size());
    response_.set_chunk(*std::move(bytes));
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(absl::CancelledError("the caller has gone away"));
    OnFilesExecutor([this] { SendNext(); });
  }

  void End(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }

  const Backend backend_;
  const v1::GetRequest request_;
  int64_t offset_;
  std::unique_ptr<artifact::ArtifactStore::Reader> reader_;
  v1::GetResponse response_;
};

}  // namespace

grpc::ServerReadReactor<v1::PutRequest>* StartPut(const Backend& backend,
                                                  v1::PutResponse* response) {
  return new Put(backend, response);
}

grpc::ServerWriteReactor<v1::GetResponse>* StartGet(const Backend& backend,
                                                    const v1::GetRequest& request) {
  return new Get(backend, request);
}

}  // namespace nascent::rpc
