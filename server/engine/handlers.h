// What the engine does for each command: it is checked against the model, answered or planned, or
// put off when what it concerns is in the batch.

#ifndef NASCENT_SERVER_ENGINE_HANDLERS_H_
#define NASCENT_SERVER_ENGINE_HANDLERS_H_

#include <vector>

#include "server/engine/commands.h"
#include "server/engine/engine_parts.h"

namespace nascent::engine {

// --- commands_searches.cc ---
void Handle(EngineParts& parts, Call<SubmitSearch, v1::Search> call);
void Handle(EngineParts& parts, Call<ChangeSearch, v1::Search> call);
void Handle(EngineParts& parts, Call<DeleteSearch, Nothing> call);
void Handle(EngineParts& parts, Call<EnqueueGenotypes, std::vector<int64_t>> call);
void Handle(EngineParts& parts, Call<ViewSearch, SearchView> call);
void Handle(EngineParts& parts, Call<storage::PutArtifact, Nothing> call);
void Handle(EngineParts& parts, Call<storage::PutDataset, Nothing> call);
void Handle(EngineParts& parts, Call<storage::RemoveDataset, Nothing> call);

// --- commands_workers.cc ---
void Handle(EngineParts& parts, Call<ListWorkers, std::vector<v1::Worker>> call);
void Handle(EngineParts& parts, Call<v1::RegisterRequest, v1::RegisterResponse> call);
void Handle(EngineParts& parts, Call<LeaseTask, LeaseGrant> call);
// Plans leases for the workers that wait and answers those whose time is over.
void ServeLeases(EngineParts& parts);

// --- commands_reports.cc ---
void Handle(EngineParts& parts, Call<v1::RenewRequest, v1::RenewResponse> call);
void Handle(EngineParts& parts, Call<v1::CompleteRequest, v1::CompleteResponse> call);
void Handle(EngineParts& parts, Call<v1::FailRequest, v1::FailResponse> call);
void Handle(EngineParts& parts, Call<v1::ReleaseRequest, v1::ReleaseResponse> call);
void Handle(EngineParts& parts, Call<v1::SetWeightsRequest, v1::SetWeightsResponse> call);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_HANDLERS_H_
