// Commands about searches, artifacts and data sets.

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/field_error.h"
#include "common/space/decisions/genotype_proto.h"
#include "server/engine/handlers.h"
#include "server/engine/make_search.h"
#include "server/engine/resolve/text_rules.h"
#include "server/engine/view/views.h"
#include "server/storage/outcomes.h"

namespace nascent::engine {
namespace {

constexpr int64_t kMostGenotypes = 1000;  // of one request

absl::Status NoSearch(int64_t id) {
  return absl::NotFoundError(absl::StrCat("no search that runs has id ", id));
}

// Says which requirements no worker that is alive meets; empty: some worker meets them, or none is
// alive at all.
std::string UnmetRequirements(const EngineParts& parts, const ActiveSearch& search) {
  const v1::Requirements& requirements = search.spec().requirements();
  WorkerTable& workers = parts.model.workers();
  const absl::Time now = parts.clock.Now();
  if (workers.LiveTrainers(requirements, now).slots > 0 || !workers.AnyAlive(now)) return "";
  std::vector<std::string> unmet;
  if (!requirements.device().empty()) {
    unmet.push_back(absl::StrCat("device ", requirements.device()));
  }
  if (requirements.memory_bytes() > 0) {
    unmet.push_back(absl::StrCat("memory of ", requirements.memory_bytes(), " bytes"));
  }
  for (const auto& [label, value] : std::map<std::string, std::string>(
           requirements.labels().begin(), requirements.labels().end())) {
    unmet.push_back(absl::StrCat("label ", label, "=", value));
  }
  return absl::StrCat("waits: no worker that is alive can train under requirements: ",
                      absl::StrJoin(unmet, ", "));
}

// Says which scores no worker that is alive measures; empty: one does, or none is alive at all.
std::string UnmetScores(const EngineParts& parts, const ActiveSearch& search) {
  const WorkerTable& workers = parts.model.workers();
  const absl::Time now = parts.clock.Now();
  for (const RungPlan& rung : search.resolved->rungs) {
    if (rung.scores.empty() || !workers.AnyAlive(now) || workers.AnyMeasures(rung.scores, now)) {
      continue;
    }
    return absl::StrCat("waits: no worker that is alive measures ",
                        absl::StrJoin(rung.scores, ", "));
  }
  return "";
}

// Returns a search that has not ended as it is now, with why it waits.
v1::Search ViewNow(const EngineParts& parts, const ActiveSearch& search) {
  v1::Search view = ViewOf(search, parts.clock.Now());
  if (std::string why = UnmetRequirements(parts, search); !why.empty()) {
    view.add_warnings(std::move(why));
  }
  if (std::string why = UnmetScores(parts, search); !why.empty()) {
    view.add_warnings(std::move(why));
  }
  return view;
}

// Returns a search as it is now, also one that has ended.
absl::StatusOr<v1::Search> View(const EngineParts& parts, int64_t id) {
  const ActiveSearch* search = parts.model.FindSearch(id);
  if (search != nullptr) return ViewNow(parts, *search);
  auto stored = parts.store.GetSearch(id);
  if (!stored.ok()) return stored.status();
  return ViewOf(*stored);
}

// What a change of state leads to, and from where it is allowed.
struct Change {
  v1::SearchState to = v1::SEARCH_STATE_UNSPECIFIED;
  const char* reason = "";
  const char* needed = nullptr;  // null: allowed from everywhere
};

Change ChangeOf(ChangeSearch::How how) {
  switch (how) {
    case ChangeSearch::How::kPause:
      return {v1::SEARCH_STATE_PAUSED, "paused by a user", "RUNNING"};
    case ChangeSearch::How::kResume:
      return {v1::SEARCH_STATE_RUNNING, "", "PAUSED"};
    case ChangeSearch::How::kCancel:
      return {v1::SEARCH_STATE_CANCELLED, "cancelled by a user", nullptr};
  }
  return {};
}

// Reads the genotypes of a request. Each must make a network that keeps the constraints.
absl::StatusOr<std::vector<space::Genotype>> ReadGenotypes(const ActiveSearch& search,
                                                           const EnqueueGenotypes& request) {
  const space::Space& space = *search.resolved->space;
  const int last_rung = static_cast<int>(search.resolved->rungs.size()) - 1;
  std::vector<space::Genotype> genotypes;
  const auto add = [&](absl::StatusOr<space::Genotype> genotype, const std::string& path) {
    absl::Status wrong = genotype.status();
    if (wrong.ok()) wrong = search.maker->Make(*genotype, last_rung)->status;
    if (!wrong.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": ", wrong.message()));
    }
    genotypes.push_back(*std::move(genotype));
    return absl::OkStatus();
  };
  for (size_t i = 0; i < request.genotypes.size(); ++i) {
    absl::Status status = add(space::FromProto(space.decisions(), request.genotypes[i]),
                              absl::StrCat("genotypes[", i, "]"));
    if (!status.ok()) return status;
  }
  for (size_t i = 0; i < request.notations.size(); ++i) {
    absl::Status status = add(space.Read(request.notations[i]), absl::StrCat("notations[", i, "]"));
    if (!status.ok()) return status;
  }
  const auto count = static_cast<int64_t>(genotypes.size());
  if (count < 1 || count > kMostGenotypes) return FieldError("genotypes", count, "1 to 1000");
  return genotypes;
}

// Says why the search takes no `count` trials more.
absl::Status CheckRoom(const ActiveSearch& search, int64_t count) {
  const v1::Budget& budget = search.spec().budget();
  const int64_t used = search.Charged() + search.ChargedPlanned() + search.queue.Enqueued();
  if (budget.has_trials() && used + count > budget.trials()) {
    return absl::FailedPreconditionError(absl::StrCat("budget.trials: found ", used, " used and ",
                                                      count, " more, allowed ", budget.trials()));
  }
  const bool open = search.IsIn(v1::SEARCH_STATE_RUNNING) || search.IsIn(v1::SEARCH_STATE_PAUSED);
  if (open && search.ending.stop_reason.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("search ", search.record.id, " takes no new trials any more"));
}

// Whether a request with this id is on its way.
bool IsUnderWay(const StrategyQueue& queue, const std::string& request_id) {
  for (const auto* requests : {&queue.enqueues, &queue.numbered}) {
    for (const EnqueueRequest& other : *requests) {
      if (other.request_id == request_id) return true;
    }
  }
  return false;
}

}  // namespace

void Handle(EngineParts& parts, Call<SubmitSearch, v1::Search> call) {
  SubmitSearch& request = call.request;
  if (absl::Status status = CheckText("request_id", request.request_id, 1, 64); !status.ok()) {
    return parts.batch.Answer(call.reply, status);
  }
  storage::SearchRecord record;
  record.spec = request.search->spec;
  record.state = v1::SEARCH_STATE_RUNNING;
  record.created_at = parts.clock.Now();
  record.space_size = request.search->space_size;
  record.warnings = request.search->warnings;
  record.decisions = DecisionsOf(*request.search);
  if (request.maker == nullptr) {
    request.maker = std::make_shared<CandidateMaker>(request.search, parts.options.candidates);
  }
  auto search = MakeSearch(parts, record, std::move(request.maker));
  if (!search.ok()) return parts.batch.Answer(call.reply, search.status());
  parts.model.Stage(request.request_id, *std::move(search));
  parts.batch.Plan(storage::CreateSearch{request.request_id, std::move(record)},
                   [&parts, reply = std::move(call.reply)](const storage::Outcome& o) {
                     if (!o.status.ok()) return parts.batch.Answer(reply, o.status);
                     parts.batch.Answer(reply, View(parts, o.id));
                   });
}

void Handle(EngineParts& parts, Call<ChangeSearch, v1::Search> call) {
  const int64_t id = call.request.search_id;
  const Change change = ChangeOf(call.request.how);
  ActiveSearch* search = parts.model.FindSearch(id);
  // Of a search that has ended the store tells a retry from a request that comes too late.
  std::string reason;
  if (search != nullptr) {
    if (search->changing) return parts.batch.Defer(std::move(call));
    const v1::SearchState from = search->record.state;
    const bool pausable = from == v1::SEARCH_STATE_RUNNING || from == v1::SEARCH_STATE_PAUSED;
    if (change.needed != nullptr && !pausable) {
      return parts.batch.Answer(
          call.reply, absl::FailedPreconditionError(
                          absl::StrCat("search ", id, " is ", v1::SearchState_Name(from).substr(13),
                                       ", this needs ", change.needed)));
    }
    search->changing = true;
    reason = change.reason;
  }
  parts.batch.Plan(storage::ChangeSearchState{call.request.request_id, id, change.to, reason},
                   [&parts, id, reply = std::move(call.reply)](const storage::Outcome& o) {
                     if (!o.status.ok()) return parts.batch.Answer(reply, o.status);
                     parts.batch.Answer(reply, View(parts, id));
                   });
}

void Handle(EngineParts& parts, Call<DeleteSearch, Nothing> call) {
  const int64_t id = call.request.search_id;
  if (const ActiveSearch* search = parts.model.FindSearch(id); search != nullptr) {
    if (search->IsIn(v1::SEARCH_STATE_CANCELLED)) return parts.batch.Defer(std::move(call));
    return parts.batch.Answer(call.reply, absl::FailedPreconditionError(absl::StrCat(
                                              "search ", id, " has not ended; cancel it first")));
  }
  parts.batch.Plan(storage::DeleteSearch{call.request.request_id, id},
                   parts.batch.Answering<Nothing>(std::move(call.reply)));
}

void Handle(EngineParts& parts, Call<EnqueueGenotypes, std::vector<int64_t>> call) {
  const EnqueueGenotypes& request = call.request;
  ActiveSearch* search = parts.model.FindSearch(request.search_id);
  if (absl::Status status = CheckText("request_id", request.request_id, 1, 64); !status.ok()) {
    return parts.batch.Answer(call.reply, status);
  }
  if (search != nullptr && IsUnderWay(search->queue, request.request_id)) {
    return parts.batch.Defer(std::move(call));
  }
  auto before = parts.store.FindTrialsOfRequest(request.request_id);
  if (!before.ok()) return parts.batch.Answer(call.reply, before.status());
  if (!before->empty()) {
    std::vector<int64_t> numbers;
    for (const storage::TrialRecord& trial : *before) numbers.push_back(trial.number);
    return parts.batch.Answer(call.reply, std::move(numbers));
  }
  if (search == nullptr) {
    const auto ended = parts.store.GetSearch(request.search_id);
    return parts.batch.Answer(
        call.reply, ended.ok() ? storage::SearchHasEnded(ended->id, ended->state,
                                                         "no genotype can be enqueued any more")
                               : ended.status());
  }
  auto genotypes = ReadGenotypes(*search, request);
  absl::Status status = genotypes.status();
  if (status.ok()) status = CheckRoom(*search, static_cast<int64_t>(genotypes->size()));
  if (!status.ok()) return parts.batch.Answer(call.reply, status);
  EnqueueRequest enqueue;
  enqueue.request_id = request.request_id;
  enqueue.genotypes = *std::move(genotypes);
  enqueue.reply = std::move(call.reply);
  search->queue.enqueues.push_back(std::move(enqueue));
  search->Wake();
}

void Handle(EngineParts& parts, Call<ViewSearch, SearchView> call) {
  const ActiveSearch* search = parts.model.FindSearch(call.request.search_id);
  if (search == nullptr) {
    return parts.batch.Answer(call.reply, NoSearch(call.request.search_id));
  }
  SearchView view;
  view.revision = search->revision;
  // Whoever watches learns that nothing changed.
  if (call.request.with_trials && call.request.since_revision == search->revision) {
    return parts.batch.Answer(call.reply, std::move(view));
  }
  view.search = ViewNow(parts, *search);
  if (call.request.with_trials) AddTrials(*search, call.request.since_revision, view);
  parts.batch.Answer(call.reply, std::move(view));
}

void Handle(EngineParts& parts, Call<storage::PutArtifact, Nothing> call) {
  parts.batch.Plan(std::move(call.request), parts.batch.Answering<Nothing>(std::move(call.reply)));
}

void Handle(EngineParts& parts, Call<storage::PutDataset, Nothing> call) {
  parts.batch.Plan(std::move(call.request), parts.batch.Answering<Nothing>(std::move(call.reply)));
}

void Handle(EngineParts& parts, Call<storage::RemoveDataset, Nothing> call) {
  parts.batch.Plan(std::move(call.request), parts.batch.Answering<Nothing>(std::move(call.reply)));
}

}  // namespace nascent::engine
