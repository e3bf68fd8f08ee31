#include "server/rpc/artifact_streams.h"

#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/field_error.h"
#include "common/status_macros.h"
#include "server/rpc/reactors.h"

namespace nascent::rpc {
namespace {

constexpr size_t kChunk = 1 << 20;
constexpr int kMostUses = 5;

// Reads and disk writes follow each other, so that nothing here needs a lock.
class Put : public grpc::ServerReadReactor<v1::PutRequest> {
 public:
  Put(const Backend& backend, uint64_t client, v1::PutResponse* response)
      : backend_(backend), client_(client), seat_(*backend.streams, client), response_(response) {
    if (!seat_.taken()) {
      End(Busy());
      return;
    }
    StartRead(&request_);
  }

 private:
  void OnReadDone(bool ok) override {
    const bool accepted = backend_.files->RunFor(client_, [this, ok] { ok ? Take() : Close(); });
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
    NASCENT_ASSIGN_OR_RETURN(upload_,
                             backend_.artifacts->StartUpload(sha256_, size_, header.offset()));
    return absl::OkStatus();
  }

  absl::Status Append() {
    if (upload_ == nullptr) {
      return absl::InvalidArgumentError("header: found none, allowed one as the first message");
    }
    if (request_.chunk().size() > kChunk) {
      return FieldError("chunk", absl::StrCat(request_.chunk().size(), " bytes"), "at most 1 MiB");
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
    backend_.coordinator->Post(
        engine::Call<storage::PutArtifact, engine::Nothing>{
            {sha256_, size_},
            [this](absl::StatusOr<engine::Nothing> stored) { End(stored.status()); }},
        {client_, nullptr});
  }

  void End(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }

  const Backend backend_;
  const uint64_t client_;
  const Seats::Seat seat_;
  v1::PutResponse* const response_;
  v1::PutRequest request_;
  std::string sha256_;
  int64_t size_ = 0;
  std::unique_ptr<artifact::ArtifactStore::Upload> upload_;
};

class Get : public grpc::ServerWriteReactor<v1::GetResponse> {
 public:
  Get(const Backend& backend, uint64_t client, const v1::GetRequest& request)
      : backend_(backend), client_(client), seat_(*backend.streams, client), request_(request) {
    if (!seat_.taken()) {
      End(Busy());
      return;
    }
    OnFilesExecutor([this] { Open(); });
  }

 private:
  void OnFilesExecutor(std::function<void()> step) {
    if (!backend_.files->RunFor(client_, std::move(step))) End(Busy());
  }

  void Open() {
    auto reader = backend_.artifacts->Read(request_.sha256(), request_.offset());
    if (!reader.ok()) return End(WithUses(reader.status()));
    reader_ = *std::move(reader);
    SendNext();
  }

  void SendNext() {
    auto bytes = reader_->Next(kChunk);
    if (!bytes.ok()) return End(WithUses(bytes.status()));
    if (bytes->empty()) return End(absl::OkStatus());
    response_.set_chunk(*std::move(bytes));
    StartWrite(&response_);
  }

  // Says of what is damaged who needs it.
  absl::Status WithUses(const absl::Status& status) const {
    if (!absl::IsDataLoss(status)) return status;
    const auto uses = backend_.store->FindUsesOfArtifact(request_.sha256(), kMostUses);
    if (!uses.ok() || uses->empty()) return status;
    return absl::Status(status.code(), absl::StrCat(status.message(), " (it is the ",
                                                    absl::StrJoin(*uses, ", the "), ")"));
  }

  void OnWriteDone(bool ok) override {
    if (!ok) return End(absl::CancelledError("the caller has gone away"));
    OnFilesExecutor([this] { SendNext(); });
  }

  void End(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }

  const Backend backend_;
  const uint64_t client_;
  const Seats::Seat seat_;
  const v1::GetRequest request_;
  std::unique_ptr<artifact::ArtifactStore::Reader> reader_;
  v1::GetResponse response_;
};

}  // namespace

grpc::ServerReadReactor<v1::PutRequest>* StartPut(const Backend& backend, uint64_t client,
                                                  v1::PutResponse* response) {
  return new Put(backend, client, response);
}

grpc::ServerWriteReactor<v1::GetResponse>* StartGet(const Backend& backend, uint64_t client,
                                                    const v1::GetRequest& request) {
  return new Get(backend, client, request);
}

}  // namespace nascent::rpc
