#include "server/engine/command_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nascent::engine {
namespace {

using ::testing::ElementsAre;

Command Renewal(const std::string& id) {
  Call<v1::RenewRequest, v1::RenewResponse> call;
  call.request.set_request_id(id);
  return call;
}
Command Question(int64_t search) {
  Call<ViewSearch, SearchView> call;
  call.request.search_id = search;
  return call;
}
Command Lease() { return Call<LeaseTask, LeaseGrant>(); }

bool Push(CommandQueue& queue, Command command, Caller caller) {
  return queue.Push(command, std::move(caller));
}

// What a batch holds, by request id, "view" and "lease".
std::vector<std::string> Names(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (const auto* renewal = std::get_if<Call<v1::RenewRequest, v1::RenewResponse>>(&command)) {
      names.push_back(renewal->request.request_id());
    } else {
      names.push_back(std::holds_alternative<Call<LeaseTask, LeaseGrant>>(command) ? "lease"
                                                                                   : "view");
    }
  }
  return names;
}

TEST(CommandQueue, AFloodOfOneClientWaitsBehindItself) {
  CommandQueue queue(100, 60);
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Push(queue, Renewal("flood"), {7, nullptr}));
  Command refused = Renewal("one more");
  EXPECT_FALSE(queue.Push(refused, {7, nullptr}));
  EXPECT_EQ(Names({refused}), std::vector<std::string>{"one more"});  // to be answered
  ASSERT_TRUE(Push(queue, Renewal("other"), {8, nullptr}));
  EXPECT_THAT(Names(queue.Take(4).wanted), ElementsAre("flood", "other", "flood", "flood"));
}

TEST(CommandQueue, ReportsComeFirstAndLeaveRoomForTheOthers) {
  CommandQueue queue(100, 100);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Push(queue, Question(i), {1, nullptr}));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Push(queue, Renewal("renewal"), {2, nullptr}));
  ASSERT_TRUE(Push(queue, Lease(), {3, nullptr}));
  EXPECT_THAT(Names(queue.Take(8).wanted), ElementsAre("renewal", "renewal", "renewal", "renewal",
                                                       "lease", "view", "view", "renewal"));
}

TEST(CommandQueue, WhatNobodyWaitsForIsNotWorkedOn) {
  CommandQueue queue(100, 100);
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  ASSERT_TRUE(Push(queue, Renewal("gone"), {1, gone}));
  ASSERT_TRUE(Push(queue, Renewal("here"), {1, nullptr}));
  gone->store(true);
  const CommandQueue::Batch batch = queue.Take(1);
  EXPECT_THAT(Names(batch.wanted), ElementsAre("here"));
  EXPECT_THAT(Names(batch.unwanted), ElementsAre("gone"));
  EXPECT_TRUE(queue.empty());
}

TEST(CommandQueue, AllOfAllIsBounded) {
  CommandQueue queue(3, 3);
  for (uint64_t client = 1; client <= 3; ++client) {
    ASSERT_TRUE(Push(queue, Renewal("r"), {client, nullptr}));
  }
  EXPECT_FALSE(Push(queue, Question(1), {4, nullptr}));
  EXPECT_EQ(queue.TakeAll().size(), 3u);
}

}  // namespace
}  // namespace nascent::engine
