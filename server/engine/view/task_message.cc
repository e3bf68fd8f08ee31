#include "server/engine/view/task_message.h"

#include "absl/strings/str_cat.h"
#include "common/recipe/resolve_recipe.h"
#include "server/engine/view/timestamps.h"

namespace nascent::engine {

absl::StatusOr<v1::LeaseResponse> MakeLeaseResponse(const LeaseGrant& grant) {
  v1::LeaseResponse response;
  if (grant.work == nullptr) return response;
  *response.mutable_attempt() = grant.attempt;
  *response.mutable_deadline() = ToTimestamp(grant.deadline);
  response.set_search_id(grant.search_id);
  response.set_trial_number(grant.trial_number);

  const ResolvedSearch& search = grant.maker->search();
  const Candidate& candidate = *grant.work;
  auto network = grant.maker->Network(candidate.genotype, candidate.rung);
  if (!network.ok()) {
    return absl::InternalError(absl::StrCat(
        "trial ", grant.trial_number, " has no network any more: ", network.status().message()));
  }
  v1::Task& task = *response.mutable_task();
  *task.mutable_requirements() = search.spec.requirements();
  const bool is_test = grant.kind == v1::TASK_KIND_FINAL_TEST;
  v1::TrainTask& train =
      is_test ? *task.mutable_final_test()->mutable_training() : *task.mutable_train();
  *train.mutable_network() = **network;
  *train.mutable_recipe() = candidate.recipe;
  *train.mutable_data() = search.data;
  *train.mutable_fidelity() = search.rungs[candidate.rung].fidelity;
  train.set_deterministic(search.spec.deterministic());
  train.set_checkpoint(grant.checkpoint);
  const RungPlan& rung = search.rungs[candidate.rung];
  if (!is_test) train.mutable_scores()->Assign(rung.scores.begin(), rung.scores.end());
  train.set_keep_checkpoint(!is_test && search.rungs_continue && rung.trains &&
                            candidate.rung + 1 < static_cast<int>(search.rungs.size()));
  train.set_genotype(candidate.notation);
  train.set_network_key(candidate.key);
  if (!is_test) return response;

  task.mutable_final_test()->set_weights(grant.weights);
  if (search.spec.final().has_recipe()) {
    v1::Recipe recipe = candidate.recipe;
    recipe.MergeFrom(search.spec.final().recipe());
    auto resolved = recipe::ResolveRecipe(std::move(recipe), "final.recipe");
    if (!resolved.ok()) return resolved.status();
    *train.mutable_recipe() = *std::move(resolved);
    train.clear_fidelity();
  }
  train.mutable_recipe()->set_seed(train.recipe().seed() +
                                   static_cast<uint64_t>(grant.seed_offset));
  return response;
}

}  // namespace nascent::engine
