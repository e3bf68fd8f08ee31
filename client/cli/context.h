// What every command gets: the common options, the service, and where to write.

#ifndef NASCENT_CLIENT_CLI_CONTEXT_H_
#define NASCENT_CLIENT_CLI_CONTEXT_H_

#include <CLI/App.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/listings.h"
#include "client/cli/style.h"
#include "client/cli/table.h"
#include "client/nascent_client.h"
#include "common/spec/json.h"

namespace nascent::cli {

class Context {
 public:
  // An exit status, or what went wrong.
  using Action = std::function<absl::StatusOr<int>()>;

  // --- set by the parser ---
  std::string server;           // --server; empty: see address()
  std::string data_dir;         // --data-dir
  bool data_dir_given = false;  // on the command line
  std::string output = "text";
  std::string color = "auto";
  double patience_seconds = 10;
  Action action;  // of the command that was given

  // --- for the commands ---
  bool json() const { return output == "json"; }

  // For commands that need the service: what is done once it is known which one is meant.
  void SetServiceAction(Action with_service);

  // --server, the service of --data-dir, NASCENT_SERVER, the service of NASCENT_DATA_DIR or of the
  // default folder, or 127.0.0.1:7301. UNAVAILABLE: a folder was named and nothing runs there, so
  // that another service would be a stranger's.
  absl::StatusOr<std::string> FindAddress() const;

  // --- within such an action ---
  const std::string& address() const { return address_; }
  // Made at the first call.
  client::NascentClient& client();

  // Standard output is a terminal: redraw, colour.
  bool terminal() const;
  int width() const;  // columns; 100 where there is no terminal
  // For what is made to fit: width(), or 0 (whole) where the output is no terminal.
  int limit() const { return terminal() ? width() : 0; }
  int height() const;  // lines
  Style style() const;

  // One document.
  void PrintJson(const spec::Json& json) const;
  // One line of JSON Lines, written out at once.
  void PrintLine(const spec::Json& json) const;
  void Print(const std::string& line) const;
  void Print(const std::vector<std::string>& lines) const;
  void Print(const Table& table, int indent = 0) const;
  void Print(const Listing& listing) const;
  // A remark for people, on standard error; silent with --output json.
  void Note(const std::string& line) const;

 private:
  std::string address_;
  std::optional<client::NascentClient> client_;
};

// The sentence that explains an error with this code, with what to do about it, on standard error:
// text, or with --output json {"error": {"code", "message"}}.
void PrintError(const Context& context, const absl::Status& status);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_CONTEXT_H_
