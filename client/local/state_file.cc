#include "client/local/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/spec/document.h"
#include "common/spec/json.h"
#include "common/spec/scalars.h"
#include "common/status_macros.h"

namespace nascent::local {
namespace {

using spec::DocumentNode;
using spec::Json;

Json ToJson(const ProcessId& process) {
  return Json::Object().Set("pid", process.pid).Set("start_time", process.start_time);
}

const DocumentNode* Find(const DocumentNode& node, const std::string& name) {
  for (const DocumentNode::Entry& entry : node.entries) {
    if (entry.key == name) return entry.value.get();
  }
  return nullptr;
}

std::string Text(const DocumentNode& node, const std::string& name) {
  const DocumentNode* value = Find(node, name);
  return value == nullptr ? "" : value->text;
}

ProcessId Process(const DocumentNode* node) {
  if (node == nullptr) return {};
  return {static_cast<pid_t>(spec::ParseInteger(Text(*node, "pid")).value_or(0)),
          spec::ParseInteger(Text(*node, "start_time")).value_or(0)};
}

}  // namespace

absl::Status WriteState(const std::string& path, const ServiceState& state) {
  Json processes = Json::Object();
  for (const auto& [name, process] : state.processes) processes.Set(name, ToJson(process));
  Json json = Json::Object();
  json.Set("supervisor", ToJson(state.supervisor))
      .Set("ready", state.ready)
      .Set("server", state.server)
      .Set("database_url", state.database_url)
      .Set("reader_url", state.reader_url)
      .Set("processes", std::move(processes));
  const std::string temporary = path + ".new";
  const std::string text = json.Print(2) + "\n";
  // It may hold the password of a database.
  const int file =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  // On the disk before it has its name: the name of half a file would be taken for somebody's.
  const bool written = file >= 0 && fchmod(file, 0600) == 0 &&
                       write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(file) == 0;
  const int why = errno;
  if (file >= 0) close(file);
  if (!written) return absl::ErrnoToStatus(why, absl::StrCat("cannot write ", temporary));
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<ServiceState> ReadState(const std::string& path) {
  NASCENT_ASSIGN_OR_RETURN(const auto text, spec::ReadTextFile(path, int64_t{1} << 20));
  NASCENT_ASSIGN_OR_RETURN(const auto document, spec::ParseDocument(text, path));
  const DocumentNode& root = *document;
  ServiceState state;
  state.supervisor = Process(Find(root, "supervisor"));
  state.ready = Text(root, "ready") == "true";
  state.server = Text(root, "server");
  state.database_url = Text(root, "database_url");
  state.reader_url = Text(root, "reader_url");
  if (const DocumentNode* processes = Find(root, "processes")) {
    for (const DocumentNode::Entry& entry : processes->entries) {
      state.processes[entry.key] = Process(entry.value.get());
    }
  }
  if (state.supervisor.pid <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":1: no service's state stands here"));
  }
  return state;
}

}  // namespace nascent::local
