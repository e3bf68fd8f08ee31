// What every store does with input that is hostile or impossible.

#include "gmock/gmock.h"
#include "server/storage/conformance/transitions.h"
#include "server/storage/trial_store_conformance.h"

namespace nascent::storage {
namespace {

using conformance::Finish;
using conformance::Grant;
using conformance::Proposal;
using conformance::Renewal;
using conformance::SearchNamed;

TEST_P(TrialStoreConformance, HostileNamesAreStoredVerbatimOrRefused) {
  for (const std::string& name :
       {std::string("'; DROP TABLE nascent.trials;--"), std::string("../../x"),
        std::string("\xE2\x80\xAE"
                    "evil"),
        std::string("{\"a\",NULL}"), std::string("\\\\\"\t\n"), std::string("NULL"),
        std::string("\xF0\x9F\xA6\x80")}) {
    const int64_t id = NewSearch(name, name);
    const auto read = store().GetNewestSearch(name);
    ASSERT_TRUE(read.ok()) << name << ": " << read.status();
    EXPECT_EQ(read->id, id);
    EXPECT_EQ(read->spec.name(), name);
    AddTrial add = Proposal(id, 1, name);
    add.trial.notation = add.trial.reason = add.trial.key = name;
    EXPECT_CODE(ApplyOne(add), kOk);
    EXPECT_EQ(TrialOf(id, 1).notation, name);
  }
  for (const std::string& name :
       {std::string("a\0b", 3), std::string("\xC0\x80"), std::string("\xED\xA0\x80"),
        std::string("\xFF"), std::string("\xF4\x90\x80\x80"), std::string("\xE2\x82")}) {
    EXPECT_CODE(ApplyOne(CreateSearch{"", SearchNamed(name, "p")}), kInvalidArgument);
  }
}

TEST_P(TrialStoreConformance, ImpossibleTransitionsAreRefused) {
  const int64_t search = NewSearch();
  const Outcome trial = NewTrial(search, 1);
  FinishAttempt ready = Finish(trial.task_id, 1, "f");
  ready.state = v1::TRIAL_STATE_READY;
  FinishAttempt no_kind = Finish(trial.task_id, 1, "f");
  no_kind.state = v1::TRIAL_STATE_FAILED;
  GrantLease no_time = Grant(trial.task_id, 1, 1, "l");
  no_time.duration = absl::ZeroDuration();
  AddTrial zero = Proposal(search, 0);
  for (const Transition& transition :
       std::vector<Transition>{ready, no_kind, no_time, zero, ChangeSearchState{"", search, {}, ""},
                               RegisterWorker{}, Renewal(0, 1), Renewal(trial.task_id, 0)}) {
    EXPECT_CODE(ApplyOne(transition), kInvalidArgument);
  }
}

}  // namespace
}  // namespace nascent::storage
