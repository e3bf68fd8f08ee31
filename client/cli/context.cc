#include "client/cli/context.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "client/local/up.h"
#include "common/exit_code.h"
#include "common/host_port.h"
#include "common/status_macros.h"

namespace nascent::cli {
namespace {

constexpr char kDefaultServer[] = "127.0.0.1:7301";
constexpr int kDefaultWidth = 100;
constexpr int kDefaultHeight = 40;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? "" : value;
}

winsize TerminalSize() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

int SizeFrom(int measured, const char* variable, int otherwise) {
  if (measured > 0) return measured;
  int set = 0;
  return absl::SimpleAtoi(Environment(variable), &set) && set > 0 ? set : otherwise;
}

}  // namespace

void Context::SetServiceAction(Action with_service) {
  action = [this, with_service = std::move(with_service)]() -> absl::StatusOr<int> {
    NASCENT_ASSIGN_OR_RETURN(address_, FindAddress());
    return with_service();
  };
}

absl::StatusOr<std::string> Context::FindAddress() const {
  if (!server.empty()) return server;
  const std::string named = Environment("NASCENT_SERVER");
  if (!data_dir_given && !named.empty()) {
    for (const auto one : absl::StrSplit(named, ',')) {
      if (const std::string wrong = ExplainServer(std::string(one)); !wrong.empty()) {
        return absl::InvalidArgumentError(absl::StrCat("NASCENT_SERVER: ", wrong));
      }
    }
    return named;
  }
  const std::string found = local::FindServer(local::LayOut(data_dir));
  if (!found.empty()) return found;
  if (!data_dir_given && Environment("NASCENT_DATA_DIR").empty()) return kDefaultServer;
  return absl::UnavailableError(
      absl::StrCat("no service runs on ", data_dir,
                   ": start one there with `nascent up`, or name one with --server"));
}

client::NascentClient& Context::client() {
  if (!client_) {
    client_.emplace(
        address_,
        client::ClientOptions{.call_timeout = absl::Seconds(30),
                              .patience = absl::Seconds(patience_seconds),
                              .on_wait = [this](const absl::Status&) {
                                Note(absl::StrCat("waiting for the service at ", address_, " …"));
                              }});
  }
  return *client_;
}

bool Context::terminal() const {
  return !json() && isatty(STDOUT_FILENO) == 1 && Environment("TERM") != "dumb";
}

int Context::width() const {
  return std::clamp(SizeFrom(TerminalSize().ws_col, "COLUMNS", kDefaultWidth), 40, 250);
}

int Context::height() const {
  return std::max(12, SizeFrom(TerminalSize().ws_row, "LINES", kDefaultHeight));
}

Style Context::style() const {
  if (color != "auto") return Style(color == "always");
  return Style(terminal() && Environment("NO_COLOR").empty());
}

void Context::PrintJson(const spec::Json& json) const { std::cout << json.Print(2) << "\n"; }

void Context::PrintLine(const spec::Json& json) const { std::cout << json.Print() << std::endl; }

void Context::Print(const std::string& line) const { std::cout << line << "\n"; }

void Context::Print(const Table& table, int indent) const {
  const std::string space(static_cast<size_t>(indent), ' ');
  const int room = limit() > 0 ? limit() - indent : 0;
  for (const std::string& line : table.Lines(room, style())) std::cout << space << line << "\n";
}

void Context::Print(const std::vector<std::string>& lines) const {
  for (const std::string& line : lines) Print(line);
}

void Context::Print(const Listing& listing) const {
  Print(listing.table);
  if (listing.remark.empty()) return;
  for (const std::string& line : Wrap(listing.remark, width())) {
    Print(style().Paint(line, Ink::kDim));
  }
}

void Context::Note(const std::string& line) const {
  if (!json()) std::cerr << line << std::endl;
}

void PrintError(const Context& context, const absl::Status& status) {
  const std::string code = CodeName(status);
  std::string message(status.message());
  if (context.json()) {
    std::cerr << spec::Json::Object()
                     .Set("error", spec::Json::Object().Set("code", code).Set("message", message))
                     .Print()
              << std::endl;
    return;
  }
  if (absl::IsUnavailable(status) && message.find("connect") != std::string::npos &&
      !context.address().empty()) {
    message =
        absl::StrCat("no service answers at ", context.address(),
                     ": start one with `nascent up`, or name one with --server (", message, ")");
  }
  const bool colours = isatty(STDERR_FILENO) == 1 && Environment("NO_COLOR").empty();
  std::cerr << Style(colours).Paint("nascent:", Ink::kBad) << " " << message << " [" << code << "]"
            << std::endl;
}

}  // namespace nascent::cli
