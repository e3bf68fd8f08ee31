// Coordinators are replaced one after the other while clients work.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <set>
#include <string>
#include <thread>

#include "common/rpc/deadline.h"
#include "nascent/v1/search_service.grpc.pb.h"
#include "tests/support/raw_call.h"
#include "tests/support/service.h"

namespace nascent::testing {
namespace {

TEST(RollingRestart, NoOperationFailsAndNothingIsHeardThatIsNotWorthARetry) {
  Service service({.coordinators = 2});
  service.StartCoordinator(0);
  service.WaitUntilServing();
  service.StartCoordinator(1);

  std::atomic<bool> end = false;
  std::atomic<int> done = 0;
  std::set<std::string> heard;  // beside OK and what is worth a retry
  std::thread client([&] {
    const std::shared_ptr<grpc::Channel> channels[] = {service.Channel(0), service.Channel(1)};
    size_t place = 0;
    while (!end) {
      grpc::ClientContext context;
      context.set_deadline(rpc::DeadlineAfter(absl::Seconds(60)));
      v1::ListWorkersResponse response;
      const auto stub = v1::SearchService::NewStub(channels[place]);
      const grpc::Status status = stub->ListWorkers(&context, {}, &response);
      if (status.ok()) {
        ++done;
      } else {
        place = 1 - place;
        // CANCELLED is gRPC's own word for a call that meets a server on its way out.
        if (status.error_code() != grpc::StatusCode::UNAVAILABLE &&
            status.error_code() != grpc::StatusCode::CANCELLED) {
          heard.insert(status.error_message());
        }
      }
    }
  });
  for (const int place : {0, 1, 0}) {
    const int before = done;
    ASSERT_TRUE(WaitFor([&] { return done > before + 10; }, 60));
    service.coordinator(place).Signal(SIGTERM);
    EXPECT_EQ(service.coordinator(place).Wait(), 0) << service.Logs();
    ASSERT_TRUE(WaitFor([&] { return SaysServing(service.Channel(1 - place)); }, 60))
        << service.Logs();
    service.StartCoordinator(place);
    // The next one is not ended before this one can take over.
    ASSERT_TRUE(WaitFor(
        [&] {
          const RawAnswer answer =
              CallRaw(service.Channel(place), "/grpc.health.v1.Health/Check", "");
          return answer.status.ok();
        },
        60));
  }
  const int before = done;
  EXPECT_TRUE(WaitFor([&] { return done > before + 10; }, 60));
  end = true;
  client.join();
  EXPECT_THAT(heard, ::testing::IsEmpty());
}

}  // namespace
}  // namespace nascent::testing
