#include "worker/agent/artifact_transfer.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace nascent::worker {
namespace {

constexpr size_t kChunk = 1 << 20;
// A stream is long; progress within it is what counts, and a broken one resumes.
constexpr absl::Duration kStreamTimeout = absl::Minutes(30);

using Context = grpc::ClientContext;

// Calls `part` until its answer is not transient. A part that moved bytes was worth its try.
absl::Status Resume(Cancellation& cancellation, const std::function<absl::Status()>& part) {
  rpc::Backoff backoff = MakeBackoff(absl::Seconds(5));
  while (true) {
    const absl::Status status = part();
    if (status.ok() || !IsTransient(status)) return status;
    if (cancellation.WaitFor(backoff.Next())) return absl::CancelledError("given up");
  }
}

grpc::Status PutFrom(v1::ArtifactService::Stub& stub, Context& context, std::ifstream& file,
                     const v1::PutHeader& header, v1::PutResponse& response,
                     const std::function<void()>& on_bytes) {
  const auto writer = stub.Put(&context, &response);
  v1::PutRequest request;
  *request.mutable_header() = header;
  bool open = writer->Write(request);
  file.clear();
  file.seekg(header.offset());
  std::string chunk(kChunk, '\0');
  while (open && (file.read(chunk.data(), kChunk) || file.gcount() > 0)) {
    request.set_chunk(chunk.data(), static_cast<size_t>(file.gcount()));
    open = writer->Write(request);
    on_bytes();
  }
  writer->WritesDone();
  return writer->Finish();
}

}  // namespace

absl::Status DownloadArtifact(Coordinator& coordinator, const std::string& sha256,
                              const std::string& path, Cancellation& cancellation,
                              const std::function<void()>& on_bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return absl::UnavailableError(absl::StrCat("can't write ", path));
  Sha256 hasher;
  v1::GetRequest request;
  request.set_sha256(sha256);
  absl::Status disk;
  const absl::Status status = Resume(cancellation, [&] {
    return coordinator.Try(
        kStreamTimeout, cancellation, [&](Coordinator::Stubs& stubs, Context& context) {
          const auto reader = stubs.artifacts->Get(&context, request);
          v1::GetResponse response;
          while (reader->Read(&response)) {
            const std::string& chunk = response.chunk();
            if (!file.write(chunk.data(), static_cast<std::streamsize>(chunk.size()))) {
              disk = absl::ResourceExhaustedError(absl::StrCat("can't write to ", path));
              context.TryCancel();
              return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "disk full");
            }
            hasher.Update(chunk);
            request.set_offset(request.offset() + static_cast<int64_t>(chunk.size()));
            on_bytes();
          }
          return reader->Finish();
        });
  });
  file.close();
  absl::Status result = disk.ok() ? status : disk;
  if (result.ok() && !file) {
    result = absl::ResourceExhaustedError(absl::StrCat("can't write to ", path));
  }
  if (result.ok()) {
    const std::string found = hasher.Hex();
    if (found != sha256) {
      result = absl::DataLossError(absl::StrCat("artifact ", sha256, ": the ", request.offset(),
                                                " bytes that came have the hash ", found));
    }
  }
  if (!result.ok()) unlink(path.c_str());
  return result;
}

absl::StatusOr<std::string> UploadArtifact(Coordinator& coordinator, const std::string& path,
                                           Cancellation& cancellation,
                                           const std::function<void()>& on_bytes) {
  NASCENT_ASSIGN_OR_RETURN(const auto sha256, Sha256OfFile(path));
  std::error_code error;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path, error));
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return absl::NotFoundError(absl::StrCat("can't read ", path));
  int misplaced = 0;
  const absl::Status status = Resume(cancellation, [&] {
    v1::StatRequest stat;
    stat.set_sha256(sha256);
    v1::StatResponse present;
    absl::Status answer = coordinator.Try(absl::Seconds(10), cancellation,
                                          [&](Coordinator::Stubs& stubs, Context& context) {
                                            return stubs.artifacts->Stat(&context, stat, &present);
                                          });
    if (!answer.ok() || present.complete()) return answer;
    v1::PutHeader header;
    header.set_sha256(sha256);
    header.set_size(size);
    header.set_offset(present.received());
    v1::PutResponse response;
    answer = coordinator.Try(
        kStreamTimeout, cancellation, [&](Coordinator::Stubs& stubs, Context& context) {
          return PutFrom(*stubs.artifacts, context, file, header, response, on_bytes);
        });
    // ABORTED: another upload of the same bytes moved the offset; it is asked for again.
    if (absl::IsAborted(answer) && ++misplaced > 20) {
      return absl::InternalError(absl::StrCat("no agreement on an offset: ", answer.message()));
    }
    if (answer.ok() && !response.complete()) return absl::UnavailableError("upload not complete");
    return answer;
  });
  if (!status.ok()) return status;
  return sha256;
}

}  // namespace nascent::worker
