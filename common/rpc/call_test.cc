#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/rpc/backoff.h"
#include "common/rpc/request_id.h"
#include "common/rpc/status.h"

namespace nascent::rpc {
namespace {

TEST(Status, KeepsItsCodeAndMessageOverTheWire) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::NotFoundError("search 7"), absl::ResourceExhaustedError("full"),
        absl::FailedPreconditionError("FENCED"), absl::UnauthenticatedError("no token")}) {
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
  }
}

TEST(Status, AnErrorIsNeverWithoutWords) {
  const absl::Status status = FromGrpc(grpc::Status(grpc::StatusCode::INTERNAL, ""));
  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_FALSE(status.message().empty());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(Status, AnUnknownOutcomeIsOneToTryAgain) {
  EXPECT_EQ(FromGrpc(ToGrpc(absl::UnknownError("commit"))), absl::UnavailableError("commit"));
}

TEST(RequestId, HasThirtyTwoDigitsThatNobodyHadBefore) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewRequestId();
    EXPECT_EQ(id.size(), 32);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
}

void ExpectUpperHalfOf(absl::Duration most, absl::Duration wait) {
  EXPECT_GE(wait, most / 2);
  EXPECT_LE(wait, most);
}

TEST(Backoff, GrowsToItsLongestWaitAndBeginsAnewAfterAReset) {
  Backoff backoff({absl::Milliseconds(100), absl::Milliseconds(500), 2});
  for (int round = 0; round < 2; ++round) {
    for (const int most : {100, 200, 400, 500, 500}) {
      ExpectUpperHalfOf(absl::Milliseconds(most), backoff.Next());
    }
    backoff.Reset();
  }
}

TEST(Backoff, NeverWaitsLongerThanItsLongestEvenWhereTheFirstIsLonger) {
  Backoff backoff({absl::Milliseconds(100), absl::Milliseconds(40), 2});
  for (int i = 0; i < 3; ++i) ExpectUpperHalfOf(absl::Milliseconds(40), backoff.Next());
}

}  // namespace
}  // namespace nascent::rpc
