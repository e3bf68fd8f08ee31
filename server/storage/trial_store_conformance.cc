#include "server/storage/trial_store_conformance.h"

#include "server/storage/conformance/transitions.h"

namespace nascent::storage {

using conformance::Grant;
using conformance::Proposal;
using conformance::SearchNamed;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TrialStoreConformance);

void TrialStoreConformance::SetUp() {
  fixture_ = GetParam()();
  ASSERT_NE(fixture_, nullptr);
  const auto term = store().AcquireTerm("coordinator-a", absl::Seconds(10));
  ASSERT_TRUE(term.ok()) << term.status();
  term_ = term->term;
}

std::vector<Outcome> TrialStoreConformance::Apply(std::vector<Transition> transitions) {
  auto outcomes = store().Apply(term_, transitions);
  EXPECT_TRUE(outcomes.ok()) << outcomes.status();
  if (!outcomes.ok()) {
    Outcome failed;
    failed.status = outcomes.status();
    return std::vector<Outcome>(transitions.size(), failed);
  }
  EXPECT_EQ(outcomes->size(), transitions.size());
  return *std::move(outcomes);
}

int64_t TrialStoreConformance::NewSearch(const std::string& name, const std::string& project) {
  const Outcome outcome = ApplyOne(CreateSearch{"", SearchNamed(name, project)});
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome.id;
}

Outcome TrialStoreConformance::NewTrial(int64_t search_id, int64_t number,
                                        const std::string& identity) {
  Outcome outcome = ApplyOne(Proposal(search_id, number, identity));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome;
}

int64_t TrialStoreConformance::NewWorker(const std::string& name) {
  RegisterWorker worker;
  worker.registration.set_name(name);
  const Outcome outcome = ApplyOne(worker);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome.id;
}

absl::Time TrialStoreConformance::Lease(int64_t task_id, int attempt, int64_t worker_id) {
  const Outcome outcome = ApplyOne(Grant(task_id, attempt, worker_id, ""));
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome.deadline;
}

TrialRecord TrialStoreConformance::TrialOf(int64_t search_id, int64_t number) {
  const auto trials = store().LoadTrials(search_id, number - 1, 1);
  EXPECT_TRUE(trials.ok()) << trials.status();
  if (!trials.ok() || trials->empty()) return {};
  EXPECT_EQ(trials->front().number, number);
  return trials->front();
}

}  // namespace nascent::storage
