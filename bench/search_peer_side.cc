#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bench/json_report.h"
#include "bench/search_sides.h"

namespace nascent::bench {
namespace {

// Its orders go through a named pipe, its reports come on its standard output.
class Peer : public SearchSide {
 public:
  explicit Peer(const SideOptions& options)
      : pipe_(std::filesystem::temp_directory_path() /
              absl::StrCat("nascent-bench-orders-", getpid())) {
    signal(SIGPIPE, SIG_IGN);  // A peer that has ended is seen by its missing report.
    if (mkfifo(pipe_.c_str(), 0600) != 0) {
      throw std::runtime_error("can't make " + pipe_.string());
    }
    const std::string command =
        absl::StrCat(options.python, " ", options.peer_program, " --slots ", options.slots,
                     " --images ", options.data, "/train-images-idx3-ubyte.gz --labels ",
                     options.data, "/train-labels-idx1-ubyte.gz < ", pipe_.string());
    reports_ = popen(command.c_str(), "r");
    if (reports_ == nullptr) throw std::runtime_error("can't start: " + command);
    orders_ = open(pipe_.c_str(), O_WRONLY | O_CLOEXEC);
  }

  ~Peer() override {
    close(orders_);  // It ends with its orders.
    pclose(reports_);
    std::error_code ignored;
    std::filesystem::remove(pipe_, ignored);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  BlockReport Run(const std::vector<std::string>& cells) override {
    const std::string order = absl::StrCat(absl::StrJoin(cells, " "), "\n");
    if (write(orders_, order.data(), order.size()) != static_cast<ssize_t>(order.size())) {
      throw std::runtime_error("the peer takes no more cells");
    }
    char* line = nullptr;
    size_t size = 0;
    const ssize_t length = getline(&line, &size, reports_);
    const std::string text(line == nullptr || length < 0 ? "" : line);
    free(line);
    if (length < 0) throw std::runtime_error("the peer ended without a report");
    const google::protobuf::Value answer = ParseJson(text);
    BlockReport report;
    report.seconds = NumberField(answer, "seconds");
    report.accuracy = NumberField(answer, "accuracy");
    for (size_t i = 0; i < kPhases.size(); ++i) report.phases[i] = NumberField(answer, kPhases[i]);
    return report;
  }

 private:
  const std::filesystem::path pipe_;
  FILE* reports_ = nullptr;
  int orders_ = -1;
};

}  // namespace

std::unique_ptr<SearchSide> StartPeer(const SideOptions& options) {
  return std::make_unique<Peer>(options);
}

}  // namespace nascent::bench
