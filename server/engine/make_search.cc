#include "server/engine/make_search.h"

#include <optional>
#include <string>
#include <utility>

#include "common/status_macros.h"

namespace nascent::engine {
namespace {

// Returns how evaluations are found that the search may share; null where it shares none.
FindEvaluation MakeFind(storage::TrialStore* store, const ActiveSearch& search) {
  const v1::SearchSpec& spec = search.spec();
  if (spec.sharing() == v1::SHARING_OFF) return nullptr;
  std::optional<std::string> project;
  if (spec.sharing() == v1::SHARING_PROJECT) project = spec.project();
  return [store, project, id = search.shared_id](
             const std::string& identity) -> std::optional<storage::EvaluationRecord> {
    auto found = store->FindEvaluation(
        identity, project, project.has_value() ? std::nullopt : std::optional<int64_t>(*id));
    // Without the store's word the evaluation is made once more.
    return found.ok() ? *std::move(found) : std::nullopt;
  };
}

}  // namespace

absl::StatusOr<std::unique_ptr<ActiveSearch>> MakeSearch(EngineParts& parts,
                                                         storage::SearchRecord record,
                                                         std::shared_ptr<CandidateMaker> maker) {
  auto search =
      std::make_unique<ActiveSearch>(std::move(record), std::move(maker), &parts.model.agenda());
  NASCENT_ASSIGN_OR_RETURN(search->host,
                           StrategyHost::Make(search->maker, MakeFind(&parts.store, *search)));
  search->revision = absl::ToUnixMicros(parts.clock.Now());
  return search;
}

}  // namespace nascent::engine
